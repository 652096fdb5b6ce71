"""The bytes of one image, from wherever a task says that it is."""

from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from detector.data.images import too_large
from detector.errors import TryAgain
from detector.label_studio.body import Unreadable, body, most_of
from detector.label_studio.client import Connection, refused
from detector.label_studio.persist import Passing, asked_to_wait, may_pass, persist
from detector.secrets import public, without_secrets

if TYPE_CHECKING:
    import httpx

# What Label Studio 1.23 answers HTTP 500 for, though nothing is wrong with it: what it says, and what it means.
_STUMBLES = {
    b"has_permission": "Label Studio has no such upload",
    b"outside of the base path": "Label Studio serves nothing outside its folder of local files",
}

_MOST_REDIRECTS = 20
_STUMBLE = 1 << 20  # bytes of an HTTP 500 that are searched for these


class Unusable(Exception):
    """An image that is not fetched; `reason` is a key of detector.data.losses."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


def locate(url: str, source: str, task: int) -> str | None:
    """The address behind a task's reference, with the server at `url`; None when there is no way to fetch it.

    A path (/data/upload/…, /data/local-files/?d=…) is the server's own, whatever name the server knows itself by.
    s3://, gs://, azure-blob:// and their like are asked of the server: it signs an address, or hands the bytes on.
    """
    scheme, separator, _ = source.partition("://")
    if separator:
        if scheme.lower() in {"http", "https"}:
            return source
        return f"{url}/tasks/{task}/presign/?fileuri={urlsafe_b64encode(source.encode()).decode()}"
    if not source.startswith("/") or source.startswith("//"):
        return None
    prefix = urlsplit(url).path
    return url.removesuffix(prefix) + source if source.startswith(f"{prefix}/") else url + source


def fetch(connection: Connection, source: str, task: int, target: Path) -> str | None:
    """Download the image that `task` refers to as `source` to `target`, whole or not at all.

    Gives None, or why there is no such image. Raises UsageError when the server refuses the token, TryAgain, which
    names the task, when the image's server fails again and again, Unusable for what is larger than any image, can't be
    unpacked, or lies on a private host that is not named.
    """
    from detector.label_studio.hosts import PrivateHost

    address = locate(connection.url, source, task)
    if address is None:
        return "no address that can be fetched"
    try:
        return persist(lambda: _once(connection, address, target))
    except PrivateHost as error:
        raise Unusable("private_host", str(error)) from error
    except Unreadable as error:
        raise Unusable("broken_image", str(error)) from error
    except Passing as failure:
        raise TryAgain(
            f"task {task}: {public(source)} could not be fetched ({failure}); the next run goes on from here"
        ) from failure


def _once(connection: Connection, address: str, target: Path) -> str | None:
    import httpx

    headers = {"Accept-Encoding": "identity"}
    try:
        if _own(connection, httpx.URL(address)):
            # Label Studio says how long an upload is only when it is asked for a range.
            headers |= connection.authorization | {"Range": "bytes=0-"}
        request = connection.http.build_request("GET", address, headers=headers)
        for _ in range(_MOST_REDIRECTS):
            connection.hosts.look(connection.http, request.url)
            answer = connection.http.send(request, stream=True)
            try:
                if answer.next_request is None:
                    return _taken(connection, answer, target)
                request = answer.next_request  # to elsewhere without the token; what came with a redirect is not read
            finally:
                answer.close()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        return without_secrets(str(error))
    except httpx.RequestError as error:
        raise Passing(str(error) or type(error).__name__) from error
    return f"more than {_MOST_REDIRECTS} redirects"


def _taken(connection: Connection, answer: "httpx.Response", target: Path) -> str | None:
    """Write the image that came. Gives None, or why there is none."""
    why = _missing(connection, answer)
    if why is None:
        _write(answer, target)
    return why


def _own(connection: Connection, address: "httpx.URL") -> bool:
    """Whether the address is the Label Studio server's: the same scheme, host and port."""
    import httpx

    own = httpx.URL(connection.url)
    return (own.scheme, own.host, own.port) == (address.scheme, address.host, address.port)


def _missing(connection: Connection, answer: "httpx.Response") -> str | None:
    """Why this answer is no image, or None. Raises Passing for one that is worth another try."""
    if answer.is_success:
        return None
    with_token = "authorization" in answer.request.headers
    if with_token and answer.status_code == 401:
        raise refused(connection.url, 401)
    if with_token and answer.status_code == 500:
        said, _ = most_of(answer, _STUMBLE)
        stumbled = next((why for sign, why in _STUMBLES.items() if sign in said), None)
        if stumbled:
            return stumbled
    if may_pass(answer.status_code):
        raise Passing(f"HTTP {answer.status_code}", asked_to_wait(answer.headers))
    return f"HTTP {answer.status_code} from {answer.url.host}"


def _write(answer: "httpx.Response", target: Path) -> None:
    """Stream the body to `target`; httpx itself holds the answer to its Content-Length.

    Raises Unusable as soon as it is larger than any image, whatever it is said to be.
    """
    part, size = target.with_name(f"{target.name}.part"), 0
    promised = answer.headers.get("content-length", "")
    _refuse_huge(int(promised) if promised.isdigit() else 0)
    try:
        with part.open("wb") as file:
            for chunk in body(answer):
                size += len(chunk)
                _refuse_huge(size)
                file.write(chunk)
        total = answer.headers.get("content-range", "").rpartition("/")[2]
        if total.isdigit() and size != int(total):
            raise Passing(f"{size} of {total} bytes came")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _refuse_huge(size: int) -> None:
    if why := too_large(size):
        raise Unusable("huge_image", why)
