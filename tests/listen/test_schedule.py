"""When a run is due, what a webhook says, and who may send one: no clock, no network."""

import base64
import json

import pytest

from detector.errors import UsageError
from detector.listen.schedule import PAUSES, When, due_in, is_worth_another_try, pause_after
from detector.listen.webhooks import ACTIONS, Ignored, News, read
from detector.web.secret import NAME, header, knows, secret_of

WHEN = When(quiet_for=600, after=5)


@pytest.mark.parametrize(
    ("changes", "quiet", "seconds"),
    [(0, 0, None), (0, 9999, None), (1, 0, 600), (1, 590, 10), (4, 600, 0), (4, 700, 0), (5, 0, 0), (9, 1, 0)],
)
def test_a_run_is_due_after_quiet_or_with_so_many_changes(changes, quiet, seconds):
    assert due_in(WHEN, changes, quiet) == seconds


def test_what_may_pass_is_tried_again_with_growing_pauses_and_the_rest_is_not():
    assert [code for code in (0, 1, 2, 3, 11, 75, 99, 130, -9, -15) if is_worth_another_try(code)] == [
        11, 75, 130, -9, -15,
    ]  # fmt: skip
    pauses = [pause_after(None)]
    for _ in range(9):
        pauses.append(pause_after(pauses[-1]))
    assert pauses[:3] == [60, 120, 240]
    assert pauses == sorted(pauses)
    assert pauses[-1] == PAUSES[1]


def body(action, **more):
    return json.dumps({"action": action} | more).encode()


@pytest.mark.parametrize("action", [*ACTIONS, "ANNOTATION_DELETED"])
def test_annotations_and_tasks_count_with_a_payload_or_without(action):
    for project in ({}, {"project": {"id": 3, "title": "Cells", "task_number": 9}}):
        assert read(body(action, **project), 3) == read(body(action, **project), "Cells") == News(action, 1)
    assert read(body(action, project={"id": 4, "title": "Discs"}), 3) == Ignored("it is of another project")
    assert read(body(action, project={"id": 3, "title": "3"}), "Cells") == Ignored("it is of another project")


def test_of_many_annotations_each_counts():
    assert read(body("ANNOTATIONS_CREATED", annotation=[{"id": 1}, {"id": 2}]), 3).changes == 2
    assert read(body("ANNOTATIONS_DELETED", annotations=[{"id": 1}, {"id": 2}, {"id": 5}]), 3).changes == 3
    assert read(body("ANNOTATIONS_DELETED", annotations=[]), 3).changes == 1
    assert read(body("TASKS_CREATED", tasks=[{"id": 1}] * 500), 3).changes == 1


@pytest.mark.parametrize("action", ["PROJECT_UPDATED", "LABEL_LINK_CREATED", "START_TRAINING", ""])
def test_what_changes_no_data_is_ignored(action):
    assert read(body(action), 3) == Ignored("it is not about annotations or tasks")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b'{"action": "TASKS_CREATED", "annotation": ' + b"[" * 100_000, "the body is not JSON"),
        (b"[]", "no webhook of Label Studio's: Expected `object`, got `array`"),
        (b"{}", "missing required field `action`"),
        (b'{"action": 3}', r"Expected `str`, got `int` - at `\$.action`"),
        (b'{"action": "ANNOTATION_CREATED", "project": 3}', r"got `int` - at `\$.project`"),
    ],
)
def test_what_is_no_webhook_is_a_sentence(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(content, 3)


SECRET = "correct-horse-battery"


def basic(text):
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_who_sends_the_secret_is_let_in_and_nobody_else():
    taken = [header(SECRET)["Authorization"], f"bearer  {SECRET} ", basic(f"anybody:{SECRET}"), basic(f":{SECRET}")]
    assert all(knows(SECRET, each) for each in taken)
    refused = [
        None, "", SECRET, "Bearer", "Bearer ", f"Bearer {SECRET}x", f"Bearer {SECRET[:-1]}", f"Token {SECRET}",
        basic(SECRET), basic(f"{SECRET}:"), basic(f"a:b:{SECRET}"), "Basic ???", "Basic /w==", "Bearer größe",
    ]  # fmt: skip
    assert not any(knows(SECRET, each) for each in refused)
    assert knows(None, None)


def test_a_secret_that_can_be_guessed_or_not_sent_is_refused():
    assert secret_of({}) is secret_of({NAME: " "}) is None
    assert secret_of({NAME: f"{SECRET}\n"}) == SECRET
    for bad in ("short", "s" * 15, "größe" * 4, "two lines of\nsecrets"):
        with pytest.raises(UsageError, match="takes 16 or more ASCII characters") as failure:
            secret_of({NAME: bad})
        assert bad not in str(failure.value)
