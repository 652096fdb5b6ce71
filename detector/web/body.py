"""A request's body, which is read no further than it may be long."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request


class Refused(Exception):
    """There is no answer: the HTTP status, and why."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


async def body_of(request: "Request", most: int, what: str) -> bytes:
    """The whole body. Raises Refused: 413 as soon as there are more than `most` bytes, 400 for one that is cut off."""
    from starlette.requests import ClientDisconnect

    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise Refused(413, f"{what} is larger than {most >> 20} MiB")
            parts.append(part)
    except ClientDisconnect as error:
        raise Refused(400, f"{what} is cut off") from error
    return b"".join(parts)
