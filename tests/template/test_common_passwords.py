"""The list of stolen passwords in a project is the one its tool makes, and it is long enough."""

from __future__ import annotations

import base64
import subprocess

import pytest

from tests.conftest import missing
from tests.support.answers import REPOSITORY
from tools.common_passwords import HASH_BYTES, LEAST_LENGTH, TARGET, made, simplified

# ASVS 5.0 V6.2.4: "at least the top 3000 passwords which match the application's password policy".
LEAST_ENTRIES = 3000


def hashes() -> list[bytes]:
    """Return what the file holds."""
    lines = TARGET.read_text(encoding="utf-8").splitlines()
    content = base64.b64decode("".join(line for line in lines if not line.startswith("#")), validate=True)
    assert len(content) % HASH_BYTES == 0
    return [content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES)]


def test_the_list_has_as_many_different_entries_as_asvs_asks_for_and_says_so() -> None:
    """Sorted, none twice, and the header names their number."""
    entries = hashes()
    assert entries == sorted(set(entries))
    assert len(entries) >= LEAST_ENTRIES
    assert TARGET.read_text(encoding="utf-8").startswith(f"# {len(entries)} stolen passwords of {LEAST_LENGTH} ")


def test_a_project_simplifies_passwords_as_the_tool_does() -> None:
    """Another rule on one side would let every entry with a capital or a hyphen through."""
    auth = REPOSITORY / "template" / "src" / "auth"
    policy = (auth / "password-policy.ts").read_text(encoding="utf-8")
    assert f"const MIN_CODE_POINTS = {LEAST_LENGTH};" in policy
    assert r"value.toLowerCase().replace(/[\s._-]/g, '')" in policy
    assert f"const HASH_BYTES = {HASH_BYTES};" in (auth / "common-passwords.ts").read_text(encoding="utf-8")
    assert simplified(["Pass Word_of-Someone.", "too short", "nul\0inside a password"]) == {"passwordofsomeone"}


@pytest.mark.matrix
def test_the_tool_makes_the_same_file_again() -> None:
    """Byte for byte, from what npm delivers today."""
    try:
        content = made()
    except subprocess.CalledProcessError as error:
        missing(f"npm cannot get the lists: {error.stderr}")
    assert content == TARGET.read_text(encoding="utf-8")
