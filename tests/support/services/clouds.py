"""Google Cloud Storage and Azure on 127.0.0.1, by the emulators that their users test with, each with one container."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import fs

from tests.support.services.ports import free_port

CONTAINER = "box"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, public
AZURITE = Path(__file__).parents[3] / ".cache/azurite/node_modules/.bin/azurite-blob"


@dataclass(frozen=True)
class Cloud:
    """A running server: where its container is, how Label Studio names an object, and what finds it."""

    address: str
    reference: str
    environment: dict[str, str]
    system: Any

    def put(self, name: str, content: bytes) -> None:
        with self.system.open_output_stream(f"{CONTAINER}/{name}") as stream:
            stream.write(content)

    def delete(self, name: str) -> None:
        self.system.delete_file(f"{CONTAINER}/{name}")


def azurite_is_there() -> bool:
    return AZURITE.exists() and shutil.which("node") is not None


@contextmanager
def google() -> Iterator[Cloud]:
    """Google's, which asks for no credentials."""
    port = free_port()
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}"]
    server = f"http://127.0.0.1:{port}"
    system = fs.GcsFileSystem(anonymous=True, scheme="http", endpoint_override=f"127.0.0.1:{port}", project_id="p")
    with _running([*command, "--in-memory"], system):
        yield Cloud(f"gs://{CONTAINER}", f"gs://{CONTAINER}", {"STORAGE_EMULATOR_HOST": server}, system)


@contextmanager
def azure() -> Iterator[Cloud]:
    """Azure's, by its own account and key."""
    port = free_port()
    command = [str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--silent"]
    server = f"127.0.0.1:{port}"
    place = {"blob_storage_authority": server, "dfs_storage_authority": server}
    place |= {"blob_storage_scheme": "http", "dfs_storage_scheme": "http"}
    system = fs.AzureFileSystem(account_name=ACCOUNT, account_key=KEY, **place)
    string = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY}"
    found = {"AZURE_STORAGE_CONNECTION_STRING": f"{string};BlobEndpoint=http://{server}/{ACCOUNT};"}
    address = f"abfss://{CONTAINER}@{ACCOUNT}.dfs.core.windows.net"
    with _running([*command, "--skipApiVersionCheck"], system):
        yield Cloud(address, f"azure-blob://{CONTAINER}", found, system)


@contextmanager
def _running(command: list[str], system: Any, seconds: float = 60) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as process:
        try:
            _until(lambda: system.create_dir(CONTAINER), seconds)
            yield
        finally:
            process.kill()


def _until(works: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            works()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return
