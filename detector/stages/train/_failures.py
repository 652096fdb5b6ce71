"""How a training fails for a reason that a person can mend: told in one sentence, with the way out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from detector.errors import DetectorError, UsageError


class Diverged(DetectorError):
    """The weights are no numbers any more: nothing is learned from there, and nothing to go on from."""


@dataclass
class Watch:
    """Whether the first epoch has begun, and the numbers of the one that goes on."""

    trainer: Any = None

    def begin(self, trainer: Any) -> None:
        """Epochs begin: from now on, what fails is no setting that Ultralytics refuses."""
        self.trainer = trainer

    def end_epoch(self, trainer: Any) -> None:
        """Raise Diverged where Ultralytics would go on with weights of NaN, for want of an epoch before to go back to.

        After that it goes back to the last epoch that was sound, and gives up by itself (see `in_words`).
        """
        if trainer.loss.isfinite() or trainer.epoch > trainer.start_epoch:
            return
        if not all(parameter.isfinite().all() for parameter in trainer.model.parameters()):
            raise Diverged(_diverged(trainer))


@contextmanager
def in_words(watch: Watch) -> Iterator[None]:
    """Inside, a failure that a setting causes is told as such.

    Raises:
        UsageError: Ultralytics refuses a setting, before the first epoch.
        Diverged: The loss has been NaN for epochs.
        DetectorError: The memory of the GPU is too small; processes that share the training don't reach each other.
    """
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DetectorError(
            "the memory of the GPU is too small for this training; set train.batch or train.image_size lower, "
            "or take a smaller train.model"
        ) from error
    except (DetectorError, OSError):
        raise
    except torch.distributed.DistError as error:
        raise DetectorError(f"the processes of the training can't reach each other: {_sentence(error)}") from error
    except Exception as error:
        if watch.trainer is None:
            raise UsageError(f"Ultralytics refuses to train with these settings: {_sentence(error)}") from error
        if isinstance(error, RuntimeError) and re.search(r"\bNaN\b", str(error)):
            raise Diverged(_diverged(watch.trainer)) from error
        raise


def _diverged(trainer: Any) -> str:
    loss, epoch = float(trainer.loss), trainer.epoch + 1
    amp = ", and amp: false" if trainer.amp else ""
    return (
        f"the training diverged: its loss was {loss} in epoch {epoch}, and the weights are lost; "
        f"set lr0 in train.options lower than {trainer.args.lr0:g}{amp}, or leave out gains such as box and cls"
    )


def _sentence(error: Exception) -> str:
    """The first line of what Ultralytics says, without colours and emoji."""
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return re.sub(r"\x1b\[[0-9;]*m|[^\x00-\uffff]|❌|⚠️", "", first).strip()
