"""The page: drop a picture, and see what each model sees on it, from the score that its slider says."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from detector.inference.drawn import drawn
from detector.inference.pictures import Source, Unread, frames
from detector.inference.predictors import Sees
from detector.inference.seen import Seen, seen
from detector.terms import counted

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST = 0.05  # of a slider
KEPT = 3600, 3600  # seconds: how often old pictures are deleted, and how old they are then


class Tried(NamedTuple):
    """A model: its name, what sees with it, and the score that its slider starts at."""

    title: str
    sees: Sees
    score: float


def page(models: Sequence[Tried], title: str) -> gr.Blocks:
    """The page; the models see from a score on that lies below all sliders."""
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=KEPT) as blocks:
        gr.Markdown(f"# {title}")
        photo = gr.Image(type="filepath", sources=["upload", "clipboard"], label="picture", height=320)
        found = gr.State()
        with gr.Row():
            columns = [_column(model) for model in models]
        looked = photo.change(partial(_look, models), photo, found)
        for at, (model, (slider, *shown)) in enumerate(zip(models, columns, strict=True)):
            show = partial(_show, model, at)
            looked.then(show, [found, slider], shown)
            slider.change(show, [found, slider], shown, show_progress="hidden", trigger_mode="always_last")
    return blocks


def _column(model: Tried) -> tuple[Any, ...]:
    with gr.Column():
        slider = gr.Slider(
            min(LEAST, model.score), 1, round(model.score, 2), step=0.01, label=f"{model.title}: from a score of"
        )
        shown = gr.Image(label=model.title, interactive=False, format="png", buttons=["download", "fullscreen"])
        return slider, shown, gr.Textbox(label="objects")


def _look(models: Sequence[Tried], photo: str | None) -> list[Seen] | None:
    """What each model sees on the picture."""
    if photo is None:
        return None
    [frame] = frames([Source(Path(photo), Path(photo).name)])
    if isinstance(frame, Unread):
        raise gr.Error(f"the picture can't be read: {frame.why}", print_exception=False)
    return [each for model in models for each in seen([frame], model.sees) if isinstance(each, Seen)]


def _show(model: Tried, at: int, found: list[Seen] | None, score: float) -> tuple["Image | None", str]:
    """The picture with the objects that count, and how many there are of each class."""
    if found is None:
        return None, ""
    counting = found[at]._replace(objects=[each for each in found[at].objects if each.score >= score])
    return drawn(counting, model.sees.classes), _told(counting, model.sees.classes)


def _told(counting: Seen, classes: Sequence[str]) -> str:
    tally = Counter(classes[each.class_id] for each in counting.objects)
    each = ", ".join(f"{count} {name}" for name, count in tally.most_common())
    return f"{counted(len(counting.objects), 'object')}: {each}" if each else "no object"
