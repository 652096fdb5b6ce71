"""`python -m detector`."""

import os
import sys

# `python -m` looks for modules in the working folder first, where a data set of somebody else's may lie.
if not sys.flags.safe_path and sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109 - nothing more is imported before
    del sys.path[0]

from detector.cli import main

main()
