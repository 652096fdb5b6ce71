"""A running Label Studio server: how to reach it, and what it says when it won't answer."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from detector.errors import DetectorError, TryAgain, UsageError
from detector.label_studio.body import Unreadable, most_of
from detector.label_studio.persist import Passing, asked_to_wait, may_pass, persist
from detector.label_studio.token import Credentials

if TYPE_CHECKING:
    import httpx

    from detector.label_studio.hosts import Hosts

CONNECT = 10.0  # seconds
SILENCE = 60.0  # seconds without a byte: a page of tasks takes a busy server some
WRITING = 600.0  # seconds without a byte while it writes: it counts the whole project's tasks anew
MAX_BYTES = 512 << 20  # of one answer: the largest, a page of 200 tasks with brush masks, has some tens of MiB

T = TypeVar("T")
_PACKED = {"Accept-Encoding": "gzip"}  # no other packing is read
_GOOD = (200, 201)
_MANAGER = "use the token of somebody who manages the project"
_TOKEN = re.compile("[!-~]+")


@dataclass(frozen=True)
class Connection:
    """An open connection. `http` carries no token: a request to this server adds `authorization`, no other does."""

    url: str  # without a slash at the end
    http: "httpx.Client"
    credentials: Credentials
    hosts: "Hosts"  # that `http` connects to

    @property
    def authorization(self) -> dict[str, str]:
        """The header that says who asks; the server may first be asked for a fresh access token."""
        return self.credentials.header()

    def get(self, path: str, kind: type[T], params: Mapping[str, Any] | None = None) -> T | None:
        """The JSON that the server answers GET `path` with, as a `kind`; None when it has no such thing.

        Asks again while the failure may pass. Raises UsageError when the token or the address is wrong, TryAgain when
        the server can't be reached. What the server sent goes into no message: it may hold a session.
        """
        return _ask(self, "GET", path, kind, params=params, headers=self.authorization)

    def read(self, path: str, kind: type[T], params: Mapping[str, Any] | None = None) -> T:
        """As `get`, of what every Label Studio has: raises UsageError when this one has not."""
        answer = self.get(path, kind, params)
        if answer is None:
            raise refused(self.url, 404)
        return answer

    def send(self, method: str, path: str, content: Any, kind: type[T]) -> T | None:
        """Ask once to write `content` as JSON; gives what the server answers, None where there is nothing to write to.

        Raises Passing where the answer did not come, as it may later: what was asked for may have been done. So whoever
        asks again looks first. Raises UsageError as `get`, and where the token's owner may not write this.
        """
        import httpx

        headers = self.authorization | {"Content-Type": "application/json"}
        patient = httpx.Timeout(WRITING, connect=CONNECT)
        body = msgspec.json.encode(content)
        return _once(self, method, path, kind, content=body, headers=headers, timeout=patient)


@contextmanager
def connect(url: str, token: str, private_hosts: Sequence[str] = ()) -> Iterator[Connection]:
    """A connection to the server at `url` with a legacy token or a personal access token.

    `private_hosts` are those on this machine or on a private network that it may be used for, too.

    Raises UsageError for what is no token; any other fault shows with the first question.
    """
    import httpx

    from detector.label_studio.hosts import Hosts

    token = token.strip()
    if not _TOKEN.fullmatch(token):  # or the HTTP library would refuse it, and show it
        raise UsageError("the Label Studio token is empty or holds what no token does; copy it from Account & Settings")
    try:
        hosts = Hosts(url, private_hosts)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url} is no address ({error}); check pull.url") from error
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address, signed ones too
    # Cookies know no ports: the session that this server offers would go to any other server on its host.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    with httpx.Client(timeout=httpx.Timeout(SILENCE, connect=CONNECT), cookies=no_cookies, headers=_PACKED) as http:

        def exchange(token: str) -> str:
            answer = _ask(connection, "POST", "/api/token/refresh/", _Access, json={"refresh": token})
            if answer is None:
                raise refused(connection.url, 404)
            return answer.access

        hosts.guard(http)
        connection = Connection(url.rstrip("/"), http, Credentials(token, exchange), hosts)
        yield connection


class _Access(msgspec.Struct):
    access: str


def _ask(connection: Connection, method: str, path: str, kind: type[T], **request: Any) -> T | None:
    """The server's answer; None for 404. A redirect is not followed: the token stays where it is."""
    try:
        return persist(lambda: _once(connection, method, path, kind, **request))
    except Passing as failure:
        raise unreachable(connection.url, failure) from failure


def _once(connection: Connection, method: str, path: str, kind: type[T], **request: Any) -> T | None:
    """As `_ask`, asked once. Raises Passing for what may pass."""
    import httpx

    try:
        with connection.http.stream(method, connection.url + path, **request) as answer:
            content = _content(connection.url, answer)
    except httpx.InvalidURL as error:
        raise UsageError(f"{connection.url} is no address ({error}); check pull.url") from error
    except httpx.RequestError as error:
        raise Passing(str(error) or type(error).__name__) from error
    if may_pass(answer.status_code):
        raise Passing(f"HTTP {answer.status_code}", asked_to_wait(answer.headers))
    if answer.status_code == 403 and method not in {"GET", "HEAD"}:
        raise UsageError(f"Label Studio at {connection.url} does not let the token's owner write this; {_MANAGER}")
    return None if answer.status_code in {204, 404} else _decode(connection.url, answer.status_code, content, kind)


def unreachable(url: str, failure: Passing) -> TryAgain:
    """The error for a server that was asked again and again."""
    return TryAgain(f"Label Studio at {url} can't be reached ({failure}); check pull.url, or try again later")


def _content(url: str, answer: "httpx.Response") -> bytearray:
    """What came; nothing of an answer that holds no data, whose words are not shown."""
    if answer.status_code not in _GOOD:
        return bytearray()
    try:
        content, goes_on = most_of(answer, MAX_BYTES)
    except Unreadable:
        raise refused(url, 0) from None
    if goes_on:
        raise UsageError(
            f"{url} sends more than {MAX_BYTES >> 20} MiB in one answer, which no page of tasks takes: check pull.url;"
            " a project that is so large can be pulled from its JSON export (using: label_studio_export)"
        )
    return content


def _decode(url: str, status: int, body: bytearray, kind: type[T]) -> T:
    if status not in _GOOD:
        raise refused(url, status)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        if "truncated" in str(error):
            raise Passing("the answer ends too early") from None
        raise refused(url, 0) from None  # it should be JSON of this kind, and is not


def refused(url: str, status: int) -> DetectorError:
    """The error for an answer of HTTP `status` (0: no answer of Label Studio's at all) that no retry will mend."""
    if status == 401:
        return UsageError(
            f"Label Studio at {url} refused the token: copy a valid one from its page Account & Settings into the"
            " variable that pull.token names (a legacy token works only where the organization allows legacy tokens)"
        )
    if status == 403:
        return UsageError(f"Label Studio at {url} does not let the token's owner read this; use a member's token")
    if 300 <= status < 400:
        return UsageError(f"{url} sends us on to another address; write the one where it ends into pull.url")
    if status in {0, 200, 404, 405}:
        return UsageError(f"what answers at {url} is not Label Studio; check pull.url")
    return DetectorError(f"Label Studio at {url} answered HTTP {status}; its own log says why")
