"""Somebody at a browser, as little of it as a load run needs: a session, its token, JSON in and out."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any


class NoAnswerError(Exception):
    """The connection broke: nobody knows whether the request had an effect."""


@dataclass
class Answer:
    status: int
    body: Any
    seconds: float

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass
class Person:
    port: int
    username: str
    password: str
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    connection: http.client.HTTPConnection | None = None

    def sign_in(self) -> bool:
        self.cookies.clear()
        found = self.call("GET", "/session")
        self.token = found.body.get("csrf_token", "")
        found = self.call("POST", "/session", {"username": self.username, "password": self.password})
        if found.status == 200:
            self.token = found.body["csrf_token"]
        return found.status == 200

    def call(self, method: str, path: str, body: Any = None, *, key: str = "") -> Answer:
        headers = {
            "Accept": "application/json",
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
        }
        if body is not None or method == "POST":
            headers |= {"Content-Type": "application/json", "X-CSRFToken": self.token}
        if key:
            headers["Idempotency-Key"] = key
        began = time.perf_counter()
        for fresh in (self.connection is None, True):  # a kept connection may have been closed while idle
            try:
                response, data = self._send(method, path, headers, body, fresh=fresh)
                break
            except (OSError, http.client.HTTPException) as error:
                if fresh or not (key or method == "GET"):
                    raise NoAnswerError(type(error).__name__) from error
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self.cookies[name.strip()] = value.strip()
        try:
            found = json.loads(data) if data else {}
        except ValueError:
            found = {"text": data[:200].decode(errors="replace")}
        return Answer(response.status, found, time.perf_counter() - began)

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: Any, *, fresh: bool
    ) -> tuple[http.client.HTTPResponse, bytes]:
        if fresh or self.connection is None:
            if self.connection is not None:
                self.connection.close()
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = json.dumps(body or {}) if method == "POST" else None
        try:
            self.connection.request(method, f"/api/v1{path}", content, headers)
            response = self.connection.getresponse()
            return response, response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise


def new_key() -> str:
    return uuid.uuid4().hex
