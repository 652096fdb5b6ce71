"""Connecting to a real Label Studio: both kinds of token, and what a person reads when it fails."""

import pytest

from detector.errors import DetectorError, TryAgain, UsageError
from detector.label_studio import persist
from detector.label_studio.client import connect
from detector.label_studio.projects import find_project
from tests.support.services.faults import faults
from tests.support.services.label_studio import TOKEN


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(persist, "WAITS", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_both_kinds_of_token_are_taken(label_studio, kind):
    number = label_studio.project(f"For a {kind} token")
    with connect(f"{label_studio.url}/", TOKEN if kind == "legacy" else label_studio.personal_token) as connection:
        assert find_project(connection, number).title == f"For a {kind} token"
        assert connection.authorization["Authorization"].split()[0] == ("Token" if kind == "legacy" else "Bearer")


@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_a_wrong_token_is_refused_and_not_shown(label_studio, kind):
    wrong = "f" * 40 if kind == "legacy" else label_studio.personal_token[:-6] + "AAAAAA"
    with pytest.raises(UsageError, match="refused the token: copy a valid one") as failure:
        _first_project(label_studio.url, wrong)
    assert failure.value.exit_code == 2
    assert wrong not in _everything_said(failure.value)


def test_an_expired_personal_token_is_refused(label_studio):
    expired = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6MTcwMDAwMDAwMH0.c2lnbmVk"
    with pytest.raises(UsageError, match="refused the token") as failure:
        _first_project(label_studio.url, expired)
    assert expired not in _everything_said(failure.value)


@pytest.mark.parametrize("token", ["", " \n", "to ken", "to\nken", "tökén", "“token”"])
def test_what_can_be_no_token_is_not_sent(other_host, token):
    with pytest.raises(UsageError, match="the Label Studio token is empty or holds what no token does") as failure:
        _first_project(other_host.url, token)
    assert "ken" not in _everything_said(failure.value).replace("token", "")
    assert other_host.asked == []


def test_white_space_around_a_token_does_no_harm(label_studio):
    number = label_studio.project("From a file with a newline")
    with connect(label_studio.url, f" {TOKEN}\n") as connection:
        assert find_project(connection, number).id == number


def test_a_server_that_is_not_there_may_be_tried_again():
    nobody = "http://127.0.0.1:9"
    with pytest.raises(TryAgain, match=f"{nobody} can't be reached .*refused") as failure:
        _first_project(nobody, TOKEN)
    assert failure.value.exit_code == 75
    assert TOKEN not in _everything_said(failure.value)


def test_another_server_is_told_from_label_studio(other_host):
    with pytest.raises(UsageError, match=r"what answers at .* is not Label Studio; check pull"):
        _first_project(other_host.url, TOKEN)
    other_host.pages["/api/projects/1/"] = b"<html>welcome</html>"
    with pytest.raises(UsageError, match=r"what answers at .* is not Label Studio; check pull"):
        _first_project(other_host.url, TOKEN)


def test_a_busy_server_is_asked_again_and_not_for_ever(other_host):
    for _ in range(4):
        other_host.fail("/api/projects/", 503)
    with connect(other_host.url, TOKEN) as connection, pytest.raises(TryAgain, match=r"can't be reached \(HTTP 503\)"):
        find_project(connection, "Blood cells")
    assert [path for path, _ in other_host.asked] == ["/api/projects/"] * 4


@pytest.mark.parametrize("kind", ["legacy", "personal"])
@pytest.mark.parametrize("status", ["301", "302", "307", "308"])
def test_a_token_is_not_sent_on_to_where_a_redirect_leads(label_studio, other_host, kind, status):
    """Nor is what a personal access token is exchanged for, and the exchange itself sends it in the body."""
    token = TOKEN if kind == "legacy" else label_studio.personal_token
    with faults(label_studio.url) as proxy:
        proxy.elsewhere = other_host.url
        proxy.planned.append(("api", status))
        with pytest.raises(UsageError, match=rf"{proxy.url} sends us on to another address; write the one") as failure:
            _first_project(proxy.url, token)
        assert (proxy.injected, len(proxy.asked)) == ([("api", status)], 1)
    assert other_host.asked == []
    assert other_host.url not in str(failure.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
def test_what_no_retry_mends_is_asked_once_and_what_was_answered_is_not_shown(label_studio, status):
    with faults(label_studio.url) as proxy:
        proxy.planned += [("api", str(status))] * 9
        with pytest.raises(DetectorError) as failure:
            _first_project(proxy.url, TOKEN)
        again = 2 if status == 404 else 4 if status > 500 else 1  # there may be other projects
        assert len(proxy.injected) == again
    assert TOKEN not in _everything_said(failure.value)


def test_an_access_token_is_asked_for_once_and_renewed_when_it_gets_old(label_studio):
    number = label_studio.project("Renewed")
    with faults(label_studio.url) as proxy, connect(proxy.url, label_studio.personal_token) as connection:
        for _ in range(3):
            assert find_project(connection, number).id == number
        assert proxy.asked.count("/api/token/refresh/") == 1
        connection.credentials._stale_at -= 200  # of the 300 seconds that it is good for
        assert find_project(connection, number).id == number
        assert proxy.asked.count("/api/token/refresh/") == 2


def _first_project(url, token):
    with connect(url, token) as connection:
        return find_project(connection, 1)


def _everything_said(error):
    """The message and those of the errors behind it, as a traceback would show them."""
    said = []
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(said)
