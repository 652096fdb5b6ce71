"""One shard of a stage, on the machine that an engine has chosen: `python -m detector.engine._shard PARCEL TO`.

PARCEL has the work and its items. TO gets how many things were done, and what came of them. Why it failed is printed,
as `--json` says it.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from detector.engine._parcel import pack, unpack
from detector.errors import exit_code, failure
from detector.secrets import protect_environment


def main(parcel: Path, to: Path) -> None:
    """Do it; exit with the code of what is raised."""
    protect_environment(os.environ)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print, too
    counts: list[int] = []
    try:
        work, items = unpack(parcel)
        output = work(items, counts.append)
        pack(to, (sum(counts), output))
    except Exception as error:  # noqa: BLE001 - told where the run is
        traceback.print_exc()
        print(json.dumps(failure(error)), file=out, flush=True)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
