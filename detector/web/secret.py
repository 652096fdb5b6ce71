"""Who may ask: whoever sends the secret that a variable of the environment holds.

It comes in the header Authorization (RFC 9110, section 11.6.2): `Bearer SECRET`, as a webhook of Label Studio can send
it, or `Basic …` with the secret as the password, as Label Studio's form for a model does (RFC 7617).
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping

from detector.errors import UsageError
from detector.secrets import protect

NAME = "DETECTOR_SECRET"
SHORTEST = 16  # characters: what can't be guessed


def secret_of(environment: Mapping[str, str]) -> str | None:
    """The secret, which is never shown from now on; None where there is none. Raises UsageError for a short one."""
    secret = environment.get(NAME, "").strip()
    if not secret:
        return None
    protect(secret)
    if len(secret) < SHORTEST or not (secret.isascii() and secret.isprintable()):
        raise UsageError(f"{NAME} takes {SHORTEST} or more ASCII characters; `openssl rand -hex 16` makes some")
    return secret


def header(secret: str) -> dict[str, str]:
    """What a request sends to be taken."""
    return {"Authorization": f"Bearer {secret}"}


def knows(secret: str | None, authorization: str | None) -> bool:
    """Whether a request with this header may ask. How long that takes tells nothing of the secret."""
    return secret is None or is_secret(secret, _given(authorization or ""))


def is_secret(secret: str, told: str) -> bool:
    """Whether they are the same. How long that takes tells nothing of the secret."""
    return hmac.compare_digest(told.encode(), secret.encode())


def _given(authorization: str) -> str:
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
