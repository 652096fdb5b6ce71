"""A database that mongod can't read: it is set aside for whoever can do with an empty one, and kept."""

import json

import pymongo
import pytest

from detector.browse import mongod
from detector.browse.damaged import damaged, identify
from detector.browse.database import connected
from detector.errors import DetectorError, TryAgain


@pytest.fixture(autouse=True)
def no_database_of_the_user(monkeypatch):
    monkeypatch.delenv(mongod.VARIABLE, raising=False)


@pytest.fixture
def filled(tmp_path):
    with mongod.serve(tmp_path) as uri, pymongo.MongoClient(uri) as client:
        client.fiftyone.numbers.insert_many([{"_id": number, "text": "x" * 1000} for number in range(500)])
    return tmp_path


def count(uri):
    with pymongo.MongoClient(uri) as client:
        return len(list(client.fiftyone.numbers.find()))


def damage(folder, names, how):
    for file in folder.glob(f"db/{names}"):
        content, middle = file.read_bytes(), file.stat().st_size // 2
        garbage = bytes(byte ^ 0x55 for byte in content[middle : middle + 4096])
        file.write_bytes(b"" if how == "emptied" else content[:middle] + garbage + content[middle + 4096 :])


@pytest.mark.parametrize(
    ("names", "how"),
    [("WiredTiger.wt", "emptied"), ("WiredTiger.turtle", "changed"), ("storage.bson", "changed"), ("*.wt", "emptied")],
)
def test_one_that_mongod_does_not_start_on_is_set_aside(filled, names, how):
    identity = (filled / "db/detector.id").read_text()
    damage(filled, names, how)
    with pytest.raises(DetectorError, match="mongod did not start"), mongod.serve(filled):
        pass
    assert not list(filled.glob("db.damaged*"))
    told = []
    with mongod.serve(filled, told.append) as uri:
        assert count(uri) == 0
    [aside] = filled.glob("db.damaged-*")
    assert told == [
        f"FiftyOne's database could not be read any more and was set aside as {aside} (its mongod.log says why); "
        "it is made anew"
    ]
    assert (aside / "detector.id").read_text() == identity != (filled / "db/detector.id").read_text()
    assert "fassert" in (aside / "mongod.log").read_text()


def test_one_that_mongod_dies_on_later_is_set_aside_then(filled):
    with mongod.serve(filled) as uri, pymongo.MongoClient(uri) as client:
        table = client.fiftyone.command("collstats", "numbers")["wiredTiger"]["uri"].rpartition(":")[2]
    damage(filled, f"{table}.wt", "emptied")
    with (
        pytest.raises(TryAgain, match=r"set aside as .*db\.damaged-.*; run again, and it is made anew"),
        connected(filled, pytest.fail) as fiftyone,
    ):
        count(fiftyone.config.database_uri)
    with mongod.serve(filled) as uri:
        assert count(uri) == 0


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"s": "F", "msg": "Fatal assertion", "attr": {"error": "28: No space left on device"}}, False),
        ({"s": "F", "msg": "Fatal assertion", "attr": {"error": "WT_TRY_SALVAGE: database corruption detected"}}, True),
        ({"s": "W", "msg": "Soft rlimits for open file descriptors too low"}, False),
    ],
)
def test_what_is_wrong_with_the_machine_is_no_damage(tmp_path, entry, told):
    (tmp_path / "mongod.log").write_text(json.dumps(entry) + "\n{cut sh")
    assert damaged(tmp_path) == told


def test_without_a_log_nothing_is_damaged(tmp_path):
    assert not damaged(tmp_path)


def test_a_database_keeps_its_identity_until_it_is_another(filled):
    first = (filled / "db/detector.id").read_text()
    identify(filled)
    assert (filled / "db/detector.id").read_text() == first
    for file in filled.glob("db/WiredTiger*"):
        file.unlink()
    identify(filled)
    assert (filled / "db/detector.id").read_text() != first
