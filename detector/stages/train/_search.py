"""What a search for better training arguments tries, and from where it sets out."""

import math
from typing import Any, NamedTuple

from detector.data.dataset import Dataset
from detector.stages.train._arguments import default_of
from detector.stages.train._defaults import Settings, settle
from detector.stages.train._devices import shares
from detector.stages.train._facts import facts_of
from detector.stages.train._options import Options
from detector.stages.train._tune import Tune, Values, is_whole
from detector.stages.train._values import IGNORED_IF_AUTO, is_auto

FEW = ("lr0", "weight_decay", "mosaic", "scale", "translate", "hsv_v", "close_mosaic")  # what matters most
DIGITS = 4  # of a number that is tried: what is trained is what a person would write into the file
_TIMES = 5.0  # a learning rate and a weight decay are tried from a fifth of what they are to five times that
_AROUND = {"mosaic": (1.0, 1.0), "scale": (0.4, 0.9), "translate": (0.1, 0.5), "hsv_v": (0.3, 0.9)}  # reach, most


class Search(NamedTuple):
    """The arguments to try.

    `space` is what each may be, `whole` are those with whole numbers, `own` is what the pipeline has now of them (None:
    none that can be told), and `beside` is what every trial sets besides. A trial has so many `epochs` at most.
    """

    space: dict[str, Values]
    whole: frozenset[str]
    own: dict[str, Any]
    beside: dict[str, Any]
    epochs: int


def searched(options: Options, dataset: Dataset) -> Search:
    """What `options.tune` asks for on this version; with no space, the FEW around what the pipeline has now.

    That is what is written, or else derived from the data, or else Ultralytics' default.
    """
    settings, space = settle(options, facts_of(dataset), shares(options.device)), (options.tune or Tune()).space
    names = tuple(space) or FEW
    auto = is_auto(settings.arguments.get("optimizer", "")) and "optimizer" not in space
    chosen = _chosen(settings, dataset) if auto and not IGNORED_IF_AUTO.isdisjoint(names) else {}
    own = {name: {**settings.arguments, **chosen}.get(name, default_of(name)) for name in names}
    if isinstance(own.get("close_mosaic"), int):
        own["close_mosaic"] = min(own["close_mosaic"], settings.epochs)
    space = space or _around(own, settings.epochs)
    whole = frozenset(name for name, values in space.items() if values.bounds and is_whole(name, values))
    own, beside = {name: own[name] for name in space}, {name: chosen[name] for name in chosen if name not in space}
    return Search(space, whole, own, beside, settings.epochs)


def _around(own: dict[str, Any], epochs: int) -> dict[str, Values]:
    """Ranges of the FEW with what they are now inside."""
    space = {name: _magnitudes(own[name]) for name in ("lr0", "weight_decay")}
    for name, (reach, most) in _AROUND.items():
        if isinstance(own[name], int | float):  # `scale` may be a list, which is a wish of its own
            low, high = max(own[name] - reach, 0.0), max(min(own[name] + reach, most), own[name])
            space[name] = Values(range=(round(low, DIGITS), round(high, DIGITS)))
    space["close_mosaic"] = Values(range=(0, max(math.ceil(epochs / 2), own["close_mosaic"], 1)))
    return space


def _magnitudes(value: float) -> Values:
    if value <= 0:
        return Values(range=(0.0, 0.001))
    low, high = (float(f"{bound:.{DIGITS}g}") for bound in (value / _TIMES, value * _TIMES))
    return Values(log=(low, min(high, 1.0)))


def _chosen(settings: Settings, dataset: Dataset) -> dict[str, Any]:
    """What Ultralytics takes for `optimizer: auto` on this version, as arguments; it is asked, in a moment."""
    from types import SimpleNamespace

    from torch import nn
    from ultralytics.engine.trainer import BaseTrainer

    arguments = SimpleNamespace(optimizer="auto", lr0=default_of("lr0"), warmup_bias_lr=default_of("warmup_bias_lr"))
    trainer = SimpleNamespace(args=arguments, data={"nc": len(dataset.classes)})
    nominal = settings.arguments.get("nbs", default_of("nbs"))
    steps = math.ceil(dataset.on("train").images / max(settings.batch, nominal)) * settings.epochs
    network = nn.Module()
    network.model = nn.Sequential(nn.Linear(1, 1))  # any will do: the choice depends on classes and steps
    group = BaseTrainer.build_optimizer(trainer, network, "auto", iterations=steps).param_groups[0]
    momentum = group["betas"][0] if "betas" in group else group["momentum"]
    chosen = {"optimizer": arguments.optimizer, "lr0": arguments.lr0, "momentum": momentum}
    return {**chosen, "warmup_bias_lr": arguments.warmup_bias_lr}
