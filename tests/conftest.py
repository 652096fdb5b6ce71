"""The real servers that tests share."""

pytest_plugins = [f"tests.services.{name}" for name in ("browser", "label_studio", "other_host", "webhook")]
