"""`detector serve`: a model behind HTTP, until it is stopped."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.commands.server import server_of
from detector.config.pipeline import Config
from detector.data import deployed
from detector.inference.model import CHAMPION, Model, find, given
from detector.system.cache import CACHE
from detector.web.place import Place, answer, listening, refuse_strangers, url_of

if TYPE_CHECKING:
    from detector.serve.tasks import Source


@dataclass(frozen=True)
class Access:
    """Who may ask (None: everybody), and the pipeline whose Label Studio has tasks to be looked at (None: none)."""

    secret: str | None = None
    tasks_of: Config | None = None


@dataclass(frozen=True)
class Wanted:
    """Which model of which pipeline, and from which score on an object counts (None: the model's own)."""

    which: str
    using: str
    score: float | None
    pipeline: str

    def find(self) -> Model:
        """The model, as it is now. Raises UsageError where there is none."""
        return given(Path(self.which)) or find(self.which, self.using, self.pipeline)

    def changed(self) -> object:
        """Another value than before when the champion may be another."""
        with contextlib.suppress(OSError):
            return deployed.folder_of(self.pipeline).readlink() if self.which == CHAMPION else None
        return None


def serve(wanted: Wanted, place: Place, access: Access, ready: Callable[[str, dict[str, Any]], None]) -> None:
    """Answer until interrupted or stopped. `ready` gets the address and the model, once it listens.

    Raises:
        UsageError: there is no such model, the port is taken, or anybody could ask for pictures of Label Studio's.
    """
    from detector.serve.models import InUse
    from detector.serve.rest import application
    from detector.web.batches import Limits

    if access.tasks_of is not None:
        refuse_strangers(place, access.secret)
    with listening(place) as listener, _source(access.tasks_of) as source:
        CACHE.mkdir(parents=True, exist_ok=True)
        in_use = InUse(wanted.find, wanted.changed, wanted.score, CACHE / "serve.log")
        ready(url_of(listener), in_use.loaded.described)
        answer(application(in_use, Limits(), access.secret, source), listener)


@contextlib.contextmanager
def _source(config: Config | None) -> Iterator["Source | None"]:
    """Where the pictures of Label Studio's tasks are, as `pull` has it. Raises UsageError where it has no server."""
    if config is None:
        yield None
        return
    from detector.label_studio.client import connect
    from detector.serve.label_studio import version_of
    from detector.serve.tasks import Source

    pull = server_of(config, "--label-studio needs its address and a token")
    with connect(pull.url, pull.token.get_secret_value(), pull.private_hosts) as connection:
        yield Source(connection, config.name, config.classes, partial(version_of, config.name))
