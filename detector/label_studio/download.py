"""The bytes of one image, from wherever a task says that it is."""

from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from detector.errors import TryAgain
from detector.label_studio.client import Connection, refused, whole
from detector.label_studio.persist import Passing, asked_to_wait, may_pass, persist
from detector.secrets import public, without_secrets

if TYPE_CHECKING:
    import httpx

# What Label Studio 1.23 answers HTTP 500 for, though nothing is wrong with it: what it says, and what it means.
_STUMBLES = {
    b"has_permission": "Label Studio has no such upload",
    b"outside of the base path": "Label Studio serves nothing outside its folder of local files",
}


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
    names the task, when the image's server fails again and again.
    """
    address = locate(connection.url, source, task)
    if address is None:
        return "no address that can be fetched"
    try:
        return persist(lambda: _once(connection, address, target))
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
        # A redirect to elsewhere loses the token.
        with connection.http.stream("GET", address, headers=headers, follow_redirects=True) as answer:
            why = _missing(connection, answer)
            if why is None:
                _write(answer, target)
            return why
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        return without_secrets(str(error))
    except httpx.RequestError as error:
        raise Passing(str(error) or type(error).__name__) from error


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
        body = answer.read()
        stumbled = next((why for sign, why in _STUMBLES.items() if sign in body), None)
        if stumbled:
            return stumbled
    if may_pass(answer.status_code):
        raise Passing(f"HTTP {answer.status_code}", asked_to_wait(answer.headers))
    return f"HTTP {answer.status_code} from {answer.url.host}"


def _write(answer: "httpx.Response", target: Path) -> None:
    """Stream the body to `target`; httpx itself holds the answer to its Content-Length."""
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(whole(answer))
        total = answer.headers.get("content-range", "").rpartition("/")[2]
        if total.isdigit() and part.stat().st_size != int(total):
            raise Passing(f"{part.stat().st_size} of {total} bytes came")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
