"""A task's data, which is JSON, without what is secret in the addresses in it."""

import json
import re
from typing import Any

from detector.secrets.addresses import public

# What each text with a secret in an address has in it, for `re` and for Arrow: most tables have no such row.
SUSPECT = (
    r"(?i)://[^\s\"]*@|%40|%3d|\\u00|[?&;#](s=|[xq][-_]|[\w.%\[\]-]*"
    r"(token|secret|pass|pwd|cred|key|jwt|auth|bearer|sig|sess|sid|hmac|hdn|amz|goog|md5|code)[\w.%\[\]-]*=)"
)
_suspect = re.compile(SUSPECT)


def public_json(text: str) -> str:
    """`text`, a JSON value, with `public` of each text in it; the very same where nothing is secret."""
    if not _suspect.search(text):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return public(text)
    shown = _public(value)
    return text if shown == value else _written(shown)


def _public(value: Any) -> Any:
    if isinstance(value, str):
        return public(value)
    if isinstance(value, dict):
        return {public(key): _public(inner) for key, inner in value.items()}
    return [_public(inner) for inner in value] if isinstance(value, list) else value


def _written(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON can say and UTF-8 can't
        return json.dumps(value)
    return text
