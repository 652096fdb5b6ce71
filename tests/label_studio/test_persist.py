"""Asking again, and for how long."""

import time
from email.utils import formatdate

import pytest

from detector.label_studio import persist
from detector.label_studio.persist import Passing, asked_to_wait


@pytest.fixture
def slept(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_it_waits_longer_each_time_or_as_long_as_it_is_told(slept):
    failures = [Passing("busy"), Passing("busy", after=9), Passing("busy", after=3600)]

    def ask():
        if failures:
            raise failures.pop(0)
        return "answer"

    assert persist.persist(ask) == "answer"
    assert slept == [1, 9, persist.LONGEST]


def test_it_gives_up_after_the_fourth_time(slept):
    asked = []

    def ask():
        asked.append(1)
        raise Passing("busy")

    with pytest.raises(Passing):
        persist.persist(ask)
    assert (len(asked), slept) == (4, [1, 2, 4])


def test_retry_after_is_a_number_or_a_date():
    assert asked_to_wait({"retry-after": "17"}) == 17
    assert asked_to_wait({"retry-after": formatdate(time.time() + 30, usegmt=True)}) == pytest.approx(30, abs=2)
    assert asked_to_wait({"retry-after": formatdate(time.time() - 30, usegmt=True)}) == 0
    assert asked_to_wait({"retry-after": "soon"}) is None
    assert asked_to_wait({}) is None
