"""The command line: a command parses, makes one call, and prints. What it does is in `detector.commands`.

main        the group of all commands, and the one place where errors are shown
options     what several commands take
pipeline    init, validate, plan, run, schema
data        status, app, diff, prune
models      tune, champion, engines, compare, rollback, predict
serving     serve, demo, listen
annotators  push, review
machine     doctor
"""

from detector.cli.main import main

__all__ = ["main"]
