"""One shard of a stage, on the machine that an engine has chosen: `python -m detector.engine.shards.shard PARCEL TO`.

PARCEL has the work and its items. TO gets how many things were done, and what came of them. Why it failed is printed,
as `--json` says it.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path

from detector.engine.shards.parcel import pack, unpack
from detector.errors import Stopped, exit_code, failure
from detector.secrets import protect_environment, without_secrets


def main(parcel: Path, to: Path) -> None:
    """Do it; exit with the code of what is raised. There is nothing to do where the run is gone."""
    if not parcel.exists():
        return
    signal.signal(signal.SIGTERM, _stop)
    protect_environment(os.environ)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print, too
    counts: list[int] = []
    try:
        work, items = unpack(parcel)
        output = work(items, counts.append)
        pack(to, (sum(counts), output))
    except (Exception, Stopped) as error:  # noqa: BLE001 - told where the run is
        sys.stderr.write(without_secrets(traceback.format_exc()))
        print(json.dumps(failure(error)), file=out, flush=True)
        sys.exit(exit_code(error))


def _stop(_number: int, _frame: object) -> None:
    raise Stopped("it was stopped")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
