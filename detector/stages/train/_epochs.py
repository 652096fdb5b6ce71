"""What happens at the start of a training and at the end of each epoch: it is kept, and told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detector.data.trained import ImageSize, sides
from detector.models.quiet import threads_for
from detector.stages import Job
from detector.stages.train._checkpoint import keep_whole
from detector.stages.train._failures import Watch
from detector.stages.train._network import model_of
from detector.stages.train._options import Options
from detector.stages.train._told import described, metrics, parameters


@dataclass
class Epochs:
    """Callbacks of one training. `parameters` are what is known before it begins, and then all that it had."""

    job: Job[Options]
    size: ImageSize
    devices: tuple[str, ...]
    advance: Callable[[int], None]
    watch: Watch
    parameters: dict[str, object]

    def follow(self, trainer: Any) -> None:
        """The training begins, in a process that keeps and tells nothing."""
        self.watch.begin(trainer)
        _use_threads(trainer, sides(self.size))

    def begin(self, trainer: Any) -> None:
        """The training begins."""
        self.follow(trainer)
        keep_whole(trainer, self.size)
        network = described(trainer, model_of(self.job.options.model, self.job.pipeline.task), sides(self.size))
        shared = {"train/device": ",".join(self.devices)} if len(self.devices) > 1 else {}
        self.parameters |= parameters(trainer, self.size) | network | shared
        self.job.report.parameters(self.parameters)

    def end(self, trainer: Any) -> None:
        """An epoch has ended, and its weights are kept."""
        self.watch.end_epoch(trainer)
        self.job.report.metrics(metrics(trainer, self.job.pipeline.task), step=trainer.epoch + 1)
        self.advance(1)


def _use_threads(trainer: Any, size: tuple[int, int]) -> None:
    import torch
    from ultralytics.utils.torch_utils import unwrap_model

    if trainer.device.type == "cpu":
        torch.set_num_threads(threads_for(unwrap_model(trainer.model), size, trainer.batch_size))
