"""An address without what is secret in it. What is left still tells one picture from another.

https://me:pw@host/a.jpg            https://***@host/a.jpg
postgresql://me:pw@db/mlflow        postgresql://me:***@db/mlflow
https://b/a.jpg?v=2&X-Amz-…=…       https://b/a.jpg?v=2&signature=***
https://b/a.jpg?token=…             https://b/a.jpg?token=***
"""

import re
from urllib.parse import quote, unquote

from detector.secrets.names import kinds, plain

STARS = "***"
_SIGNED = f"signature={STARS}"
_END = r"\s\"'<>`\\"  # what ends an address in a text
_ADDRESS = re.compile(rf"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*)://([^{_END}]*)")
_QUERY = re.compile(rf"[?#][\w.%~\[\]-]+=[^{_END}]*")
_MATRIX = re.compile(r";([\w.-]+)=([^;/?#]*)")
_AUTHORITY = re.compile(r"[^/?#]*")
_NOT_A_PORT = re.compile(r"[^:@\[]*:(?!\d*$).")  # `user:pass…`, cut off by a / in the password
_DATABASE = re.compile(r"(postgres|mysql|mariadb|mssql|oracle|mongodb|redis|amqp|sqlite)", re.IGNORECASE)
_HTTP = ("http", "https")
_AZURE = ("abfs", "abfss", "wasb", "wasbs")  # whose addresses have a container where others have a user


def public(text: str) -> str:
    """`text`, an address or one with addresses in it, without what is secret in them. What is public stays as it is."""
    if "://" in text:
        text = _ADDRESS.sub(lambda match: f"{match[1]}://{_rest(match[1], match[2])}", text)
    return _QUERY.sub(lambda match: _parameters(match[0]), text) if "=" in text else text


def is_whole(address: str) -> bool:
    """Whether nothing was taken out of it."""
    return STARS not in address


def names_a_picture(address: str) -> bool:
    """Whether what is left of an address is the name of one picture; a token may have been a part of its name."""
    rest = unquote(address).replace(_SIGNED, "")
    return f"={STARS}" not in rest


def split_user(scheme: str, rest: str) -> tuple[str, str]:
    """What stands before the host of an address, without the @, and what follows.

    A password may hold @ and /, which should have been percent-encoded: of a database's address, the last @ counts, as
    it does where what seems to be a port is none.
    """
    authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]
    if _DATABASE.match(scheme) or ("@" not in authority and _NOT_A_PORT.match(authority)):
        authority = rest.partition("?")[0] if "@" in rest.partition("?")[0] else rest
    user, at, _ = authority.rpartition("@")
    if scheme.lower() in _AZURE and ":" not in user:
        return "", rest
    return user, rest[len(user) + len(at) :]


def _rest(scheme: str, rest: str) -> str:
    """What follows `://`."""
    user, rest = split_user(scheme, rest) if "@" in rest else ("", rest)
    if user:
        name, _, password = user.partition(":")
        named = password and name and scheme.lower() not in _HTTP
        user = f"{name}:{STARS}@" if named else f"{STARS}@"
    at = next((at for at, letter in enumerate(rest) if letter in "?#"), len(rest))
    path = _MATRIX.sub(_matrix, rest[:at]) if ";" in rest[:at] else rest[:at]
    return f"{user}{path}{_parameters(rest[at:])}"


def _matrix(match: re.Match[str]) -> str:
    return f";{match[1]}={STARS}" if kinds([(match[1], match[2])])[0] else match[0]


def _parameters(text: str) -> str:
    """From ? or # on: without signatures, with stars for tokens. Their order, and what else there is, stay."""
    pieces = re.split(r"([?&;#])", text)
    given = [piece.partition("=")[::2] for piece in pieces[2::2]]
    separators, of_kinds = pieces[1::2], kinds(given)
    cleaned, signed = pieces[0], False
    for separator, (name, value), kind, piece in zip(separators, given, of_kinds, pieces[2::2], strict=True):
        if kind == "signature":
            signed = True
        else:
            begun = separator in "?#" or "?" in cleaned or "#" in cleaned
            cleaned += (separator if begun else "?") + _piece(name, value, kind, piece)
    if not signed:
        return cleaned
    return f"{cleaned}{'&' if '?' in cleaned else '?'}{_SIGNED}"


def _piece(name: str, value: str, kind: str, piece: str) -> str:
    if kind == "token":
        return f"{name}={STARS}"
    inner = unquote(value)
    if "://" in inner and (shown := public(inner)) != inner:  # an address in an address
        return f"{name}={quote(shown, safe='*')}"
    return piece


def secret_parts(address: str) -> list[str]:
    """The user's password (or the user, if that is all), and the values of secret parameters."""
    scheme, separator, rest = address.partition("://")
    whole = rest
    user, rest = split_user(scheme, rest) if separator else ("", rest)
    generous = whole.partition("?")[0].rpartition("@")[0] if user else ""  # a password with @ and /
    given = [piece.partition("=")[::2] for piece in re.split("[?&;#]", rest)[1:]]
    values = [value for (name, value), kind in zip(given, kinds(given), strict=True) if kind and plain(name)]
    passwords = [each.partition(":")[2] or each.partition(":")[0] for each in (user, generous) if each]
    return [*dict.fromkeys(passwords), *values]


def in_clear(text: str) -> bool:
    """Whether an address in `text` has a secret that no variable of the environment stands for."""
    parts = [part for match in _ADDRESS.finditer(text) for part in secret_parts(match[0])]
    return any("${" not in part or ":-" in part for part in parts if part)
