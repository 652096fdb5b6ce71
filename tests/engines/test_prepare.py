"""From a picture to what a network takes."""

import numpy as np
import pytest
from PIL import Image

from detector.engines.prepare import letterboxed, prepared, read
from detector.errors import DetectorError

SHAPES = [(60, 80), (96, 96), (480, 640), (33, 200), (200, 33), (7, 5), (1080, 1919), (97, 96)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(96, 96), (64, 128)])
def test_it_is_as_ultralytics_fits_a_picture(shape, size):
    from ultralytics.data.augment import LetterBox

    pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    fitted, window = letterboxed(pixels, size)
    np.testing.assert_array_equal(fitted, LetterBox(size, auto=False)(image=pixels))
    assert window.picture == shape
    assert window.given == size


def test_a_batch_is_red_first_and_from_0_to_1():
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[..., 2] = 255
    batch, windows = prepared([picture, picture], (96, 96))
    assert batch.shape == (2, 3, 96, 96)
    assert batch.dtype == np.float32
    assert batch[:, 0].min() == pytest.approx(1)
    assert batch[:, 1:].max() == 0
    assert len(windows) == 2


def test_pictures_of_every_kind_are_read_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (30, 20), "red").save(tmp_path / "größe 红.jpg", exif=exif)
    Image.new("L", (30, 20), 7).save(tmp_path / "grey.png")
    Image.new("RGBA", (30, 20)).save(tmp_path / "clear.png")
    assert read(tmp_path / "größe 红.jpg").shape == (30, 20, 3)
    assert read(tmp_path / "grey.png")[0, 0].tolist() == [7, 7, 7]
    assert read(tmp_path / "clear.png").shape == (20, 30, 3)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut"])
def test_what_is_no_picture_is_said(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DetectorError, match=r"a\.jpg can't be read as a picture; leave it out"):
        read(tmp_path / "a.jpg")
