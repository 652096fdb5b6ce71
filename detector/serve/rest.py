"""The addresses of a server, and what each answers. OpenAPI tells the same at /openapi.json and /docs."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from detector import __version__
from detector.data import images
from detector.data.colour import Pixels
from detector.inference.seen import Object
from detector.inference.written import in_pixels
from detector.serve import label_studio
from detector.serve.forms import ANSWERS, ModelTold, Tasks
from detector.serve.metrics import Metrics
from detector.serve.models import InUse, Loaded
from detector.serve.tasks import Source
from detector.web.batches import Batches, Busy, Limits
from detector.web.body import Refused, body_of
from detector.web.guard import guard, guard_if_told, refuse

MOST_BYTES = 64 << 20  # of a picture


_PAUSE = 0.1  # seconds, where too many wait
_PICTURE = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
_TASKS = {"application/json": {"schema": Tasks.model_json_schema()}}


def _body(with_tasks: bool) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": _PICTURE | (_TASKS if with_tasks else {})}}


def application(in_use: InUse, limits: Limits, secret: str | None = None, source: Source | None = None) -> FastAPI:
    """The server's application. It ends once those that wait are answered.

    With a `secret`, who asks for predictions must know it. With a `source`, Label Studio's tasks are answered, too.
    """
    metrics, known = Metrics(), [Depends(guard(secret))]

    def look(pictures: Sequence[Pixels]) -> list[tuple[Loaded, list[Object]]]:
        metrics.batch.observe(len(pictures))
        return in_use(pictures)

    batches = Batches(look, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(batches.close)

    app = FastAPI(title="detector", version=__version__, lifespan=lifespan)

    refuse(app)
    if source is not None:
        app.include_router(label_studio.routes(in_use, source, known))

    @app.post("/predict", response_model=None, dependencies=known, responses=ANSWERS,
              openapi_extra=_body(source is not None))  # fmt: skip
    async def predict(request: Request) -> Response:
        """Send a picture as the body: curl --data-binary @a.jpg http://127.0.0.1:8000/predict.

        With --label-studio: a body that is JSON (Content-Type: application/json) is tasks of Label Studio's.
        """
        began = time.perf_counter()
        try:
            code, answer = 200, await _answer(request, Looking(batches, metrics), source)
        except Refused as refused:
            code, answer = refused.code, {"error": refused.why}
        metrics.requests.labels(code).inc()
        metrics.seconds.observe(time.perf_counter() - began)
        return JSONResponse(answer, code, {"Retry-After": "1"} if code == 503 else None)

    @app.get("/health", dependencies=[Depends(guard_if_told(secret))])
    def health() -> dict[str, str]:
        """Whether it answers."""
        return {"status": "ok"} if source is None else label_studio.HEALTH

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


class Looking(NamedTuple):
    """What looks at a picture with others that wait, and counts what is seen."""

    batches: Batches[Pixels, tuple[Loaded, list[Object]]]
    metrics: Metrics

    async def at(self, pixels: Pixels) -> tuple[Loaded, list[Object]]:
        """What is seen, and by whom. Raises Busy."""
        loaded, objects = await asyncio.wrap_future(self.batches.put(pixels))
        for each in objects:
            self.metrics.objects.labels(loaded.predictor.classes[each.class_id]).inc()
        return loaded, objects

    async def in_turn(self, pixels: Pixels) -> tuple[Loaded, list[Object]]:
        """The same; where too many wait, it waits, too."""
        while True:
            try:
                return await self.at(pixels)
            except Busy:
                await asyncio.sleep(_PAUSE)


async def _answer(request: Request, looking: Looking, source: Source | None) -> dict[str, Any]:
    if source is not None and label_studio.is_of_tasks(request):
        return await label_studio.answer(request, source, looking.in_turn)
    content = await body_of(request, MOST_BYTES, "the picture")
    if not content:
        raise Refused(422, "the body is empty: send a picture as it, curl --data-binary @a.jpg …")
    pixels = await run_in_threadpool(images.decoded, content, "picture")
    if isinstance(pixels, images.Pixels):
        raise Refused(422, (pixels.detail or "").removeprefix("picture: "))
    try:
        loaded, objects = await looking.at(pixels)
    except Busy as error:
        raise Refused(503, "too many requests wait; try again in a second") from error
    height, width = pixels.shape[:2]
    told = [in_pixels(each, width, height, loaded.predictor.classes) for each in objects]
    return {"model": loaded.model.title, "width": width, "height": height, "objects": told}
