"""The webhook of a project on a Label Studio server, made or brought up to date so that nobody must click.

It has no payload. Label Studio sends a webhook within the request of the annotator who waits, and counts the whole
project for each payload; that something changed is all that is needed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from detector.errors import DetectorError, TryAgain, UsageError
from detector.label_studio.client import Connection, unreachable
from detector.label_studio.persist import Passing, persist
from detector.label_studio.projects import Project

Done = Literal["made", "changed", "as it was"]


# As Django's URLValidator, which Label Studio asks: a name with a dot, an address, or localhost
_HOST = re.compile(r"localhost|[\da-f:]*:[\da-f:.]*|[^_.]+(\.[^_.]+)+\.?", re.IGNORECASE)


class _Webhook(msgspec.Struct):
    id: int
    url: str
    send_payload: bool = True
    send_for_all_actions: bool = True
    is_active: bool = True
    headers: dict[str, str] = {}
    actions: list[str] = []


def register(
    connection: Connection, project: Project, url: str, headers: Mapping[str, str], actions: Sequence[str]
) -> Done:
    """Let the server tell `url` of `actions` in the project, with these headers. A webhook to the same `url` is kept.

    Raises UsageError when the server lets the token's owner make none, or refuses the address.
    """
    if not _HOST.fullmatch(urlsplit(url).hostname or ""):
        raise UsageError(
            f"Label Studio takes no webhook to {url}: there the name of a host has a dot in it, and no underscore. Give"
            " the host such a name too: listen.detector as an alias in Compose, detector-listen.NAMESPACE.svc in"
            " Kubernetes"
        )
    wanted: dict[str, Any] = {"send_payload": False, "send_for_all_actions": False, "is_active": True}
    wanted |= {"headers": dict(headers), "actions": sorted(actions)}
    try:
        return persist(lambda: _attempt(connection, project, url, wanted))
    except Passing as failure:
        raise unreachable(connection.url, failure) from failure


def _attempt(connection: Connection, project: Project, url: str, wanted: dict[str, Any]) -> Done:
    """Look, and write what is missing: after an answer that was lost, the next attempt finds what this one did."""
    known = connection.read("/api/webhooks/", list[_Webhook], {"project": project.id})
    same = next((each for each in known if each.url == url), None)
    if same is not None and _content(same) == wanted:
        return "as it was"
    method, path = ("POST", "/api/webhooks/") if same is None else ("PATCH", f"/api/webhooks/{same.id}/")
    try:
        connection.send(method, path, wanted | {"url": url, "project": project.id}, _Webhook)
    except TryAgain:
        raise
    except DetectorError as error:
        raise UsageError(
            f"{error}. If it is the address {url} that it refuses, which is on a private network, start Label Studio"
            " with LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false"
        ) from error
    return "made" if same is None else "changed"


def _content(webhook: _Webhook) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(webhook)
    return {name: value for name, value in told.items() if name not in {"id", "url", "actions"}} | {
        "actions": sorted(webhook.actions)
    }
