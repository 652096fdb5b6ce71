"""The Label Studio server that a pipeline pulls from."""

from typing import Any

from detector.config.pipeline import Config
from detector.errors import UsageError


def server_of(config: Config, why: str) -> Any:
    """The options of `pull`: `url`, `token`, `project` and `private_hosts`. Raises UsageError for another source."""
    options = next(step.options for step in config.steps if step.stage == "pull")
    if options.using != "label_studio":
        raise UsageError(
            f"{config.name} pulls from {options.using}, not from a Label Studio server ({why}); see pull: {{using:"
            " label_studio}"
        )
    return options
