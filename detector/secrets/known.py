"""The secrets that this process was given, and the one function that takes any secret out of any text."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from detector.secrets.addresses import STARS, public, secret_parts

SHORTEST = 4  # characters: a shorter one is a part of many words
_LONG = 12  # characters: such a one is taken out within a word, too
_WORD = re.compile(r"[a-z]{0,8}|.{0,5}", re.DOTALL)  # a password that output is full of; the address hides it
_NO_SCHEME = re.compile(r"[^\s/:@]+:\S+@\S")
_IN_ENVIRONMENT = re.compile(
    r"(?:.*_)?(TOKEN|PASSWORD|PASSWD|PGPASSWORD|SECRET|SECRET_KEY|ACCESS_KEY|STORAGE_KEY|ACCOUNT_KEY|API_KEY|APIKEY)"
)
_IN_CONNECTION_STRING = re.compile(r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([^;]{8,})")  # Azure's
_HEADER = re.compile(
    r"(\b[Aa]uthorization\b[\"']?\s*[:=]\s*[\"']?(?:Bearer|Token|Basic)\s+|\b(?:Bearer|Token|Basic)\s+(?=\S*[\d=]))"
    r"[\w.~+/=-]{8,}"
)
_SETTING = re.compile(r"(?i)\b([\w-]*(?:password|passwd|secret|token|api_?key))=([^\s&;,\"')$*]+)")
_VALUE = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|secret|token|api_?key)[\"']?\s*:\s*)(\"[^\"$]+\"?|'[^'$]+'?|[^\s\"'$,}][^\s,}]*)"
)

_secrets: set[str] = set()
_pattern: list[re.Pattern[str]] = []


def protect(secret: str) -> None:
    """From now on, `secret` is taken out of whatever is shown or written: a token, or a webhook's address."""
    parts = [secret]
    if "://" in secret:
        host = secret.partition("://")[2]
        path = host.partition("/")[2]  # which a network library names without the host
        parts += [host, *([path] if len(path) >= _LONG else []), *secret_parts(secret)]
    _add(part for part in parts if len(part) >= SHORTEST)


def protect_address(address: str) -> None:
    """From now on, the password and the secret parameters of an address are; the rest of it is not."""
    if "://" not in address and _NO_SCHEME.match(address):
        address = f"scheme://{address}"
    parts = [part for part in secret_parts(address) if part]
    parts += [piece for part in parts for piece in re.split("[@/?#:]", part)]
    _add(part for part in parts if not _WORD.fullmatch(part))


def protect_environment(environment: Mapping[str, str]) -> None:
    """From now on, the variables that are secret by their names are, and passwords in addresses (of a proxy, say)."""
    for name, value in environment.items():
        if _IN_ENVIRONMENT.fullmatch(name.upper()) and len(value) >= 8:
            protect(value)
        elif parts := _IN_CONNECTION_STRING.findall(value):
            _add(parts)
        elif "://" in value:
            protect_address(value)


def _add(secrets: Any) -> None:
    before = len(_secrets)
    for secret in secrets:
        _secrets.update(form for form in _forms(secret) if len(form) >= SHORTEST)
    if len(_secrets) > before:
        forms = sorted(_secrets, key=len, reverse=True)
        whole = [re.escape(form) if len(form) >= _LONG else rf"(?<!\w){re.escape(form)}(?!\w)" for form in forms]
        _pattern[:] = [re.compile("|".join(whole))]


def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it is, and as an address, JSON or Python's repr writes it."""
    written = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]
    return secret, secret.strip(), unquote(secret), quote(secret), quote(secret, safe=""), quote_plus(secret), *written


def without_secrets(text: str) -> str:
    """`text` without the known secrets, passwords and signatures in addresses, and authorization headers."""
    for pattern in _pattern:
        text = pattern.sub(STARS, text)
    return _SETTING.sub(rf"\1={STARS}", _HEADER.sub(rf"\1{STARS}", public(text)))


def without_values(line: str) -> str:
    """A line of YAML, which may be none, without the value of a key such as `token`; `${NAME}` stays."""
    return _VALUE.sub(rf"\1{STARS}", line)


def cleaned(value: Any) -> Any:
    """Plain data (what JSON holds) with every text in it cleaned; keys stay."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {key: cleaned(inner) for key, inner in value.items()}
    return [cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value
