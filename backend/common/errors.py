"""Typed refusals: a stable code for programs, a Chinese sentence for people. The API edge turns them into RFC 9457 bodies."""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal the caller can act on. `details` never carries personal data."""

    status: ClassVar[int] = 400

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class Invalid(DomainError):
    """The input is wrong; `details["errors"]` may list `{field, message}`."""


class Forbidden(DomainError):
    """This person may not do this."""

    status = 403


class NotFound(DomainError):
    """No such row, or none this person may see: the two look the same on purpose."""

    status = 404


class Conflict(DomainError):
    """The state has moved on; reload and look again."""

    status = 409


class TooMany(DomainError):
    """Too many attempts; `details["retry_after"]` is in seconds."""

    status = 429


class Unavailable(DomainError):
    """Busy just now (a lock was not free in time); the same request may succeed later."""

    status = 503
