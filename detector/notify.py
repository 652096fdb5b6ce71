"""A webhook: tells a chat or a scheduler how a run ended, and never changes how it did."""

import threading
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

SECONDS = 10.0
Event = Literal["done", "failed", "unchanged"]


class Notify(BaseModel):
    """Where to tell of the end of a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: SecretStr = Field(
        description="gets a POST of JSON; from the environment only, and nothing is sent where it is empty",
        examples=["${WEBHOOK_URL}", "${WEBHOOK_URL:-}"],
    )
    on: list[Event] = Field(["done", "failed"], description="the ends that are told")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must be an address: https://…")
        return url


def send(notify: Notify, told: Mapping[str, Any], text: str, seconds: float = SECONDS) -> str | None:
    """POST `told` as JSON, with `text` for chats that show that; give what went wrong in a sentence, None if nothing.

    It takes at most so many `seconds`, whatever the receiver does. Redirects are not followed: the address is a secret.
    """
    url = notify.url.get_secret_value()
    if not url or told["status"] not in notify.on:
        return None
    problem = [f"no answer within {seconds:g} s"]
    posting = threading.Thread(target=_post, args=(url, {**told, "text": text}, seconds, problem), daemon=True)
    posting.start()
    posting.join(seconds)
    return next((f"the webhook was not told: {each}" for each in [*problem]), None)


def _post(url: str, told: Mapping[str, Any], seconds: float, problem: list[str]) -> None:
    """Post, and empty `problem` if it was taken. What is said of a failure never names the address."""
    import httpx

    try:
        with httpx.stream("POST", url, json=told, timeout=seconds) as answer:
            if answer.is_success:
                problem.clear()
            else:
                problem[0] = f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        problem[0] = type(error).__name__
