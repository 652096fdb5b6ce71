"""What a training is done with where pipeline.yaml leaves it open: derived from the data, each value with its reason.

docs/defaults.md has the trainings that these rules come from.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import psutil

from detector.data.trained import ImageSize, sides
from detector.stages.train._facts import Facts
from detector.stages.train._options import Options

STEPS = 1000  # a training has so many at least, where its images allow it
LONG = 10_000  # from so many on, Ultralytics takes another optimizer, and so do we
BATCHES = (16, 8, 4)
EPOCHS = (100, 300)  # usual, most
SIDE = 16  # pixels that nine objects in ten should have at least
SHRUNK = 12  # pixels of a median object, of which mosaic, which halves it, would leave too little
SIZES = (640, 1280)  # pixels of an image; usual, most
LEAST, BRIGHTNESS, SATURATION = 0.1, 0.4, 0.7  # of a gain of colour; the largest ones are Ultralytics' own
CACHED = 0.1  # of the memory that is free, at most

SHOWN = ("image_size", "epochs", "batch", "optimizer", "lr0")  # on the terminal


class Derived(NamedTuple):
    """A value, and why it is that."""

    value: Any
    why: str


class Settings(NamedTuple):
    """All that is settled: the stage's own options, Ultralytics' arguments, and what of both was derived, by name."""

    image_size: ImageSize
    batch: int
    epochs: int
    patience: int
    arguments: dict[str, Any]
    derived: dict[str, Derived]


class _Course(NamedTuple):
    """How the training goes, as far as it is settled."""

    facts: Facts
    sides: tuple[int, int]
    batch: int
    epochs: int
    learned: bool
    devices: int

    @property
    def an_epoch(self) -> int:
        return math.ceil(self.facts.images / self.batch) or 1

    @property
    def steps(self) -> int:
        return self.epochs * self.an_epoch


def settle(options: Options, facts: Facts, devices: int) -> Settings:
    """Every option as it is written, or else as it is derived, for a training on so many devices."""
    derived: dict[str, Derived] = {}

    def take(name: str, written: Any, rule: Derived) -> Any:
        if written is None:
            derived[name] = rule
        return rule.value if written is None else written

    image_size = take("image_size", options.image_size, _image_size(facts))
    size = options.batch or _batch_size(facts, options.epochs or EPOCHS[1])
    epochs = take("epochs", options.epochs, _epochs(facts, size))
    batch = take("batch", options.batch, _batch(facts, math.ceil(size / devices) * devices, epochs))
    patience = take("patience", options.patience, _patience(epochs))
    learned = options.warm_start or not (options.model or "").endswith(".yaml")
    course = _Course(facts, sides(image_size), batch, epochs, learned, devices)
    arguments = dict(options.options)
    for name, rule in _rules(course, arguments):
        arguments[name] = take(name, arguments.get(name), rule)
    return Settings(image_size, batch, epochs, patience, arguments, derived)


def as_json(derived: Mapping[str, Derived]) -> dict[str, dict[str, Any]]:
    """What derived.json and `plan` say."""
    return {name: each._asdict() for name, each in derived.items()}


def in_a_line(derived: Mapping[str, Derived]) -> Iterator[str]:
    """For the terminal: what matters most; nothing where that was written."""
    shown = [f"{name} {derived[name].value}" for name in SHOWN if name in derived]
    if shown:
        more = f" and {len(derived) - len(shown)} more" if len(derived) > len(shown) else ""
        yield f"derived from the data: {', '.join(shown)}{more}; derived.json has them, and why"


def _image_size(facts: Facts) -> Derived:
    """The usual one; more where objects would be too small; never more than the images have."""
    usual, most = SIZES
    wanted = min(SIDE / facts.small, most) if facts.small else usual
    size = _whole(min(max(usual, wanted), max(facts.pixels, SIDE)))
    if size > usual:
        return Derived(size, f"nine objects in ten have {facts.small * size:.0f} pixels or more so")
    return Derived(size, "the usual one" if size == usual else f"the images are no larger ({facts.pixels} pixels)")


def _whole(pixels: float) -> int:
    return max(1, math.ceil(pixels / 32)) * 32


def _batch_size(facts: Facts, epochs: int) -> int:
    return next((each for each in BATCHES if epochs * facts.images >= STEPS * each), BATCHES[-1])


def _batch(facts: Facts, size: int, epochs: int) -> Derived:
    steps = epochs * math.ceil(facts.images / size)
    return Derived(size, f"{steps:,} steps with {_epochs_of(epochs)} of {facts.images:,} images")


def _epochs_of(epochs: int) -> str:
    return f"{epochs:,} epoch{'' if epochs == 1 else 's'}"


def _epochs(facts: Facts, batch: int) -> Derived:
    usual, most = EPOCHS
    enough = math.ceil(STEPS * batch / max(facts.images, 1))
    if enough <= usual:
        return Derived(usual, "the usual number")
    return Derived(min(enough, most), f"{facts.images:,} images make few steps an epoch")


def _patience(epochs: int) -> Derived:
    return Derived(max(epochs // 2, 20), "half of the epochs, and 20 at least, without a gain on val")


def _rules(course: _Course, written: dict[str, Any]) -> Iterator[tuple[str, Derived]]:
    """Ultralytics' arguments: a rule for each, whether it is written or not."""
    yield "nbs", Derived(course.batch, "every batch is a step of the optimizer")
    yield "warmup_epochs", _warmup(course)
    if "optimizer" not in written:
        yield from _optimizer(course)
    yield from _mosaic(course)
    yield "scale", _scale(course.facts)
    yield from _colour(course.facts)
    if cached := _cache(course):
        yield "cache", cached


