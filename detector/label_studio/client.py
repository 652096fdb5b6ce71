"""A running Label Studio server: how to reach it, and what it says when it won't answer."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

from detector.errors import DetectorError, TryAgain, UsageError
from detector.label_studio.persist import Passing, asked_to_wait, may_pass, persist

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
_TOKEN = re.compile("[!-~]+")


@dataclass(frozen=True)
class Connection:
    """An open connection. `http` carries no token: a request to this server adds `authorization`, no other does."""

    url: str  # without a slash at the end
    http: "httpx.Client"
    sdk: Any

    @property
    def authorization(self) -> dict[str, str]:
        """The header that says who asks; a personal access token is exchanged, and renewed, by the SDK."""
        headers = ask(self.url, self.sdk._client_wrapper.get_headers)  # it has no public name
        return {"Authorization": headers["Authorization"]}

    def get(self, path: str, params: dict[str, Any]) -> bytes:
        """The body of the answer to GET `path`, for API calls whose answers the SDK can't read fast enough."""
        from label_studio_sdk.core.api_error import ApiError

        def once() -> bytes:
            answer = self.http.get(self.url + path, params=params, headers=self.authorization)
            if not answer.is_success:
                raise ApiError(status_code=answer.status_code, headers=dict(answer.headers))
            return answer.content

        return ask(self.url, once)


@contextmanager
def connect(url: str, token: str) -> Iterator[Connection]:
    """A connection to the server at `url` with a legacy token or a personal access token.

    Raises UsageError for what is no address or no token, or an expired one; any other fault shows with the first
    question.
    """
    import httpx
    from label_studio_sdk import LabelStudio

    token = token.strip()
    if not _TOKEN.fullmatch(token):  # or the HTTP library would refuse it, and show it
        raise UsageError("the Label Studio token is empty or holds what no token does; copy it from Account & Settings")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address, signed ones too
    url = url.rstrip("/")
    # Cookies know no ports: the session that this server offers would go to any other server on its host.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    timeout = httpx.Timeout(120, connect=10)
    with httpx.Client(follow_redirects=True, timeout=timeout, cookies=no_cookies) as http:

        def client() -> LabelStudio:
            return LabelStudio(base_url=f"{url}/", api_key=token, httpx_client=http, max_retries=0)

        yield Connection(url, http, ask(url, client))


def ask(url: str, question: Callable[[], T]) -> T:
    """The answer of the server at `url` to `question`, a call of the SDK or of `Connection.http`.

    Asks again while the failure may pass. Raises UsageError when the token or the address is wrong, TryAgain when
    the server can't be reached. What the server sent goes into no message: it may hold a session.
    """
    from httpx import TransportError
    from label_studio_sdk.core.api_error import ApiError

    def once() -> T:
        try:
            return question()
        except TransportError as error:
            raise Passing(str(error) or type(error).__name__) from error
        except ApiError as error:
            status, headers = error.status_code or 0, error.headers
        except ValueError:  # an answer that should be JSON, and is not
            status, headers = 0, None
        if may_pass(status):
            raise Passing(f"HTTP {status}", asked_to_wait(headers or {}))
        raise refused(url, status)

    try:
        return persist(once)
    except Passing as failure:
        raise TryAgain(
            f"Label Studio at {url} can't be reached ({failure}); check pull.url, or try again later"
        ) from failure


def refused(url: str, status: int) -> DetectorError:
    """The error for an answer of HTTP `status` (0: no answer of Label Studio's at all) that no retry will mend."""
    if status == 401:
        return UsageError(
            f"Label Studio at {url} refused the token: copy a valid one from its page Account & Settings into the"
            " variable that pull.token names (a legacy token works only where the organization allows legacy tokens)"
        )
    if status == 403:
        return UsageError(f"Label Studio at {url} does not let the token's owner read this; use a member's token")
    if status in {0, 200, 404, 405}:
        return UsageError(f"what answers at {url} is not Label Studio; check pull.url")
    return DetectorError(f"Label Studio at {url} answered HTTP {status}; its own log says why")
