"""What must not be recorded, taken out of text that others wrote: errors, addresses."""

import re
from collections.abc import Iterable

_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")  # user:password@ in an address
_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]+")  # a presigned address carries its signature here
_HEADER = re.compile(r"\b(Bearer|Token|Basic)\s+[\w.~+/=-]{8,}")


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets, passwords and queries in addresses, and authorization headers."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _CREDENTIALS.sub(r"\1", text)
    return _HEADER.sub(r"\1 ***", _QUERY.sub(r"\1", text))
