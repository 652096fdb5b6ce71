"""The real Label Studio server, started once for a test session on a free port of 127.0.0.1.

Its executable is `.venv-label-studio/bin/label-studio` (see `make test`), or what DETECTOR_TEST_LABEL_STUDIO names. A
fresh data folder takes the server half a minute of migrations, so a migrated one is kept under .cache/ and copied.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.services.ports import free_port

ROOT = Path(__file__).parents[3]
EXECUTABLE = Path(os.environ.get("DETECTOR_TEST_LABEL_STUDIO", ROOT / ".venv-label-studio" / "bin" / "label-studio"))
TOKEN = "0123456789abcdef0123456789abcdef01234567"
EMAIL = "annotator@example.com"
PASSWORD = "correct horse battery staple"
BOXES = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="boxes" toName="image"><Label value="disc"/><Label value="square"/></RectangleLabels>
</View>"""
_PER_UPLOAD = 100  # files that Label Studio takes in one request


def disc(x: float = 10, y: float = 20, size: float = 30, **region: Any) -> dict[str, Any]:
    """A region as Label Studio stores it: a square box, in percent, with the label `disc`."""
    value = {"x": x, "y": y, "width": size, "height": size, "rotation": 0, "rectanglelabels": ["disc"]}
    names = {"from_name": "boxes", "to_name": "image", "type": "rectanglelabels"}
    return {"id": f"disc-{x}-{y}", "value": value, **names, **region}


@dataclass(frozen=True)
class Server:
    """A running Label Studio. `files` is what it serves as local files; `log` is its own output."""

    url: str
    files: Path
    log: Path

    @cached_property
    def http(self) -> httpx.Client:
        """For what a test does by hand, as the server's first user."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {TOKEN}"}, timeout=120)

    @cached_property
    def personal_token(self) -> str:
        return str(self.ask("POST", "/api/token/")["token"])

    def ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self.http.request(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def project(self, title: str, config: str = BOXES) -> int:
        return int(self.ask("POST", "/api/projects/", json={"title": title, "label_config": config})["id"])

    def add_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Import tasks and give their ids in the same order."""
        before = set(self.task_ids(project))
        self.ask("POST", f"/api/projects/{project}/import", json=tasks)
        return sorted(set(self.task_ids(project)) - before)

    def task_ids(self, project: int) -> list[int]:
        query = {"project": project, "fields": "task_only", "include": "id", "page_size": 10_000}
        return [task["id"] for task in self.ask("GET", "/api/tasks", params=query)["tasks"]]

    def upload(self, project: int, files: Mapping[str, bytes]) -> dict[str, str]:
        """Upload images without making tasks of them; file name to the reference that a task would have."""
        references: dict[str, str] = {}
        names = list(files)
        for start in range(0, len(names), _PER_UPLOAD):
            batch = names[start : start + _PER_UPLOAD]
            form = [(f"file{number}", (name, files[name])) for number, name in enumerate(batch)]
            query = {"commit_to_project": "false"}
            ids = self.ask("POST", f"/api/projects/{project}/import", files=form, params=query)["file_upload_ids"]
            stored = self.ask("GET", f"/api/projects/{project}/file-uploads", params={"ids": str(ids)})
            by_id = {entry["id"]: entry["file"] for entry in stored}
            references |= {name: f"/data/{by_id[number]}" for name, number in zip(batch, ids, strict=True)}
        return references

    def served(self, path: str) -> int:
        """How many requests for addresses that start with `path` the server's log has."""
        return self.log.read_text().count(f'"GET {path}')


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("label-studio")
    shutil.copytree(_migrated(), folder / "data")
    with running(folder) as server:
        yield server


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server, its state in `folder`/data, from its first healthy answer until the block ends."""
    port = free_port()
    (folder / "files").mkdir(exist_ok=True)
    server = Server(f"http://127.0.0.1:{port}", folder / "files", folder / "server.log")
    with server.log.open("w") as log:
        process = subprocess.Popen(
            [EXECUTABLE, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)],
            env=os.environ | _settings(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(server, process)
        yield server
    finally:
        _stop(process)


def _settings(folder: Path) -> dict[str, str]:
    settings = {
        "BASE_DATA_DIR": str(folder / "data"),
        "USERNAME": EMAIL,
        "PASSWORD": PASSWORD,
        "USER_TOKEN": TOKEN,
        "ENABLE_LEGACY_API_TOKEN": "true",
        "LOCAL_FILES_SERVING_ENABLED": "true",
        "LOCAL_FILES_DOCUMENT_ROOT": str(folder / "files"),
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SSRF_PROTECTION_ENABLED": "false",  # its storages and webhooks may be on 127.0.0.1 too
        "ML_BLOCK_LOCAL_IP": "false",  # and its models
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    return {f"LABEL_STUDIO_{name}": value for name, value in settings.items()} | {"LOG_LEVEL": "INFO"}


def _migrated() -> Path:
    """A data folder that has its tables; made by the first session that needs one."""
    cache = ROOT / ".cache" / f"label-studio-{_version()}"
    if not cache.exists():
        scratch = cache.with_name(f".{cache.name}.{os.getpid()}")
        scratch.mkdir(parents=True)
        with running(scratch):
            pass
        (scratch / "data").rename(cache)
        shutil.rmtree(scratch)
    return cache


def _version() -> str:
    assert EXECUTABLE.exists(), f"{EXECUTABLE} is missing: `make test` installs it, or set DETECTOR_TEST_LABEL_STUDIO"
    [package] = (EXECUTABLE.parents[1] / "lib").glob("python*/site-packages/label_studio-*.dist-info")
    return package.name.removeprefix("label_studio-").removesuffix(".dist-info")


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    """Until /health answers; the server takes another port, silently, when this one is not free."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Label Studio ended:\n{server.log.read_text()[-3000:]}"
        try:
            if httpx.get(f"{server.url}/health", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"Label Studio did not answer within 5 minutes:\n{server.log.read_text()[-3000:]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server and whatever it started."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
