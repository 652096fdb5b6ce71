"""The real servers that tests share, and which tests stay together when several processes share the work."""

import pytest

pytest_plugins = ["tests.services.browser", "tests.services.label_studio", "tests.services.other_host"]
MADE_ONCE = ("label_studio", "detect_project", "segment_project", "trained")  # fixtures that take half a minute or more


@pytest.hookimpl(tryfirst=True)  # before the names of groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share something costly run in one process, and else those of one file do."""
    for item in items:
        shared = [name for name in MADE_ONCE if name in getattr(item, "fixturenames", ())]
        item.add_marker(pytest.mark.xdist_group(shared[0] if shared else str(item.path)))
