"""The real servers that tests share."""

pytest_plugins = ["tests.services.browser", "tests.services.label_studio", "tests.services.other_host"]
