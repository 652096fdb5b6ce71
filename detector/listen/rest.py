"""The addresses of `detector listen`, and what each answers. OpenAPI tells the same at /openapi.json and /docs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from detector import __version__
from detector.listen.received import Received
from detector.listen.runner import Runner
from detector.listen.webhooks import Ignored, News, read
from detector.web.batches import Batches, Busy, Limits
from detector.web.body import Refused, body_of
from detector.web.guard import Refusal, guard, guard_if_told, refuse

PATH = "/webhook"
MOST_BYTES = 16 << 20  # of a webhook: an annotation with many brush masks has some
UNREAD = "UNREAD"  # instead of an action
LIMITS = Limits(together=1000, waiting=10_000)  # one wait for the disk is good for all that came meanwhile


class Answer(BaseModel):
    """What became of a webhook."""

    status: Literal["counted", "ignored"]
    why: str | None = Field(None, description="of one that is ignored")
    changes: int = Field(description="how many wait for a run")


class State(BaseModel):
    """What waits, and what ran."""

    changes: int = Field(description="how many wait for a run, or are in the one that is on")
    running: bool
    due_in: float | None = Field(description="seconds until the next run; null while one is on, or nothing waits")
    ended: dict[str, Any] | None = Field(description="how the last run ended, since this listener started")


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "it is no webhook of Label Studio's"},
    401: {"model": Refusal, "description": "the secret is not the one that is asked for"},
    413: {"model": Refusal, "description": "it is too large to be read, and counts as one change"},
    503: {"model": Refusal, "description": "it could not be kept on the disk"},
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}


def application(received: Received, runner: Runner, project: int | str, secret: str | None) -> FastAPI:
    """The server's application; it tells `runner` of all that it receives."""

    def keep(told: Sequence[News]) -> list[int]:
        try:
            return received.add(told)
        finally:
            runner.heard()

    batches = Batches(keep, LIMITS)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(batches.close)

    app = FastAPI(title="detector listen", version=__version__, lifespan=lifespan)

    refuse(app)
    known = [Depends(guard(secret))]

    @app.post(PATH, dependencies=known, responses=_REFUSALS, response_model_exclude_none=True, openapi_extra=_BODY)
    async def webhook(request: Request) -> Answer:
        """For Label Studio: Settings, Webhooks, with a header Authorization: Bearer SECRET."""
        told = await _told(request, project)
        if isinstance(told, Ignored):
            return Answer(status="ignored", why=told.why, changes=received.changes)
        changes = await _kept(batches, told)
        if told.action == UNREAD:
            raise Refused(413, f"the webhook is not read: it is cut off, or larger than {MOST_BYTES >> 20} MiB")
        return Answer(status="counted", why=None, changes=changes)

    @app.get("/health", dependencies=[Depends(guard_if_told(secret))])
    async def health() -> dict[str, str]:
        """Whether it answers, and starts runs."""
        if not runner.is_alive:
            raise Refused(503, "no run is started any more: restart it")
        return {"status": "ok"}

    @app.get("/", dependencies=known, responses={401: _REFUSALS[401]})
    async def state() -> State:
        """What waits, and what ran."""
        running = runner.is_running
        due_in = None if running else runner.due_in()
        return State(changes=received.changes, running=running, due_in=due_in, ended=runner.ended)

    return app


async def _told(request: Request, project: int | str) -> News | Ignored:
    """What a webhook says. One that can't be read to its end counts: Label Studio does not send it again."""
    try:
        return read(await body_of(request, MOST_BYTES, "the webhook"), project)
    except Refused:
        return News(UNREAD, 1)
    except ValueError as error:
        raise Refused(400, str(error)) from error


async def _kept(batches: Batches[News, int], told: News) -> int:
    """How many changes wait, now that this is on the disk."""
    try:
        return await asyncio.wrap_future(batches.put(told))
    except Busy as error:
        raise Refused(503, "too many webhooks wait for the disk") from error
    except OSError as error:
        raise Refused(503, f"it could not be kept on the disk ({error.strerror})") from error
