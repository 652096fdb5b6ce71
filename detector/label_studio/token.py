"""What a request to Label Studio says of who asks.

A legacy token is sent as it is. A personal access token is a JSON Web Token (RFC 7519) that is never sent with a
request: the server exchanges it for an access token that is good for minutes. (The SDK does the same, but takes over a
second to import, which is more than a run that has nothing to do may last.)
"""

import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from threading import Lock
from typing import Any

import msgspec

from detector.secrets import protect


class Credentials:
    """A token, and the access token that it was last exchanged for. Threads may share it."""

    def __init__(self, token: str, exchange: Callable[[str], str]) -> None:
        self._token, self._exchange = token, exchange
        self._personal = bool(_claims(token))
        self._access, self._stale_at = "", 0.0
        self._lock = Lock()

    def __repr__(self) -> str:
        return "Credentials(…)"  # it may stand in a traceback

    def header(self) -> dict[str, str]:
        """The header for a request to the token's own server, and to no other."""
        if not self._personal:
            return {"Authorization": f"Token {self._token}"}
        with self._lock:
            if time.monotonic() >= self._stale_at:
                self._access = self._exchange(self._token)
                protect(self._access)
                self._stale_at = time.monotonic() + _lifetime(self._access) / 2
        return {"Authorization": f"Bearer {self._access}"}


def _lifetime(access: str) -> float:
    """Seconds between an access token's own two times; our clock has no part in it."""
    claims = _claims(access)
    return max(float(claims.get("exp", 0)) - float(claims.get("iat", 0)), 0.0)


def _claims(token: str) -> dict[str, Any]:
    """What a JSON Web Token says; nothing, when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:  # neither base64 nor JSON
        return {}
    return claims if isinstance(claims, dict) else {}
