"""A server that speaks S3, on 127.0.0.1: moto's, with a bucket in its memory."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

from tests.support.services.ports import free_port

BUCKET = "mlflow"
KEYS = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "its-secret", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class S3:
    """A running server, and its one bucket."""

    url: str
    process: "subprocess.Popen[bytes]"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find it."""
        return KEYS | {"MLFLOW_S3_ENDPOINT_URL": self.url}

    @property
    def client(self) -> Any:
        keys = {"aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
        return boto3.client("s3", endpoint_url=self.url, region_name=KEYS["AWS_DEFAULT_REGION"], **keys)

    def names(self) -> list[str]:
        """The keys of all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def pause(self, seconds: float) -> None:
        """It takes connections, and answers none of them."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def s3() -> Iterator[S3]:
    """A server with an empty bucket that runs inside the `with`."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as process:
        server = S3(f"http://127.0.0.1:{port}", process)
        try:
            _make_bucket(server)
            yield server
        finally:
            process.kill()


def _make_bucket(server: S3, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.client.create_bucket(Bucket=BUCKET)
        except BotoCoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return
