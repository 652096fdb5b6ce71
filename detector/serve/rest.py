"""The addresses of a server, and what each answers. OpenAPI tells the same at /openapi.json and /docs."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from detector import __version__
from detector.data import images
from detector.data.colour import Pixels
from detector.inference.seen import Object
from detector.inference.written import in_pixels
from detector.serve.batches import Batches, Busy, Limits
from detector.serve.metrics import Metrics
from detector.serve.models import InUse, Loaded

MOST_BYTES = 64 << 20  # of a picture
_BODY = {"requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}}


class ObjectTold(BaseModel):
    """One object."""

    class_: str = Field(alias="class")
    class_id: int
    score: float = Field(description="0 to 1")
    box: list[float] = Field(description="left, top, width and height in pixels")
    polygon: list[float] | None = Field(None, description="x0, y0, x1, … in pixels; of a segmentation model alone")


class Answer(BaseModel):
    """What is seen on a picture, best score first."""

    model: str = Field(description="who saw it")
    width: int
    height: int
    objects: list[ObjectTold]


class Refusal(BaseModel):
    """Why there is no answer."""

    error: str


class ModelTold(BaseModel):
    """The model that is in use."""

    name: str
    file: str
    task: str
    score: float = Field(description="objects count from it on")
    classes: list[str]


_REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"model": Refusal, "description": "the picture is too large"},
    422: {"model": Refusal, "description": "it is no picture"},
    503: {"model": Refusal, "description": "too many wait; try again in a second"},
}


class _Refused(Exception):
    def __init__(self, code: int, why: str) -> None:
        self.code, self.why = code, why


def application(in_use: InUse, limits: Limits) -> FastAPI:
    """The server's application. It ends once those that wait are answered."""
    metrics = Metrics()

    def look(pictures: Sequence[Pixels]) -> list[tuple[Loaded, list[Object]]]:
        metrics.batch.observe(len(pictures))
        return in_use(pictures)

    batches = Batches(look, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(batches.close)

    app = FastAPI(title="detector", version=__version__, lifespan=lifespan)

    @app.post("/predict", response_model=Answer, response_model_exclude_none=True, responses=_REFUSALS,
              openapi_extra=_BODY)  # fmt: skip
    async def predict(request: Request) -> Response:
        """Send a picture as the body: curl --data-binary @a.jpg http://127.0.0.1:8000/predict."""
        began = time.perf_counter()
        try:
            code, answer = 200, await _answered(request, batches, metrics)
        except _Refused as refused:
            code, answer = refused.code, {"error": refused.why}
        metrics.requests.labels(code).inc()
        metrics.seconds.observe(time.perf_counter() - began)
        return JSONResponse(answer, code, {"Retry-After": "1"} if code == 503 else None)

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether it answers."""
        return {"status": "ok"}

    @app.get("/model")
    def model() -> ModelTold:
        """The model that is in use."""
        return ModelTold(**in_use.loaded.described)

    @app.get("/metrics", response_class=Response)
    def metrics_text() -> Response:
        """For Prometheus."""
        text = metrics.text(batches.waiting, in_use.loaded.model.title)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


async def _answered(
    request: Request, batches: Batches[Pixels, tuple[Loaded, list[Object]]], metrics: Metrics
) -> dict[str, Any]:
    content = await _body(request)
    pixels = await run_in_threadpool(images.decoded, content, "picture")
    if isinstance(pixels, images.Pixels):
        raise _Refused(422, (pixels.detail or "").removeprefix("picture: "))
    try:
        loaded, objects = await asyncio.wrap_future(batches.put(pixels))
    except Busy as error:
        raise _Refused(503, "too many requests wait; try again in a second") from error
    classes, (height, width) = loaded.predictor.classes, pixels.shape[:2]
    for each in objects:
        metrics.objects.labels(classes[each.class_id]).inc()
    told = [in_pixels(each, width, height, classes) for each in objects]
    return {"model": loaded.model.title, "width": width, "height": height, "objects": told}


async def _body(request: Request) -> bytes:
    """The body, which is not read further than MOST_BYTES."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise _Refused(413, f"the picture is larger than {MOST_BYTES >> 20} MiB")
        parts.append(part)
    if not size:
        raise _Refused(422, "the body is empty: send a picture as it, curl --data-binary @a.jpg …")
    return b"".join(parts)
