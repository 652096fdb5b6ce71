"""How much a server that is asked for tasks may say: an answer has a limit, and pages come to an end."""

import gzip
import json
import os
import resource
import subprocess
import sys
import zlib

import pytest

from detector.errors import UsageError
from detector.label_studio import listing
from detector.label_studio.client import connect
from detector.label_studio.projects import Project

pytestmark = pytest.mark.slow
TOKEN = "0" * 40
MEMORY = 3 << 30  # bytes of address space; a run that asks a server takes a quarter of it
PIPELINE = """
name: cells
task: detect
classes: [RBC]
pull: {{using: label_studio, url: "{url}", token: "${{TOKEN}}", project: 1}}
train: {{model: yolo11n.yaml}}
"""
BEGUN = b'{"id": 1, "label_config": "", "title": "'
ZEROS = 1 << 30  # bytes: twice what is taken


def planned(folder, url):
    """`detector plan` on a project of the server, in little memory."""
    (folder / "pipeline.yaml").write_text(PIPELINE.format(url=url))
    return subprocess.run(
        [sys.executable, "-m", "detector", "plan", "--json"],
        check=False,
        cwd=folder,
        env=os.environ | {"TOKEN": TOKEN},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        capture_output=True,
        text=True,
    )


def bomb(kind):
    """So many zeros, packed, which takes a thousandth."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS + (16 if kind == "gzip" else 0))
    pieces = [packer.compress(BEGUN), *(packer.compress(bytes(1 << 24)) for _ in range(ZEROS >> 24))]
    return b"".join([*pieces, packer.flush()])


@pytest.mark.parametrize("kind", ["as it is", "gzip", "deflate"])
def test_an_answer_that_fills_the_memory_is_cut_off_and_asked_for_once(endless, tmp_path, kind):
    if kind == "as it is":
        endless.head = BEGUN
    else:
        endless.head, endless.endless, endless.headers = bomb(kind), False, {"Content-Encoding": kind}
    done = planned(tmp_path, endless.url)
    assert (done.returncode, json.loads(done.stdout)["error"]) == (
        2,
        f"{endless.url} sends more than 512 MiB in one answer, which no page of tasks takes: check pull.url; a project"
        " that is so large can be pulled from its JSON export (using: label_studio_export)",
    )
    assert endless.asked == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_no_answer_is_not_read(endless, tmp_path, status):
    """A server that fails, and has an endless lot to say of it."""
    endless.status = status
    done = planned(tmp_path, endless.url)
    assert done.returncode in {1, 2, 75}
    assert "unexpected" not in done.stdout
    assert endless.sent < 64 << 20


@pytest.mark.parametrize("packed", ["br", "zstd", "gzip, gzip"])
def test_what_is_packed_as_nobody_asked_is_no_label_studio(endless, packed):
    endless.head, endless.endless, endless.headers = b"{}", False, {"Content-Encoding": packed}
    with connect(endless.url, TOKEN) as connection, pytest.raises(UsageError, match="is not Label Studio"):
        connection.get("/api/projects/1/", dict)


def test_an_answer_may_come_packed(endless):
    for packed, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        endless.head, endless.endless = compress(b'{"id": 1}'), False
        endless.headers = {"Content-Encoding": packed}
        with connect(endless.url, TOKEN) as connection:
            assert connection.get("/api/projects/1/", dict) == {"id": 1}


def pages_of(host, tasks, total):
    """Every page of a project whose server always answers with these."""
    host.pages["/api/tasks"] = json.dumps({"total": total, "tasks": tasks}).encode()
    with connect(host.url, TOKEN) as connection:
        return list(listing.after(connection, Project(1, "Cells", ""), 0, lambda _: None))


def test_the_same_page_again_and_again_is_no_label_studio(other_host):
    task = {"id": 1, "updated_at": "2026-01-01T00:00:00Z", "data": {}, "annotations": []}
    with pytest.raises(UsageError, match="is not Label Studio"):
        pages_of(other_host, [task], total=9)
    assert len(other_host.asked) == 2


def test_an_empty_page_is_the_last_whatever_it_promises(other_host):
    """A task that is deleted between the count and the page."""
    [page] = pages_of(other_host, [], total=1)
    assert page.num_rows == 0
