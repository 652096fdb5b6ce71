"""Whatever a network does to a pull: bytes as at the source, nothing half-written, nothing fetched twice.

A proxy on a real socket injects the faults, and its own account shows that it did.
"""

import hashlib
import io
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from detector.data import annotations
from detector.errors import TryAgain
from detector.label_studio import body, client, persist
from detector.stages.pull import label_studio as backend
from tests.support.jobs import job
from tests.support.services import label_studio as service
from tests.support.services.faults import FAULTS, FaultyProxy, faults
from tests.support.services.label_studio import TOKEN, disc

IMAGES = 6
KINDS = {".png": "PNG", ".jpg": "JPEG"}
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]  # each example waits for seconds
SEQUENCES = st.lists(st.tuples(st.sampled_from(["image", "image", "api"]), st.sampled_from(FAULTS)), max_size=8)


@pytest.fixture(scope="module")
def impatient():
    """Waits and patience of tenths of seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(persist, "WAITS", (0.0, 0.0, 0.0))
        patch.setattr(client, "SILENCE", 0.7)
        patch.setattr(body, "WHOLE", 1.0)
        yield


@dataclass(frozen=True)
class Source:
    """A project behind a proxy: the SHA-256 of its images, and the id of what a pull without faults gives."""

    proxy: FaultyProxy
    project: int
    images: frozenset[str]
    whole: str = ""

    def pull(self, folder: Path):
        options = backend.Options(url=self.proxy.url, token=TOKEN, project=self.project)
        backend.look(options, folder)
        return backend.run(job(folder, options))


@pytest.fixture(scope="module")
def source(label_studio, tmp_path_factory):
    project, images = fill(label_studio)
    with faults(label_studio.url) as proxy:
        found = Source(proxy, project, images)
        yield Source(proxy, project, images, found.pull(tmp_path_factory.mktemp("whole")).id)


def fill(server):
    """A project of photographs, and their SHA-256."""
    noise, pictures = np.random.default_rng(0), {}
    for number in range(IMAGES):
        ending = list(KINDS)[number % 2]
        made = io.BytesIO()
        Image.fromarray(noise.integers(0, 255, (30, 40, 3), np.uint8)).save(made, KINDS[ending])
        pictures[f"{number}{ending}"] = made.getvalue()
    project = server.project("Behind a faulty proxy")
    drawn = [{"result": [disc(original_width=40, original_height=30)]}]
    references = server.upload(project, pictures).values()
    server.add_tasks(project, [{"data": {"image": image}, "annotations": drawn} for image in references])
    return project, frozenset(hashlib.sha256(content).hexdigest() for content in pictures.values())


def survive(source: Source, planned: list[tuple[str, str]]) -> None:
    """Pull under `planned` faults until it is done, and hold what it left against the source."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source.proxy.forget()
        source.proxy.planned += planned
        for _ in range(len(planned) + 2):  # each failure takes a fault at least
            try:
                result = source.pull(folder)
            except TryAgain:
                whole(source, folder)
                continue
            whole(source, folder)
            if result.id == source.whole:
                break
        assert result.id == source.whole
        left = list(source.proxy.planned)
        assert sorted(source.proxy.injected + left) == sorted(planned)
        assert not [fault for fault in left if fault[0] == "api"]  # questions there are always
        source.proxy.forget()
        assert source.pull(folder).id == source.whole
        assert source.proxy.images() == 0


def whole(source: Source, folder: Path) -> None:
    """Nothing is in the store, or on its way into a data set, that is not at the source."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix == ".part" or file.name.startswith(".")]
    assert list(folder.glob("step/*")) == []
    stored = [file for file in files if folder / "store" in file.parents]
    for file in stored:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem
    assert {file.stem for file in stored} <= source.images
    for tables in folder.glob("pulled/*/"):
        assert {*annotations.read(tables).images["sha256"].to_pylist()} <= {*source.images, None}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("where", ["image", "api"])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone(source, where, fault):
    survive(source, [(where, fault)])
    assert (where, fault) not in source.proxy.planned


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["cut", "tail"])
def test_an_image_that_comes_cut_each_time_is_no_image_and_is_asked_for_by_the_next_pull(source, fault, tmp_path):
    source.proxy.forget()
    source.proxy.planned += [("image", fault)] * 2 * IMAGES
    first = source.pull(tmp_path)
    assert first.figures == {"tasks": IMAGES, "images": 0, "regions": 0, "excluded": IMAGES}
    assert len(source.proxy.injected) == 2 * IMAGES
    whole(source, tmp_path)
    assert source.pull(tmp_path).id == source.whole


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["reset", "503", "hang", "drip"])
def test_a_fault_that_stays_ends_the_pull_and_the_next_one_goes_on(source, fault, tmp_path):
    source.proxy.forget()
    source.proxy.planned += [("image", fault)] * 100
    with pytest.raises(TryAgain, match=r"task \d+: /data/upload/.* could not be fetched"):
        source.pull(tmp_path)
    assert len(source.proxy.injected) >= 4
    source.proxy.forget()
    assert source.pull(tmp_path).id == source.whole
    assert source.proxy.different_images() == IMAGES


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("whole_ones", range(1, IMAGES))
def test_an_image_that_came_beside_one_that_failed_is_not_asked_for_again(source, whole_ones, tmp_path):
    """Four are asked for at once: the failure of one may be known before the arrival of another."""
    source.proxy.forget()
    source.proxy.before_image[whole_ones + 1] = lambda: source.proxy.planned.extend([("image", "503")] * 100)
    with pytest.raises(TryAgain):
        source.pull(tmp_path)
    had = len(list(tmp_path.glob("store/*/*")))
    assert had == whole_ones
    source.proxy.forget()
    assert source.pull(tmp_path).id == source.whole
    assert source.proxy.different_images() == IMAGES - had


@pytest.mark.usefixtures("impatient")
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(planned=SEQUENCES)
def test_faults_in_any_sequence(source, planned):
    survive(source, planned)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("impatient")
@settings(max_examples=500, deadline=None, phases=WITHOUT_SHRINKING, suppress_health_check=list(HealthCheck))
@given(planned=SEQUENCES)
def test_faults_in_many_sequences(source, planned):
    survive(source, planned)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_restarted_in_the_middle(tmp_path):
    """Its process ends when the third image is asked for; when it is there again, the next pull takes the rest."""
    folder, kept = tmp_path / "server", tmp_path / "kept"
    folder.mkdir()
    shutil.copytree(service._migrated(), folder / "data")
    with ExitStack() as first:
        server = first.enter_context(service.running(folder))
        project, images = fill(server)
        with faults(server.url) as proxy:
            source = Source(proxy, project, images)
            proxy.before_image[3] = first.close
            with pytest.raises(TryAgain, match=r"could not be fetched \(HTTP 502\)"):
                source.pull(kept)
            whole(source, kept)
            with pytest.raises(TryAgain, match=r"can't be reached \(HTTP 502\)"):
                source.pull(kept)
            had = len(list(kept.glob("store/*/*")))
            with service.running(folder) as again:
                proxy.upstream = again.url
                proxy.forget()
                assert source.pull(kept).figures == {
                    "tasks": IMAGES,
                    "images": IMAGES,
                    "regions": IMAGES,
                    "excluded": 0,
                }
                assert proxy.different_images() == IMAGES - had
            whole(source, kept)
            assert had < IMAGES
