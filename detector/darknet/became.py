"""What each key becomes: a place in pipeline.yaml, or a sentence that says why it is not needed.

What a person decided of the task is taken over: classes, size, split, how pictures are altered. What belongs to
Darknet's own optimizer and networks is not: the data say it, or the network that is trained here has no such part.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from detector.darknet.told import LAYERS, Told
from detector.terms import counted

MOST_EPOCHS = 300  # of those that max_batches comes to; more says that nobody reckoned in epochs
EVERYBODYS = "obj"  # the name that Darknet's own example has
Places = dict[str, Any]  # in pipeline.yaml, by dotted path


class Became(NamedTuple):
    """A key of the files, and what it became: `places` that it is written to, and a sentence."""

    file: str
    key: str
    value: Any
    places: Places
    says: str


class Known(NamedTuple):
    """What the meaning of a key depends on: how many pictures there are, and what the other keys say."""

    pictures: int
    values: Mapping[str, Any]
    lists: bool  # whether train.txt or the like says the splits


def became(rows: list[Told], pictures: int, lists: bool) -> list[Became]:
    """Each key with what became of it. Where two files say the same key, the first one counts."""
    values: dict[str, Any] = {}
    for row in rows:
        values.setdefault(row.name, row.value)
    known = Known(pictures, values, lists)
    result, done = [], set()
    for row in rows:
        places, says = ({}, "is said above already") if row.name in done else _meaning(row, known)
        result.append(Became(row.file, row.key, row.value, places, says))
        done.add(row.name)
    return result


def _meaning(row: Told, known: Known) -> tuple[Places, str]:
    if row.name in _SENTENCES:
        return {}, _SENTENCES[row.name]
    if row.name not in _RULES:
        return {}, "is not known here, and left out"
    try:
        return _RULES[row.name](row.value, known)
    except (TypeError, ValueError):
        return {}, "can't be understood, and is left out"


def _number(value: Any) -> float:
    """A number that is neither endless nor below nought. Raises ValueError for any other value."""
    number = float(value)
    if not 0 <= number < _LARGEST:
        raise ValueError(value)
    return number


_LARGEST = 1e9


def _model(value: Any, _: Known) -> tuple[Places, str]:
    small = "tiny" in str(value).lower()
    weights = "yolo26n.pt" if small else "yolo26m.pt"
    return {"train.model": weights}, "published weights of today, n to x by size; Darknet's can't be gone on from"


def _layers(value: Any, known: Known) -> tuple[Places, str]:
    if "model" in known.values:
        return {}, "the network is that of train.model"
    return _model("tiny" if _number(value) < _LAYERS_OF_A_SMALL_ONE else "", known)


_LAYERS_OF_A_SMALL_ONE = 60  # yolov4-tiny has 38 sections, yolov4 has 162, yolov3 has 107


_MOST_PIXELS = 8192


def _size(_: Any, known: Known) -> tuple[Places, str]:
    given = (int(_number(known.values.get(name, 0))) for name in ("height", "width"))
    height, width = (min(side, _MOST_PIXELS) // 32 * 32 for side in given)
    if not max(height, width):
        return {}, "train.image_size follows from the data"
    two = height and width and height != width
    return {"train.image_size": [height, width] if two else max(height, width)}, "height and width" if two else ""


def _epochs(value: Any, known: Known) -> tuple[Places, str]:
    batch, steps = (int(_number(each)) for each in (known.values.get("batch", 64), value))
    if not known.pictures or not batch * steps:
        return {}, "train.epochs follows from the data"
    epochs = max(1, round(steps * batch / known.pictures))
    text = f"{counted(steps, 'step')} of {batch} are {counted(epochs, 'epoch')} of {counted(known.pictures, 'picture')}"
    if epochs > MOST_EPOCHS:
        return {}, f"{text}; train.epochs follows from the data instead"
    return {"train.epochs": epochs}, text


def _ratio(value: Any, known: Known) -> tuple[Places, str]:
    if known.lists:
        return {}, "the folder's own lists say it"
    rest = round((1 - _number(value)) / 2, 3)
    if not 0 < rest < 0.5:
        return {}, "convert.split keeps 0.15 for val and as much for test"
    return {"convert.split.val": rest, "convert.split.test": rest}, "what is left is val and test, half each"


def _gain(place: str) -> Callable[[Any, Known], tuple[Places, str]]:
    """Darknet multiplies by up to the value, or divides; Ultralytics adds up to the share, or takes it away."""

    def rule(value: Any, _: Known) -> tuple[Places, str]:
        gain = _number(value)
        return {place: round(min(max(gain, 1 / gain) - 1, 0.9), 3) if gain > 0 else 0.0}, ""

    return rule


def _hue(value: Any, _: Known) -> tuple[Places, str]:
    return {"train.options.hsv_h": round(min(_number(value), 0.5), 3)}, ""


def _switch(place: str, off: str, on: str) -> Callable[[Any, Known], tuple[Places, str]]:
    def rule(value: Any, _: Known) -> tuple[Places, str]:
        return ({}, on) if _number(value) else ({place: 0.0}, off)

    return rule


def _name(value: Any, _: Known) -> tuple[Places, str]:
    return ({}, "the folder's name says more") if value == EVERYBODYS else ({"name": value}, "")


def _names(value: Any, _: Known) -> tuple[Places, str]:
    return {"classes": value}, ""


_RULES: dict[str, Callable[[Any, Known], tuple[Places, str]]] = {
    "name": _name,
    "names": _names,
    "names_file": _names,
    "model": _model,
    LAYERS: _layers,
    "width": _size,
    "height": _size,
    "max_batches": _epochs,
    "train_ratio": _ratio,
    "saturation": _gain("train.options.hsv_s"),
    "exposure": _gain("train.options.hsv_v"),
    "hue": _hue,
    "mosaic": _switch("train.options.mosaic", "", "left to the data: train.options.mosaic"),
    "flip": _switch("train.options.fliplr", "", "half of the pictures are mirrored, as by default"),
}
_OPTIMIZER = "of Darknet's optimizer; the optimizer and its rate follow from the data, as `detector plan` says"
_BATCH = "left to the data and the machine: train.batch"
_ANCHORS = "the networks of today have no anchors"
_LOSS = "of Darknet's loss"
_SENTENCES = {
    **dict.fromkeys(("batch", "subdivisions"), _BATCH),
    **dict.fromkeys(("learning_rate", "burn_in", "policy", "steps", "scales", "power", "gamma"), _OPTIMIZER),
    **dict.fromkeys(("momentum", "decay", "adam", "b1", "b2", "eps", "sgdr_cycle", "sgdr_mult"), _OPTIMIZER),
    **dict.fromkeys(("anchors", "num", "mask"), _ANCHORS),
    **dict.fromkeys(("ignore_thresh", "truth_thresh", "iou_thresh", "cls_normalizer", "iou_normalizer"), _LOSS),
    **dict.fromkeys(("obj_normalizer", "delta_normalizer", "iou_loss", "max_delta", "loss", "focal_loss"), _LOSS),
    **dict.fromkeys(("label_smooth_eps", "objectness_smooth", "counters_per_class"), _LOSS),
    **dict.fromkeys(
        ("nms_kind", "beta_nms"), "YOLO26 needs no suppression; `export: [{using: onnx, head: nms}]` has it"
    ),
    **dict.fromkeys(("jitter", "resize", "random"), "left to the data: train.options.scale"),
    "angle": "Darknet turns pictures for classifiers alone",
    "blur": "Darknet blurs the background; `augment: [Blur: {p: 0.1}]` blurs whole pictures",
    "mixup": "left out; train.options.mixup is the same",
    "cutmix": "left out; Darknet has it for classifiers alone",
    "letter_box": "pictures keep their shape, always",
    "channels": "pictures are read in colour",
    "count": "the list of names says how many there are",
    "classes": "the list of names says how many there are",
    **dict.fromkeys(("train", "valid", "test"), "read by pull, each time"),
    "backup": "weights are in runs/, the champion's in models/",
    "results": "in runs/, and in MLflow",
    "eval": "measured by COCO's rules, always",
    "framework": "Ultralytics",
    "weights": "Darknet's weights can't be gone on from; train.model names published ones",
    "enable": "Darknet's weights can't be gone on from; train.model names published ones",
    "gpus": "the first GPU is used, where there is one",
    "calculate_map": "measured by COCO's rules, always",
    "custom_api": "`detector serve` answers over HTTP",
    "dashboard": "`mlflow ui` shows a training while it runs",
    "tensorboard": "`mlflow ui` shows a training while it runs",
    "web_ui": "`mlflow ui` shows a training while it runs",
}
