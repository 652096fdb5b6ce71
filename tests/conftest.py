"""The real servers that tests share, and which tests stay together when several processes share the work."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [
    "tests.support.services.browser",
    "tests.support.services.endless",
    "tests.support.services.label_studio",
    "tests.support.services.other_host",
    "tests.support.services.webhook",
]
TOGETHER = {  # part of a test's path → what it shares with others, and takes half a minute to make
    "tests/annotators/": "a Label Studio server",
    "tests/label_studio/": "a Label Studio server",
    "tests/stages/pull/": "a Label Studio server",
    "tests/listen/": "a Label Studio server",
    "tests/serve/test_label_studio.py": "a Label Studio server",
    "tests/sample/": "a Label Studio server",
    "test_bccd.py": "a Label Studio server",
    "test_source.py": "a Label Studio server",
    "test_secrets.py": "a Label Studio server",
    "tests/stages/train/": "trained networks",
    "tests/stages/evaluate/": "trained networks",
    "tests/stages/export/": "trained networks",
}
LONGEST = (  # what takes minutes starts first, so that no process is left alone with it in the end
    "tests/end_to_end/test_sample.py",
    *TOGETHER,
    "tests/contest/",
    "tests/engine/",
    "tests/tuning/",
    "tests/end_to_end/test_kills.py",
    "tests/commands/test_prune.py",
    "tests/end_to_end/",
)

SLOW_TO_MAKE = {
    "label_studio",
    "other_host",
    "trained",
    "page",
    "detect_project",
    "segment_project",
    "house",
}  # fixtures


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs a server, a training, a browser or a whole project is slow; others say so by their mark."""
    for item in items:
        if SLOW_TO_MAKE.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(
        key=lambda item: next((at for at, part in enumerate(LONGEST) if part in _file(item.nodeid)), len(LONGEST))
    )


@pytest.fixture(autouse=True)
def _same_folder() -> Iterator[None]:
    """A command works in its project's folder from then on; the next test starts where this one did."""
    folder = Path.cwd()
    yield
    os.chdir(folder)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


class _Scheduling(LoadScopeScheduling):
    """Tests that share something costly run in one process, and else those of one file do."""

    def _split_scope(self, nodeid: str) -> str:
        file = _file(nodeid)
        return next((what for part, what in TOGETHER.items() if part in file), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Scheduling:
    return _Scheduling(config, log)
