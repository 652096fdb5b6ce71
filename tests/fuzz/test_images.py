"""Pictures with bytes that were lost, changed or added: told as broken, or whole for whoever reads them next."""

import io
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from ultralytics.utils.patches import imread

from detector.data.images import ingest_one, stored
from tests.fuzz import few, many

KINDS = [
    ("JPEG", "RGB"),
    ("PNG", "RGBA"),
    ("PNG", "P"),
    ("BMP", "RGB"),
    ("WEBP", "RGB"),
    ("TIFF", "RGB"),
    ("GIF", "P"),
    ("JPEG", "CMYK"),
]


@cache
def _whole(kind, mode):
    noise = np.random.default_rng(3).integers(0, 255, (24, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, kind)
    return buffer.getvalue()


@st.composite
def broken(draw):
    """A small picture, cut short, or with a few bytes changed, taken out or put in."""
    content = bytearray(_whole(*draw(st.sampled_from(KINDS))))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, min(len(content), 400)) | st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(content[: draw(st.integers(0, len(content)) | st.just(len(content)))])


def taken(content):
    """What goes into the store is an image of the size that was said, for the library that Ultralytics reads with."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "picture.jpg")
        file.write_bytes(content)
        pixels = ingest_one(file, Path(folder, "store"))
        if pixels.problem:
            assert pixels.detail.startswith("picture.jpg: ")
            assert not Path(folder, "store").exists()
        else:
            read = imread(str(stored(Path(folder, "store"), pixels.sha256, pixels.extension)))
            assert read is not None
            assert read.shape == (pixels.height, pixels.width, 3)


@few(500)
@given(broken())
def test_a_picture_is_whole_or_broken(content):
    taken(content)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@many(2000)
@given(broken())
def test_thousands_of_pictures_are_whole_or_broken(content):
    taken(content)
