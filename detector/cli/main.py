"""The group of all commands. Errors are shown here, and only here."""

import contextlib
import os
import sys
from io import StringIO

import click

from detector import __version__
from detector.cli import annotators, data, machine, models, pipeline, serving
from detector.cli.options import say_failure, say_json
from detector.errors import Interrupted, Stopped, UsageError, exit_code, failure, sentence
from detector.orchestrator import stopping
from detector.secrets import protect_environment


def main() -> None:
    """Run a command, show an error as one clear text on stderr, and exit with its code."""
    os.environ["PYTHONSAFEPATH"] = "1"  # whatever Python a library starts imports nothing from the working folder
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them reads every distribution's metadata
    stopping.listen()
    protect_environment(os.environ)
    as_json = "--json" in sys.argv
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        if as_json:
            say_json(failure(UsageError(error.format_message())))
        text = StringIO()
        error.show(text)
        say_failure(text.getvalue().rstrip())
        sys.exit(UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):  # click makes the one of the other
        _fail(Interrupted(), as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (Exception, Stopped) as error:  # noqa: BLE001 - also a bug of ours: said calmly, the run's log has the trace
        _fail(error, as_json)


def _fail(error: BaseException, as_json: bool) -> None:
    with contextlib.suppress(OSError):  # a terminal that was closed
        if as_json:
            say_json(failure(error))
        say_failure(sentence(error))
    sys.exit(exit_code(error))


@click.group(name="detector", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def commands() -> None:
    """Train object detectors from one file: annotations in, engine out.

    \b
    detector init                  write a first pipeline.yaml and a sample project
    detector run                   do what it says; do it again whenever something changed
    """


for module in (pipeline, data, models, serving, annotators, machine):
    for command in vars(module).values():
        if isinstance(command, click.Command):
            commands.add_command(command)
