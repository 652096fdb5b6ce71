"""What becomes of image files, good and bad."""

import hashlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from detector.data import images
from detector.data.images import ingest, ingest_one, stored
from detector.data.ingested import Means, ingest_once
from tests.support.exports import picture
from tests.support.quiet import Quiet


def _photo(path, **how):
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(noise).save(path, **how)
    return path


def test_a_file_goes_in_as_it_is_and_once(tmp_path):
    file = picture(tmp_path / "a.png")
    again = tmp_path / "b.png"
    again.write_bytes(file.read_bytes())
    first, second = ingest([file, again], lambda _: None, tmp_path / "store")
    assert first == second
    assert stored(tmp_path / "store", first.sha256, ".png").read_bytes() == file.read_bytes()
    assert [path.name for path in (tmp_path / "store").glob("*/*")] == [f"{first.sha256}.png"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_stored_upright_without_the_tag(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = _photo(tmp_path / "photo.png", exif=exif)
    taken = ingest_one(file, tmp_path / "store")
    assert (taken.width, taken.height) == ((30, 20) if orientation < 5 else (20, 30))
    assert taken.transposed == (orientation != 1)
    with Image.open(stored(tmp_path / "store", taken.sha256, ".png")) as upright:
        assert upright.getexif().get(0x0112, 1) == 1
        assert upright.size == (taken.width, taken.height)


def test_a_png_that_only_says_in_xmp_how_it_is_turned_is_turned(tmp_path):
    said = PngImagePlugin.PngInfo()
    said.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    taken = ingest_one(_photo(tmp_path / "photo.png", pnginfo=said), tmp_path / "store")
    assert (taken.width, taken.height, taken.transposed) == (20, 30, True)


def test_the_content_decides_the_ending(tmp_path):
    file = _photo(tmp_path / "really_a_jpeg.png", format="JPEG")
    assert ingest_one(file, tmp_path / "store").extension == ".jpg"


def _truncated(folder):
    file = _photo(folder / "cut.jpg")
    file.write_bytes(file.read_bytes()[:-200])
    return file


def _written(content):
    def write(folder):
        (folder / "file.jpg").write_bytes(content)
        return folder / "file.jpg"

    return write


@pytest.mark.parametrize(
    ("make", "problem", "detail"),
    [
        (_truncated, "broken_image", "truncated"),
        (_written(b""), "broken_image", "not an image"),
        (_written(b"<html>404</html>"), "broken_image", "not an image"),
        (lambda folder: _photo(folder / "moving.gif"), "broken_image", "GIF is no format that YOLO reads"),
        (lambda _: None, "missing_image", None),
    ],
)
def test_what_is_no_good_is_said_and_not_stored(tmp_path, make, problem, detail):
    taken = ingest_one(make(tmp_path), tmp_path / "store")
    assert taken.problem == problem
    assert detail is None or detail in taken.detail
    assert not (tmp_path / "store").exists()


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("detector.data.images.MAX_PIXELS", 500)
    taken = ingest_one(_photo(tmp_path / "huge.png"), tmp_path / "store")
    assert taken.problem == "huge_image"
    assert "30 x 20 pixels" in taken.detail


@pytest.mark.parametrize("behind", [b"", b"\0\0", b"appended"])
def test_a_jpeg_ends_where_its_picture_ends_and_ultralytics_leaves_it_alone(tmp_path, behind):
    content = _photo(tmp_path / "photo.jpg").read_bytes()
    (tmp_path / "photo.jpg").write_bytes(content + behind)
    taken = ingest_one(tmp_path / "photo.jpg", tmp_path / "store")
    file = stored(tmp_path / "store", taken.sha256, taken.extension)
    assert file.read_bytes() == content
    assert hashlib.sha256(content).hexdigest() == taken.sha256
    from ultralytics.data.utils import verify_image

    (_, _), good, bad, message = verify_image(((str(file), 0), ""))
    assert (good, bad, message, file.read_bytes()) == (1, 0, "", content)


@pytest.mark.parametrize(("size", "problem"), [((9, 40), "tiny_image"), ((40, 9), "tiny_image"), ((10, 10), None)])
def test_an_image_that_yolo_would_ignore_is_refused(tmp_path, size, problem):
    Image.new("RGB", size, "red").save(tmp_path / "small.png")
    taken = ingest_one(tmp_path / "small.png", tmp_path / "store")
    assert taken.problem == problem
    assert taken.detail == (problem and f"small.png: {size[0]} x {size[1]} pixels")


def test_only_what_changed_is_read_again(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        "detector.data.images.ingest_one", lambda file, store: read.append(file) or ingest_one(file, store)
    )
    files = [picture(tmp_path / f"{number}.png") for number in range(4)]
    first = ingest_once(files, tmp_path / "store", Means(Quiet().progress))
    picture(files[1], seed=99)
    stored(tmp_path / "store", first[2].sha256, ".png").unlink()
    read.clear()
    again = ingest_once([*files, None], tmp_path / "store", Means(Quiet().progress))
    assert set(read) == {files[1], files[2], None}
    assert [before == after for before, after in zip(first, again, strict=False)] == [True, False, True, True]
    assert again[4].problem == "missing_image"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_whatever_a_picture_is_made_of_ultralytics_reads_it(tmp_path, mode):
    """Stored as it is, and three channels of eight bits to the network."""
    file = tmp_path / ("photo.jpg" if mode == "CMYK" else "photo.png")
    if mode == "I;16":
        Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100).save(file)
    else:
        noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(noise).convert("RGBA" if mode == "LA" else mode).convert(mode).save(file)
    taken = ingest_one(file, tmp_path / "store")
    assert (taken.problem, taken.width, taken.height) == (None, 30, 20)
    from ultralytics.utils.patches import imread

    read = imread(str(stored(tmp_path / "store", taken.sha256, taken.extension)))
    assert (read.shape, read.dtype) == ((20, 30, 3), np.uint8)
    assert read.max() > 0


def test_a_file_of_any_size_and_pages_without_number_are_bounded(tmp_path, monkeypatch):
    sparse = tmp_path / "sparse.png"
    with sparse.open("wb") as file:
        file.truncate(1 << 40)
    taken = ingest_one(sparse, tmp_path / "store")
    assert (taken.problem, taken.detail) == ("huge_image", "sparse.png: larger than 512 MiB")
    page, pages = Image.new("RGB", (30, 20)), tmp_path / "pages.tif"
    page.save(pages, save_all=True, append_images=[page] * 8)
    assert ingest_one(pages, tmp_path / "store").problem is None
    monkeypatch.setattr(images, "MAX_PIXELS", 30 * 20 * 8)
    taken = ingest_one(pages, tmp_path / "store")
    assert (taken.problem, taken.detail) == ("huge_image", "pages.tif: more than 4,800 pixels on all pages")
    with Image.open(stored(tmp_path / "store", *_first(tmp_path))) as kept:
        assert kept.size == (30, 20)


def _first(folder):
    [file] = (folder / "store").glob("*/*")
    return file.stem, file.suffix
