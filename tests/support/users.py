"""`detector` as other users of this machine, who share a group; only root can start them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
GROUP = 45_000  # no user and no group of these numbers need be known to the machine
ANN, BEN = 45_001, 45_002
# Where nobody else may enter the home that Python lies in, it is mounted anew, for this process alone.
_AS_USER = """
hidden=$1 python=$2 user=$3; shift 3
if [ -n "$hidden" ]; then
    mount --bind "$python" /mnt && mount -t tmpfs -o mode=0755 none "$hidden" || exit 1
    mkdir -p "$python" && mount --move /mnt "$python" || exit 1
fi
exec setpriv --reuid "$user" --regid GROUP --clear-groups "$@"
""".replace("GROUP", str(GROUP))


def are_to_be_had() -> bool:
    """Whether this process may be another user, and whether that one can read Python and this code."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("setpriv", "unshare"))):
        return False
    return python(ANN, 0o022, Path("/"), "-c", "import detector, numpy").returncode == 0


def python(user: int, umask: int, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Python as this user, at work in `folder`."""
    hidden = next((each for each in reversed(Path(sys.base_prefix).parents) if not each.stat().st_mode & 0o001), "")
    home = folder.parent / f"home-{user}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return subprocess.run(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            _AS_USER,
            "sh",
            hidden,
            sys.base_prefix,
            str(user),
            sys.executable,
            *arguments,
        ],
        cwd=folder,
        umask=umask,
        env=environment | {"HOME": str(home), "USER": str(user), "LOGNAME": str(user), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder of the group, whose files and folders are the group's, too, and beside it a home for each."""
    with TemporaryDirectory(prefix="detector-users-") as place:
        folder = Path(place, "project")
        for each, owner, mode in (
            (Path(place), 0, 0o755), (folder, 0, 0o2775),
            (Path(place, f"home-{ANN}"), ANN, 0o755), (Path(place, f"home-{BEN}"), BEN, 0o755),
        ):  # fmt: skip
            each.mkdir(exist_ok=True)
            os.chown(each, owner, GROUP)
            each.chmod(mode)
        yield folder
