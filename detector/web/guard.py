"""Whom an application answers, and how it says no."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from detector.web.body import Refused
from detector.web.secret import knows


class Refusal(BaseModel):
    """Why there is no answer."""

    error: str


def guard(secret: str | None) -> Callable[[Request], Awaitable[None]]:
    """For `Depends`: it lets those in who know the secret, before anything of the body is read; others get 401."""

    async def let_in(request: Request) -> None:
        if not knows(secret, request.headers.get("authorization")):
            raise Refused(401, "the header Authorization does not have the secret: send Bearer SECRET")

    return let_in


def guard_if_told(secret: str | None) -> Callable[[Request], Awaitable[None]]:
    """For `Depends`: it lets those in, too, who send no secret at all; so a wrong one is found out at once."""
    let_in = guard(secret)

    async def let_in_if_told(request: Request) -> None:
        if "authorization" in request.headers:
            await let_in(request)

    return let_in_if_told


def refuse(app: FastAPI) -> None:
    """Let Refused, wherever it is raised, become an answer."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        headers = {"WWW-Authenticate": 'Basic realm="detector"'} if error.code == 401 else None
        return JSONResponse({"error": error.why}, error.code, headers)
