"""Which parameters of an address are secret. Names are compared in lower case, without `-`, `_` and `.`.

Two kinds. A signature says that its owner let somebody read this one address: it comes anew with each listing, and
so do the parameters beside it. A key or a token opens more than one address, and may even be what names the picture.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import unquote

_SIGNATURES = frozenset(("signature", "sig", "sign", "hmac", "qsignature", "hdnts", "hdnea", "hdntl", "hdnst"))
_FAMILIES = ("xamz", "xgoog")  # AWS and Google sign with nothing but these
_SIGNING = re.compile(
    r"x(oss|cos|bce|obs|ms)(accesskeyid|additionalheaders|credential|date|expires|signature|signatureversion"
    r"|signedheaders|securitytoken)|q(signalgorithm|ak|signtime|keytime|headerlist|urlparamlist)"
)
# Beside a signature they say how, by whom and until when it was made; alone, they may be anything.
_BESIDE = frozenset(
    (
        *("awsaccesskeyid", "ossaccesskeyid", "googleaccessid", "accessid", "accesskeyid", "keypairid", "policy"),
        *("expires", "expiresat", "expiresin", "expire", "expiry", "expiration", "exp", "nonce", "securitytoken"),
    )
)
# A shared access signature of Azure: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
_AZURE = frozenset(
    (
        *("sv", "ss", "srt", "sr", "st", "se", "sp", "sip", "spr", "si", "sdd", "ses"),
        *("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"),
    )
)
_TOKENS = re.compile(
    r".*(token|secret|password|passwd|passphrase|credentials?|apikey|accesskey|secretkey|privatekey|subscriptionkey|jwt)"
    r"|pwd|pass|auth|authorization|bearer|oauthsignature|[a-z]*session(id)?|phpsessid|sid"
)
_OPAQUE = re.compile(r"key|code|s")  # an API key, or the name of a picture: the value tells
_RANDOM = re.compile(r"(?=.*\d)[\w+=~%-]{20,}")


def kinds(parameters: Collection[tuple[str, str]]) -> list[str]:
    """What each (name, value) of an address is: `signature`, `token`, or nothing."""
    names = [plain(name) for name, _ in parameters]
    signed = any(_is_signature(name) for name in names)
    azure = "sig" in names and ("sv" in names or "se" in names)
    secure_link = "md5" in names and "expires" in names  # nginx: ngx_http_secure_link_module
    beside = _BESIDE if signed else frozenset(("md5", "expires")) if secure_link else frozenset()
    beside |= _AZURE if azure else frozenset()
    return [_kind(name, value, beside) for name, (_, value) in zip(names, parameters, strict=True)]


@lru_cache(1024)
def _is_signature(name: str) -> bool:
    return name in _SIGNATURES or name.startswith(_FAMILIES) or _SIGNING.fullmatch(name) is not None


def _kind(name: str, value: str, beside: Collection[str]) -> str:
    if _is_signature(name) or name in beside:
        return "signature"
    if _is_token(name) or (_OPAQUE.fullmatch(name) and _RANDOM.fullmatch(value)):
        return "token"
    return ""


@lru_cache(1024)
def _is_token(name: str) -> bool:
    return _TOKENS.fullmatch(name) is not None


@lru_cache(1024)  # a project has few names, and many addresses
def plain(name: str) -> str:
    """A parameter's name as it is compared."""
    return re.sub(r"[^a-z0-9]", "", unquote(name).lower())
