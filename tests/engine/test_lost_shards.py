"""Shards that are lost again and again, on an engine of processes on this machine: the real shards, killed as said."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from detector.engine import AGAIN, Cluster, Ended, Machines
from detector.engine import shards as away
from detector.errors import DetectorError
from detector.system.cores import cores

WORKERS = 2
LOSSES = AGAIN * WORKERS  # that are borne


class Here:
    """An engine whose first shards are killed."""

    def __init__(self, losses):
        self.losses, self.started = losses, 0
        self.processes = []

    def missing(self):
        return None

    @contextmanager
    def cluster(self, _options, _logs):
        try:
            yield Cluster("this machine", self.start)
        finally:
            for process in self.processes:
                process.kill()
                process.wait()

    def start(self, command):
        self.started += 1
        process = subprocess.Popen([sys.executable, "-m", command.module, *command.arguments], cwd=command.folder)
        self.processes.append(process)
        if self.started <= self.losses:
            process.kill()
        return lambda: Ended(process.returncode, "it was lost", "here") if process.poll() is not None else None


class Using(Machines):
    using: str = "here"


def doubled(items, advance):
    advance(len(items))
    return [2 * item for item in items]


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """The work on twelve things, by six shards, so many of which are lost; how many were started, and what was told."""

    def work(losses):
        engine, told, done = Here(losses), [], []
        monkeypatch.setattr(away, "load", lambda _: engine)
        monkeypatch.setattr(away, "missing", lambda _: None)
        shards = away.shared(Using(workers=WORKERS, cpus=cores()), tmp_path, lambda *line: told.append(line))
        try:
            outputs = shards(doubled, range(12), done.append, least=1)
        finally:
            assert list(tmp_path.iterdir()) == []
        return outputs, sum(done), engine.started, told

    return work


def test_as_many_losses_as_are_borne_cost_their_own_work_only(shared):
    outputs, done, started, told = shared(LOSSES)
    assert [each for part in outputs for each in part] == [2 * item for item in range(12)]
    assert (done, started) == (12, 6 + LOSSES)
    assert told == [("engine", "this machine"), *[("", "a shard on here ended: it was lost; it starts again")] * LOSSES]


def test_one_more_ends_the_run(shared):
    with pytest.raises(DetectorError, match=r"^a shard on here ended: it was lost$"):
        shared(LOSSES + 1)
