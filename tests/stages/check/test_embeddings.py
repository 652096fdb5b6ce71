"""Copies of a picture are near it, other pictures of the same kind are far."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.stages.check._embeddings import SAME, embed
from tests.support.versions import draw

BCCD = Path(__file__).parents[4] / "shared" / "bccd" / "images"


def described(folder, pictures):
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{index}.png" for index in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        cv2.imwrite(str(path), picture)
    sides = (min(picture.shape[:2]) for picture in pictures)
    vectors, _, readable = embed(list(zip(paths, sides, strict=True)))
    assert readable.all()
    return vectors


def recoded(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def brightened(picture, factor, more=0):
    return np.clip(picture * factor + more, 0, 255).astype(np.uint8)


def cropped(picture, share):
    height, width = (int(side * share / 2) for side in picture.shape[:2])
    return picture[height:-height, width:-width]


COPIES = {
    "recoded": lambda picture: recoded(picture, 20),
    "brighter": lambda picture: brightened(picture, 1.1, 10),
    "darker": lambda picture: brightened(picture, 0.8),
    "half the size": lambda picture: cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "cropped by 2 %": lambda picture: cropped(picture, 0.02),
}


@pytest.fixture(scope="module")
def pictures():
    if BCCD.is_dir():
        return [cv2.imread(str(path)) for path in sorted(BCCD.glob("*.jpg"))[40:80]]
    return [np.asarray(draw(look).resize((640, 320))) for look in range(40)]


def test_vectors_have_unit_length(tmp_path, pictures):
    vectors = described(tmp_path, [*pictures[:3], np.full((90, 90, 3), 200, np.uint8)])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("change", COPIES)
def test_a_changed_copy_is_nearly_the_same(tmp_path, pictures, change):
    originals = described(tmp_path / "originals", pictures)
    copies = described(tmp_path / "copies", [COPIES[change](picture) for picture in pictures])
    assert (1 - (originals * copies).sum(axis=1)).max() < SAME / 2


def test_other_pictures_of_the_same_kind_are_far(tmp_path, pictures):
    vectors = described(tmp_path, pictures)
    distances = 1 - vectors @ vectors.T
    assert distances[np.triu_indices(len(vectors), 1)].min() > SAME * 2


def test_what_is_no_picture_is_said_to_be_unreadable(tmp_path, pictures):
    cv2.imwrite(str(tmp_path / "good.png"), pictures[0])
    (tmp_path / "bad.png").write_bytes(b"no picture")
    vectors, _, readable = embed([(tmp_path / "bad.png", 100), (tmp_path / "good.png", 100)])
    assert readable.tolist() == [False, True]
    assert not vectors[0].any()


def test_no_pictures_are_no_rows():
    vectors, maps, readable = embed([])
    assert (vectors.shape, maps.shape, readable.shape) == ((0, 736), (0, 32, 32), (0,))
