"""What an answer leaves out leaves no trace: no file, no dependency, no setting, no sentence about it."""

from __future__ import annotations

import re

from tests.support.answers import chosen, drawn_sample, title
from tests.support.rendering import in_memory

# The words that give an answer away. A new answer comes with its words.
TRACES = {
    ("database", "sqlite"): r"sqlite",
    ("database", "postgres"): r"postgres|\bpg\b|\bpsql\b",
    ("rate_limit_store", "memory"): r"rate-limit/memory",
    ("rate_limit_store", "database"): r"rate-limit/database|rate_?limits? table",
    ("auth", "jwt"): r"jwt|\bjose\b",
    ("auth", "session"): r"auth/session/|auth-session|__host-|session_secret|csrf-same-origin",
    ("api_keys", "True"): r"\bapi[- ]keys?\b|\bapi_keys\b(?!: )|apiKeyCreated|key-rights",
    ("mfa", "totp"): r"totp|otpauth|uqr|(?<!without a )second[- ]factor|encryption_key|field-encryption|recovery code",
    ("deployment", "compose"): r"compose\.yaml|docker compose",
    ("ci", "github"): r"\.github|dependabot|github actions",
    ("metrics", "True"): r"prometheus|prom-client|GET /metrics",
    ("license", "MIT"): r"\bMIT\b",
    ("license", "Apache-2.0"): r"Apache",
}

# Values that stand for "nothing": there are no words for them.
NOTHING = {
    ("deployment", "none"),
    ("ci", "none"),
    ("metrics", "False"),
    ("api_keys", "False"),
    ("mfa", "none"),
    ("license", "UNLICENSED"),
}

# Files that name a feature for another reason than having it.
ELSEWHERE = {
    ".gitignore": "keeps a database file out of git, also one that an experiment left behind",
    "package-lock.json": "licenses and names of packages; test_lockfile.py looks at it",
    "src/auth/common-passwords.txt": "names the licences of the lists it was made from",
    "eslint.config.js": "lists the stores and the dangerous imports of all answers",
    "src/config/cross-checks.ts": "refuses the name of a product as its password",
    "src/database/driver.ts": "the interface both databases have says what one of them does not need",
}

# `npm run copy-data` of a project with PostgreSQL reads and writes SQLite files: docs/decisions/0026.
COPYING = (
    "src/commands/copy-data.ts",
    "src/config/sqlite.ts",
    "src/database/copy/",
    "src/database/sqlite-statements.ts",
    "src/database/sqlite-turns.ts",
    "src/database/sqlite.ts",
)
ABOUT_COPYING = re.compile(r"^## Moving data$.*?(?=^## )|^.*npm run copy-data.*$", re.MULTILINE | re.DOTALL)


def test_every_answer_has_its_words() -> None:
    values = {(name, str(value)) for name, choices in chosen().items() for value in choices}
    assert values == TRACES.keys() | NOTHING


def test_no_trace_of_what_was_not_asked_for() -> None:
    """Attack tests are left out: an attacker tries the words of every product."""
    found = set()
    for answers in drawn_sample():
        absent = [words for (name, value), words in TRACES.items() if str(answers[name]) != value]
        trace = re.compile("|".join(absent), re.IGNORECASE)
        for path, content in in_memory(answers).items():
            if answers["database"] == "postgres" and path.startswith(COPYING):
                continue
            in_text = not path.startswith("test/") and path not in ELSEWHERE
            match = trace.search(path) or (in_text and trace.search(ABOUT_COPYING.sub("", content.decode())))
            if match:
                found.add(f"{path}: {match[0]!r} in {title(answers)}")
    assert not found
