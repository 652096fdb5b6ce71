"""Label Studio's protocol for models, as Label Studio 1.23 speaks it (label_studio/ml/api_connector.py).

GET /health, POST /setup, POST /predict, GET /versions and POST /webhook are all that it asks. A request has a token of
Label Studio's and its address; neither is used.
"""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.params import Depends

from detector.annotators.chosen import prefix_of
from detector.inference.model import digest_of
from detector.serve.models import InUse, Loaded
from detector.serve.tasks import Asked, Looks, Source, predictions, read, refuse_other_labels
from detector.web.body import Refused, body_of

MOST_BYTES = 256 << 20  # of a request: tasks come with all of their annotations
_EVENT_BYTES = 16 << 20  # of a webhook, which anybody may send
HEALTH = {"status": "UP", "model_class": "detector"}
_TRAINING = "START_TRAINING"


class _Setup(msgspec.Struct):
    schema: str = ""


class _Event(msgspec.Struct):
    action: str = ""


def is_of_tasks(request: Request) -> bool:
    """Whether a POST to /predict brings tasks: JSON, which no picture is."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


async def answer(request: Request, source: Source, looks: Looks) -> dict[str, Any]:
    """The results of the tasks. Raises Refused."""
    asked: Asked = read(await body_of(request, MOST_BYTES, "the request"))

    async def while_somebody_waits(pixels: Any) -> Any:
        if await request.is_disconnected():  # Label Studio waits for 100 seconds
            raise Refused(499, "whoever asked has gone")
        return await looks(pixels)

    return {"results": await predictions(source, asked, while_somebody_waits)}


def routes(in_use: InUse, source: Source, known: list[Depends]) -> APIRouter:
    """What Label Studio asks beside /predict and /health."""
    router = APIRouter(tags=["Label Studio"])

    @router.post("/setup", dependencies=known)
    async def setup(request: Request) -> dict[str, str]:
        """A project begins to use the model: its labelling configuration must have a label of the model's."""
        told = _decoded(await body_of(request, MOST_BYTES, "the request"), _Setup)
        loaded = await run_in_threadpool(in_use.current)
        refuse_other_labels(source, told.schema, loaded.predictor.classes)
        return {"model_version": source.version(loaded)}

    @router.get("/versions", dependencies=known)
    def versions() -> dict[str, list[str]]:
        """The one that is in use."""
        return {"versions": [source.version(in_use.current())]}

    @router.post("/webhook")
    async def webhook(request: Request) -> dict[str, str]:
        """What happens in the project: `detector listen` makes use of it, this does not."""
        try:
            event = _decoded(await body_of(request, _EVENT_BYTES, "the webhook"), _Event)
        except Refused:
            return {"status": "ignored"}
        if event.action == _TRAINING:
            raise Refused(501, "this trains nothing: `detector run` does, and `detector listen` starts it by itself")
        return {"status": "ignored"}

    return router


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refused(400, f"that is no request of Label Studio's: {error}") from error


def version_of(name: str, loaded: Loaded) -> str:
    """`detector/<pipeline>/<champion's version, run or file>-<8 hex digits>`: of its weights and its score."""
    model = loaded.model
    what = model.title.removeprefix("champion, version ").removeprefix("run ")
    return f"{prefix_of(name)}{what}-{digest_of(model, loaded.described['score'])}"
