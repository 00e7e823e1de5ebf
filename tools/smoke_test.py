"""Use a generated project over HTTP: the steps of its README, from registration to logout."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.project_server import ProjectServer


class UnexpectedAnswerError(AssertionError):
    """A response differs from the HTTP contract of the project."""


@dataclass
class ApiClient:
    """A user with an e-mail address and a password.

    Attributes:
        server: the project.
        email: address of the account.
        password: its password.
        tokens: the tokens of the last login or refresh; empty when the project uses cookies.
        cookie: the session cookie, `name=value`; empty when the project uses tokens.
    """

    server: ProjectServer
    email: str
    password: str
    tokens: dict[str, Any]
    cookie: str = ""

    @classmethod
    def of(cls, server: ProjectServer) -> ApiClient:
        """Return a client with a new address."""
        return cls(server, f"client-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(18), {})

    def call(self, expected: int, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request and return the JSON of the response; None when it has no body.

        Raises:
            UnexpectedAnswerError: the response has another status.
        """
        # A project with cookies asks from where a change comes; a project with tokens ignores the header.
        headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        headers |= self.credentials()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server.url + path, data, headers, method=method)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                status, text = response.status, response.read()
                self._keep_cookie(response.headers.get("Set-Cookie"))
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read()
        if status != expected:
            message = f"{method} {path}: expected {expected}, got {status} {text.decode(errors='replace')[:500]}"
            raise UnexpectedAnswerError(message)
        return json.loads(text) if text else None

    def credentials(self) -> dict[str, str]:
        """Return the header that proves who the caller is; nothing before the login."""
        if self.cookie:
            return {"Cookie": self.cookie}
        return {"Authorization": f"Bearer {self.tokens['accessToken']}"} if self.tokens else {}

    def _keep_cookie(self, sent: str | None) -> None:
        if sent is not None:
            self.cookie = sent.partition(";")[0]

    def register(self) -> None:
        """Create an account with the mailed token, which the development server prints to the console."""
        seen = len(self.server.lines)
        self.call(202, "POST", "/api/v1/auth/register", {"email": self.email})
        token = self.server.wait_for(r"^token: (\S+)$", after=seen)[1]
        self.call(204, "POST", "/api/v1/auth/verify-email", {"token": token, "password": self.password})

    def log_in(self) -> None:
        """Exchange the password for tokens or a cookie."""
        credentials = {"email": self.email, "password": self.password}
        answer = self.call(200, "POST", "/api/v1/auth/login", credentials)
        self.tokens = {} if self.cookie else answer

    def enrol_second_factor(self) -> None:
        """Enrol as an authenticator app does (RFC 6238)."""
        answer = self.call(200, "POST", "/api/v1/me/second-factor", {"password": self.password})
        step = int(time.time() // 30).to_bytes(8, "big")
        digest = hmac.digest(base64.b32decode(answer["secret"]), step, "sha1")
        place = digest[-1] & 15
        number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
        self.call(200, "POST", "/api/v1/me/second-factor/confirm", {"code": f"{number % 1_000_000:06}"})

    def write_and_read_note(self, title: str) -> str:
        """Write a note and read it back; returns the title that came back."""
        note = self.call(201, "POST", "/api/v1/notes", {"title": title, "body": "Nobody else can read this."})
        if note["id"] not in [item["id"] for item in self.call(200, "GET", "/api/v1/notes")["items"]]:
            message = "The new note is not in the list of notes."
            raise UnexpectedAnswerError(message)
        read: str = self.call(200, "GET", f"/api/v1/notes/{note['id']}")["title"]
        return read

    def refresh(self) -> None:
        """Exchange the refresh token for new tokens; a cookie needs no refresh."""
        if self.cookie:
            return
        self.tokens = self.call(200, "POST", "/api/v1/auth/refresh", {"refreshToken": self.tokens["refreshToken"]})

    def log_out(self) -> None:
        """End the session, and check that its token gets 401 at once."""
        cookie = self.cookie
        self.call(204, "POST", "/api/v1/auth/logout")
        self.cookie = cookie
        self.call(401, "GET", "/api/v1/me")
        self.tokens, self.cookie = {}, ""
