"""`detector listen`: Label Studio's webhooks start runs, until it is stopped."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.commands.server import server_of
from detector.config.pipeline import Config
from detector.data.places import RUNS
from detector.errors import Locked, UsageError
from detector.reporting.costs import duration
from detector.system.lock import locked
from detector.web.place import Place, answer, listening, refuse_strangers, url_of

if TYPE_CHECKING:
    from detector.listen.runner import Event, Runner
    from detector.listen.schedule import When

PLACE = RUNS / "listen"  # a folder for each pipeline
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


@dataclass(frozen=True)
class Wanted:
    """Where to listen, when to run, who may tell, and under which address Label Studio reaches us, if it is to know."""

    place: Place
    when: "When"
    secret: str | None
    register: str | None


def listen(config: Config, file: Path, wanted: Wanted, tell: Callable[["Event"], None]) -> None:
    """Answer until interrupted or stopped, and start runs of the pipeline in `file`. `tell` gets what happens.

    Raises:
        UsageError: the pipeline does not pull from a server, others could tell without a secret, or the port is taken.
        Locked: another one listens for this pipeline.
        TryAgain: Label Studio can't be reached to register.
    """
    from detector.listen.received import Received
    from detector.listen.rest import PATH, application
    from detector.listen.runner import Runner

    options = server_of(config, "listen hears of its changes; for others, start `detector run` by a schedule")
    refuse_strangers(wanted.place, wanted.secret)
    folder = PLACE / config.name
    with _alone(folder), listening(wanted.place) as listener, contextlib.closing(Received(folder)) as received:
        url = f"{url_of(listener)}{PATH}"
        registered = _register(options, wanted) if wanted.register is not None else None
        waiting = received.changes
        tell(
            {"status": "listening", "url": url, "project": options.project, "changes": waiting, "webhook": registered}
            | wanted.when._asdict()
        )
        command = [sys.executable, "-m", "detector", "run", str(file)]
        with _started(Runner(received, wanted.when, command, tell)) as runner:
            answer(application(received, runner, options.project, wanted.secret), listener)


@contextlib.contextmanager
def _started(runner: "Runner") -> Iterator["Runner"]:
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(folder / ".lock"))
        except Locked as error:
            raise Locked(f"another `detector listen` is at work here already: see {folder}/.lock") from error
        yield


def _register(options: Any, wanted: Wanted) -> dict[str, str]:
    """The webhook's address, and what was done with it."""
    from detector.label_studio.client import connect
    from detector.label_studio.projects import find_project
    from detector.label_studio.webhooks import register
    from detector.listen.rest import PATH
    from detector.listen.webhooks import ACTIONS
    from detector.web.secret import header

    base = str(wanted.register)
    if not _ADDRESS.fullmatch(base):
        raise UsageError("--register takes the address at which Label Studio reaches us: http://detector.example:8001")
    address = f"{base.rstrip('/').removesuffix(PATH)}{PATH}"
    headers = {} if wanted.secret is None else header(wanted.secret)
    with connect(options.url, options.token.get_secret_value()) as connection:
        project = find_project(connection, options.project)
        return {"url": address, "done": register(connection, project, address, headers, ACTIONS)}


def line(event: "Event") -> tuple[str, str]:
    """The same for a person: title and text."""
    return {"listening": _listening, "running": _running, "ended": _ended}[event["status"]](event)


def _listening(event: "Event") -> tuple[str, str]:
    text = f"{event['url']}, for the project “{event['project']}” of Label Studio  (Ctrl-C ends it)"
    if event["webhook"]:
        text += f"\nthe webhook to {event['webhook']['url']} is {event['webhook']['done']}"
    text += f"\na run starts {duration(event['quiet_for'])} after the last change, or with {event['after']:,} changes"
    if event["changes"]:
        text += f"; {_changes(event['changes'])} from before"
    return "listening", text


def _running(event: "Event") -> tuple[str, str]:
    return "run", f"for {_changes(event['changes'])}" if event["changes"] else "for what came while nothing listened"


def _ended(event: "Event") -> tuple[str, str]:
    code, again = event["exit_code"], event["again_in"]
    text = event["error"] or (f"was killed by signal {-code}" if code < 0 else f"exit code {code}")
    after = f"; again in {duration(again)}" if again else ""
    return "run", text + (after or ("" if code == 0 else "; the next change starts another" if code in _TOLD else ""))


def _changes(number: int) -> str:
    return f"{number:,} change{'' if number == 1 else 's'}"


_TOLD = (1, 2, 3)
