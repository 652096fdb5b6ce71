"""Two users of a group at work in one folder, with an umask that lets the group write, and with one that does not."""

import json
import os
import subprocess

import pytest

from detector.browse import mongod
from detector.errors import SHARED
from tests.support import cut_short, users
from tests.support.users import ANN, BEN

pytestmark = pytest.mark.skipif(not users.are_to_be_had(), reason="only root can be other users")
CHANGED = ("--set", "convert.split.val=0.5")


@pytest.fixture
def folder():
    """A project that Ann alone has made, and nobody run."""
    with users.shared_folder() as folder:
        yield folder


def project(folder, umask):
    for path in [*cut_short.project(folder).rglob("*")]:
        os.chown(path, ANN, users.GROUP)
        path.chmod((0o2777 if path.is_dir() else 0o666) & ~umask)


def detector(user, umask, folder, *arguments):
    """What it says in JSON, with its exit code."""
    more = ("--until", "check") if arguments[0] in {"run", "plan"} else ()
    done = users.python(user, umask, folder, "-m", "detector", *arguments, *more, "--json")
    assert "unexpected" not in done.stdout + done.stderr
    return json.loads(done.stdout) | {"code": done.returncode}


def everything(folder):
    """Each path with its owner, mode, and time."""
    stats = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (stat.st_uid, stat.st_mode, stat.st_mtime_ns) for path, stat in stats.items()}


def test_what_a_group_may_write_each_can_go_on_with(folder):
    project(folder, 0o002)
    first = detector(ANN, 0o002, folder, "run")
    assert (first["code"], first["status"]) == (0, "done")
    closed = [path for path, (_, mode, _) in everything(folder).items() if mode & 0o020 == 0]
    data = [path for path in closed if path.is_file() and {"datasets", "dataset"} & {*path.parts}]  # for all read-only
    assert data
    assert [path for path in closed if path not in data] == []
    assert detector(BEN, 0o002, folder, "run")["status"] == "unchanged"
    assert detector(BEN, 0o002, folder, "verify")["status"] == "whole"
    second = detector(BEN, 0o002, folder, "run", *CHANGED)
    assert (second["code"], second["status"]) == (0, "done")
    pruned = detector(BEN, 0o002, folder, "prune", "--keep", "1")
    assert (pruned["code"], f"runs/{pruned['runs'][0]}") == (0, first["run"])
    assert detector(ANN, 0o002, folder, "run", *CHANGED)["status"] == "unchanged"


def test_prune_goes_on_where_it_may_not_remove_what_another_made(folder):
    project(folder, 0o002)
    assert detector(ANN, 0o002, folder, "run")["status"] == "done"
    mine = detector(BEN, 0o022, folder, "run", *CHANGED)
    assert detector(ANN, 0o002, folder, "run", "--set", "convert.split.val=0.1")["status"] == "done"
    pruned = detector(ANN, 0o002, folder, "prune", "--keep", "1")
    assert (pruned["code"], len(pruned["runs"]), len(pruned["versions"])) == (0, 2, 2)
    assert f"{mine['run']} could not be removed, or not all of it" in " ".join(pruned["notes"])
    assert detector(BEN, 0o022, folder, "prune", "--keep", "1")["notes"] == []
    assert [*folder.rglob(".pruned-*")] == []


SERVE = """
from pathlib import Path
from detector.browse import mongod
with mongod.serve(Path("runs/fiftyone")):
    print(*sorted(str(path.parent) for path in Path("runs").rglob("address.json")))
"""


def test_each_has_a_mongod(folder, monkeypatch):
    """Who opens files that another user made may not ask for what mongod asks for."""
    monkeypatch.delenv(mongod.VARIABLE, raising=False)
    asked = [users.python(user, 0o002, folder, "-c", SERVE) for user in (ANN, BEN, ANN)]
    places = ["runs/fiftyone", f"runs/fiftyone/user-{BEN}", "runs/fiftyone"]
    assert [done.stdout.strip() for done in asked] == places, asked


def test_what_only_its_owner_may_write_is_refused_with_the_way_out(folder):
    project(folder, 0o022)
    assert detector(ANN, 0o022, folder, "run")["status"] == "done"
    before = everything(folder)
    for arguments in (("run",), ("prune", "--keep", "1")):
        refused = detector(BEN, 0o022, folder, *arguments)
        said = f"runs/.lock: Permission denied; this user must be able to read and write there ({SHARED})"
        assert (refused["code"], refused["error"]) == (1, said)
    for looks in ("status", "verify", "plan"):
        assert detector(BEN, 0o022, folder, looks)["code"] == 0
    assert everything(folder) == before
    assert detector(ANN, 0o022, folder, "run")["status"] == "unchanged"
    subprocess.run(["chmod", "-R", "g+rwX", "."], cwd=folder, check=True)
    assert detector(BEN, 0o002, folder, "run", *CHANGED)["status"] == "done"
