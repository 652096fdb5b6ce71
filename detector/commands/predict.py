"""`detector predict`: a model on pictures, folders of pictures, and videos."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from detector.errors import UsageError
from detector.inference import FORMS
from detector.inference.model import Model
from detector.inference.part import Look, batches, look_at
from detector.inference.pictures import Source, Unread, count
from detector.inference.seen import BATCH, Seen
from detector.inference.written import KEYS, Coco, Json, Writer, Yolo
from detector.models.quiet import LOG
from detector.system import fonts
from detector.system.files import read_json
from detector.system.progress import Progress
from detector.system.shards import Shards, alone

MARK = "predictions.json"
OURS = {MARK, "coco.json", "labels", "pictures", LOG}
PART = 256  # pictures at least that another machine is sent at a time
MOST = 3  # files that are named


@dataclass(frozen=True)
class Request:
    """What to look at, from which score on an object counts (None: the model's own), and what to write where."""

    sources: Sequence[Source]
    score: float | None
    to: Path
    forms: Sequence[str]


def predict(model: Model, request: Request, progress: Progress, shards: Shards = alone) -> dict[str, Any]:
    """Look at every picture, and put what was seen into the folder `request.to`, whole or not at all.

    Raises:
        UsageError: The folder holds something else, the model can't be loaded, or no picture can be read.
    """
    if request.to.exists() and not (request.to.is_dir() and _may_go(request.to)):
        raise UsageError(f"{request.to} holds other things than predictions; name another folder: --to FOLDER")
    request.to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".predictions-", dir=request.to.parent) as scratch:
        folder = Path(scratch) / "whole"
        folder.mkdir()
        outcome = _look(model, request, folder, progress, shards)
        if not outcome["pictures"]:
            raise UsageError(f"no picture can be read: {_named(outcome['unread'])}")
        shutil.rmtree(request.to, ignore_errors=True)
        folder.rename(request.to)
    return outcome


def _may_go(folder: Path) -> bool:
    """Whether all that is in it is what this command wrote."""
    names = {each.name for each in folder.iterdir()}
    told = read_json(folder / MARK)
    return not names or (names <= OURS and isinstance(told, dict) and told.keys() == KEYS)


def _look(model: Model, request: Request, folder: Path, progress: Progress, shards: Shards) -> dict[str, Any]:
    look = Look(model.file, model.counts_from(request.score), folder, "pictures" in request.forms)
    began = time.perf_counter()
    with progress("pictures", count(request.sources)) as advance:
        parts = shards(partial(look_at, look=look), batches(request.sources), advance, least=PART // BATCH, gpu=True)
    classes, described = parts[0].classes, model.described(look.score, parts[0].classes)
    main = Json(folder, described)
    each_seen = (part.seen.popleft() for part in parts for _ in range(len(part.seen)))
    tally = _written(each_seen, main, [*_writers(request.forms, folder, classes)])
    return {
        "schema": 1,
        "status": "done",
        "model": described,
        "score_from": "asked" if request.score is not None else "default" if model.score is None else "measured",
        "pictures": len(main.pictures),
        "unread": [each._asdict() for each in main.unread],
        "objects": {name: tally[at] for at, name in enumerate(classes)},
        "seconds": round(time.perf_counter() - began - max(part.loading for part in parts), 3),
        "folder": str(request.to),
        "forms": [form for form in FORMS if form in request.forms],
    }


def _written(each_seen: Iterable[Seen | Unread], main: Json, others: Sequence[Writer]) -> Counter[int]:
    """How many objects of each class id were seen."""
    tally, writers = Counter[int](), (main, *others)
    for each in each_seen:
        if isinstance(each, Unread):
            main.unread.append(each)
            continue
        tally.update(one.class_id for one in each.objects)
        for writer in writers:
            writer.add(each)
    for writer in writers:
        writer.end()
    return tally


def _writers(forms: Sequence[str], folder: Path, classes: Sequence[str]) -> Iterator[Writer]:
    if "labels" in forms:
        yield Yolo(folder)
    if "coco" in forms:
        yield Coco(folder, classes)


def lines(outcome: dict[str, Any], to: Path) -> Iterator[tuple[str, str]]:
    """The same for a person: title and text."""
    model = outcome["model"]
    yield "model", f"{model['name']} ({model['file']})"
    yield "score", f"from {model['score']:.2f} on: {_FROM[outcome['score_from']]}"
    rate = outcome["pictures"] / max(outcome["seconds"], 1e-9)
    yield "pictures", f"{outcome['pictures']:,}, {rate:.1f} a second"
    if outcome["unread"]:
        yield "", f"{len(outcome['unread'])} can't be read: {_named(outcome['unread'])}"
    each = ", ".join(f"{name} {number:,}" for name, number in outcome["objects"].items())
    yield "objects", f"{sum(outcome['objects'].values()):,}: {each}"
    yield "in", f"{to}: {MARK}, {', '.join(outcome['forms'])}"
    if "pictures" in outcome["forms"] and (boxes := fonts.missing(outcome["objects"], "on the pictures")):
        yield "", boxes


_FROM = {
    "asked": "as asked",
    "measured": "the operating point that was measured",
    "default": "no operating point of this file is known; --score sets one",
}


def _named(unread: Sequence[dict[str, str]]) -> str:
    named = ", ".join(f"{each['file']} ({each['why']})" for each in unread[:MOST])
    return named + (f" and {len(unread) - MOST} more" if len(unread) > MOST else "")
