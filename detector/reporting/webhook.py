"""A webhook: tells a chat or a scheduler how a run ended, and never changes how it did."""

import threading
from collections.abc import Mapping
from typing import Any

from detector.config.notify import Notify

SECONDS = 10.0


def send(notify: Notify, payload: Mapping[str, Any], text: str, seconds: float = SECONDS) -> str | None:
    """POST `payload` as JSON, with `text` for chats that show it; give what went wrong in a sentence, None if nothing.

    It takes at most so many `seconds`, whatever the receiver does. Redirects are not followed: the address is a secret.
    """
    url = notify.url.get_secret_value()
    if not url or payload["status"] not in notify.on:
        return None
    problem = [f"no answer within {seconds:g} s"]
    posting = threading.Thread(target=_post, args=(url, {**payload, "text": text}, seconds, problem), daemon=True)
    posting.start()
    posting.join(seconds)
    return next((f"the webhook was not told: {each}" for each in [*problem]), None)


def _post(url: str, payload: Mapping[str, Any], seconds: float, problem: list[str]) -> None:
    """Post, and empty `problem` if it was taken. What is said of a failure never names the address."""
    import httpx

    try:
        with httpx.stream("POST", url, json=payload, timeout=seconds) as answer:
            if answer.is_success:
                problem.clear()
            else:
                problem[0] = f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        problem[0] = type(error).__name__
