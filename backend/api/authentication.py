"""Session authentication that answers 401, not 403, to somebody who is not signed in."""

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class StrictSessionAuthentication(SessionAuthentication):
    def authenticate_header(self, request: Request) -> str:
        return "Session"
