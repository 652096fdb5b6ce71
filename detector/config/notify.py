"""The key `notify`: whom to tell how a run ended."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

Event = Literal["done", "failed", "unchanged"]


class Notify(BaseModel):
    """A webhook that is told of the end of a run."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
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
