"""The runs of a listener, by real processes: what is tried again and when, what ends them, and what people read."""

import queue
import socket

import pytest

from detector.commands.listen import line
from detector.listen import schedule
from detector.listen.received import Received
from detector.listen.runner import Runner
from detector.listen.schedule import When
from detector.listen.webhooks import News
from detector.web.place import Place, listening

ONE = News("ANNOTATION_CREATED", 1)
WAIT = 60


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Start a runner of a shell command; gives it, what was received, and the queue of what it tells."""
    monkeypatch.setattr(schedule, "PAUSES", (0.1, 0.4))
    begun = []

    def begin(command, *before, after=1):
        received, told = Received(tmp_path), queue.Queue()
        received.add(before)
        begun.append(Runner(received, When(3600, after), ["sh", "-c", command], told.put))
        begun[-1].start()
        return begun[-1], received, told

    yield begin
    for runner in begun:
        runner.stop()


def told(events):
    """The next two: how many changes a run took, its exit code, and in how many seconds it is tried again."""
    running, ended = (events.get(timeout=WAIT) for _ in range(2))
    assert (running["status"], ended["status"]) == ("running", "ended")
    return running["changes"], ended["exit_code"], ended["again_in"]


def test_a_run_that_may_pass_is_tried_again_with_all_that_came_until_it_does(begin, tmp_path):
    runner, received, events = begin(f"[ -e {tmp_path}/well ] || exit 75", ONE)
    assert [told(events) for _ in range(3)] == [(1, 75, 0.1), (1, 75, 0.2), (1, 75, 0.4)]
    received.add([ONE])
    runner.heard()
    (tmp_path / "well").touch()
    while (ended := told(events))[1] == 75:
        assert ended[2] == 0.4  # longer than that it never waits
    assert ended == (2, 0, None)
    assert (received.changes, runner.due_in(), Received(tmp_path).changes) == (0, None, 0)


def test_one_that_can_not_be_started_is_tried_again(begin, monkeypatch, tmp_path):
    runner, _, events = begin("exit 0", after=2)
    assert told(events) == (0, 0, None)
    monkeypatch.setattr(runner, "_command", [str(tmp_path / "gone")])
    runner._received.add([ONE, ONE])
    runner.heard()
    ended = events.get(timeout=WAIT)
    assert (ended["exit_code"], ended["error"]) == (None, "could not be started (No such file or directory)")
    assert ended["again_in"] == 0.1
    assert line(ended)[1] == "could not be started (No such file or directory); again in 0.1 s"


def test_a_stop_ends_the_run_as_sigterm_does_and_what_it_took_is_kept(begin, tmp_path):
    runner, _, events = begin("trap 'exit 75' TERM; while :; do sleep 0.1; done", ONE)
    events.get(timeout=WAIT)
    runner.stop()
    ended = events.get(timeout=WAIT)
    assert (ended["exit_code"] in {75, -15}, ended["again_in"]) == (True, None)
    assert Received(tmp_path).changes == 1


def test_so_many_changes_start_one_at_once_and_fewer_wait(begin):
    runner, received, events = begin("exit 0", after=3)
    assert told(events) == (0, 0, None)  # the first: what came while nothing listened
    received.add([ONE, ONE])
    runner.heard()
    assert 0 < runner.due_in() <= 3600
    received.add([ONE])
    runner.heard()
    assert told(events) == (3, 0, None)


@pytest.mark.parametrize(
    ("code", "again", "text"),
    [
        (0, None, "exit code 0"),
        (1, None, "exit code 1; the next change starts another"),
        (75, 120.0, "exit code 75; again in 2 min 0 s"),
        (75, None, "exit code 75"),
        (-9, 60.0, "was killed by signal 9; again in 1 min 0 s"),
    ],
)
def test_how_a_run_ended_is_one_line(code, again, text):
    assert line({"status": "ended", "exit_code": code, "error": None, "again_in": again}) == ("run", text)


def test_the_end_of_an_answer_does_not_wait_for_the_client():
    """asyncio sets this on sockets that it makes itself, and this one it is given: each answer took 40 ms longer."""
    with listening(Place("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_person_reads_where_it_listens_what_waits_and_why_a_run_starts():
    listening = {"status": "listening", "url": "http://127.0.0.1:8001/webhook", "project": "Cells", "changes": 3}
    listening |= {"webhook": {"url": "http://a.example:8001/webhook", "done": "made"}, "quiet_for": 90.0, "after": 1000}
    assert line(listening) == (
        "listening",
        "http://127.0.0.1:8001/webhook, for the project “Cells” of Label Studio  (Ctrl-C ends it)\n"
        "the webhook to http://a.example:8001/webhook is made\n"
        "a run starts 1 min 30 s after the last change, or with 1,000 changes; 3 changes from before",
    )
    assert line({"status": "running", "changes": 0}) == ("run", "for what came while nothing listened")
    assert line({"status": "running", "changes": 1}) == ("run", "for 1 change")
    assert line({"status": "running", "changes": 1200}) == ("run", "for 1,200 changes")
