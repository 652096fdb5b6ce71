"""What tests of the record share: an empty store, since making one costs seconds."""

import pytest

from detector.record._client import connect


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """The bytes of an empty store: each test writes its own copy."""
    folder = tmp_path_factory.mktemp("store")
    connect(f"sqlite:///{folder}/mlflow.db")
    return (folder / "mlflow.db").read_bytes()