def _warmup(course: _Course) -> Derived:
    steps = min(max(0.05 * course.steps, 20), STEPS, course.steps / 2)
    return Derived(round(steps / course.an_epoch, 2), f"{steps:.0f} of {course.steps:,} steps")


def _optimizer(course: _Course) -> Iterator[tuple[str, Derived]]:
    if course.steps > LONG:
        why = f"{course.steps:,} steps are many"
        yield "optimizer", Derived("MuSGD", why)
        yield "lr0", Derived(0.01, why)
    else:
        yield "optimizer", Derived("AdamW", f"{course.steps:,} steps are few")
        yield "lr0", _rate(course)
    yield "momentum", Derived(0.9, "as Ultralytics does with this optimizer")
    yield "warmup_bias_lr", Derived(0.0, "as Ultralytics does with this optimizer")


def _rate(course: _Course) -> Derived:
    if course.learned:
        return Derived(0.001, "the weights have learned something before")
    return Derived(0.004, "a network that has learned nothing yet")


def _mosaic(course: _Course) -> Iterator[tuple[str, Derived]]:
    pixels = course.facts.median * max(course.sides)
    if pixels < SHRUNK:
        yield "mosaic", Derived(0.0, f"it halves objects, of which half have under {pixels:.0f} pixels")
    else:
        yield "close_mosaic", Derived(course.epochs // 2, "the second half sees the images as they are")


def _scale(facts: Facts) -> Derived:
    """As much as the sizes of one class differ, so that the network is not prepared for what never comes."""
    value = round(min(max(facts.spread, 0.1), 0.5), 2)
    return Derived(value, f"sizes within a class differ by {facts.spread:.0%}")


def _colour(facts: Facts) -> Iterator[tuple[str, Derived]]:
    """As much as the images differ in it: a gain is drawn evenly from 1 ± the value, which spreads by 1/√3 of it."""
    if facts.colours is None:
        return
    for name, quantity, spread, most in (
        ("hsv_v", "brightness", facts.colours.brightness, BRIGHTNESS),
        ("hsv_s", "saturation", facts.colours.saturation, SATURATION),
    ):
        value = round(min(max(math.sqrt(3) * spread, LEAST), most), 2)
        yield name, Derived(value, f"the {quantity} of the images differs by {spread:.0%}")


def _cache(course: _Course) -> Derived | None:
    needed = course.facts.images * math.prod(course.sides) * 3 * course.devices
    if needed > CACHED * psutil.virtual_memory().available:
        return None
    return Derived("ram", f"the images take {needed / 1e6:,.0f} MB of memory, and are decoded once")
