"""What is told of a training: its arguments, every epoch, and how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.data.epochs import columns_of, parting, table_of
from detector.data.trained import ImageSize, Trained
from detector.models.names import plain_names
from detector.models.quiet import LOG
from detector.models.weights import CUSTOM
from detector.stages.train._devices import CPU
from detector.terms import Task, rounded


def parameters(trainer: Any, size: ImageSize) -> dict[str, object]:
    """Every argument as it was really used, without the paths of this run; what is no JSON, as text."""
    paths = {"data", "model", "pretrained", "save_dir", "project", "name", "exist_ok", "resume"}
    known = vars(trainer.args) | {"imgsz": size if isinstance(size, int) else list(size)}
    used = {name: value for name, value in known.items() if value is not None and name not in paths}
    plain = {name: value if isinstance(value, str | int | float) else str(value) for name, value in used.items()}
    return {f"train/{name}": value for name, value in (plain | {"device": str(trainer.device)}).items()}


def described(trainer: Any, model: str, sides: tuple[int, int]) -> dict[str, object]:
    """The network that is trained.

    What `train.model` names, its scale (a letter, or depth, width and most channels), its number of parameters, and the
    billions of operations that one image takes.
    """
    from ultralytics.utils.torch_utils import get_flops, unwrap_model

    network = unwrap_model(trainer.model)
    scale = network.yaml.get("scale")
    scale = network.yaml["scales"][scale] if scale == CUSTOM else scale
    return {
        "network/model": model,
        "network/scale": str(scale or "its own"),
        "network/parameters": size(trainer),
        "network/GFLOPs": round(get_flops(network, sides), 3),
    }


def size(trainer: Any) -> int:
    """The number of the network's parameters."""
    return sum(parameter.numel() for parameter in trainer.model.parameters())


def metrics(trainer: Any, task: Task) -> dict[str, float]:
    """Losses, learning rates, and what was measured on val in the epoch that has just ended."""
    losses: dict[str, float] = trainer.label_loss_items(trainer.tloss)
    losses |= {name: value for name, value in trainer.metrics.items() if name.startswith("val/")}
    measured = {f"val/{name}": value for name, value in plain_names(trainer.metrics, task).items()}
    rates: dict[str, float] = trainer.lr
    return losses | measured | rates


def documents(folder: Path) -> list[Path]:
    """The plots, the table of epochs, what was derived, and the log."""
    pictures = [*folder.glob("*.png"), *folder.glob("*.jpg")]
    return sorted([*pictures, table_of(folder), Trained(folder).derived_file, folder / LOG])


def overfitting(folder: Path) -> Iterator[str]:
    """What to do, where the network learned its pictures by heart."""
    parted = parting(columns_of(folder))
    if parted is not None:
        yield (
            f"the loss on val rises after epoch {parted.epoch}, by {100 * parted.val:.0f} %, while that on train "
            "falls: the network learns its pictures by heart; more labelled images help most, then stronger "
            "augmentation (train.augment), or a smaller network"
        )


def summary(figures: Mapping[str, float], devices: Sequence[str]) -> str:
    return (
        f"epoch {figures['best_epoch']:.0f} of {figures['epochs']:.0f} is best: "
        f"mAP50 {figures['mAP50']:.3f}, mAP50-95 {figures['mAP50-95']:.3f} on val; "
        f"{rounded(figures['parameters'] / 1e6, 2)} M parameters, on {_in_words(devices)}"
    )


def _in_words(devices: Sequence[str]) -> str:
    if CPU in devices:
        return "the CPU" if len(devices) == 1 else f"the CPU, in {len(devices)} processes"
    return "a GPU" if len(devices) == 1 else f"{len(devices)} GPUs"
