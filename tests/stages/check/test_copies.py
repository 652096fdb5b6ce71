"""Copies that were flipped, turned, cropped or coloured anew are found, told, and nothing else is taken for one."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from detector.stages.check import _cells, _windows
from detector.stages.check._aligned import Files
from detector.stages.check._candidates import TURNS, turned
from detector.stages.check._cells import near
from detector.stages.check._embeddings import SAME, embed
from detector.stages.check._lookalikes import find
from tests.support.versions import draw

CHANGES = {
    "flipped": lambda picture: picture[:, ::-1],
    "turned": np.rot90,
    "flipped, turned": lambda picture: picture.swapaxes(0, 1),
    "cropped": lambda picture: picture[15:-10, 20:-60],
    "colours changed": lambda picture: 255 - picture,
    "flipped, cropped, colours changed": lambda picture: 255 - picture[::-1][15:-10, 20:-60],
}
PICTURES = 8


def pictures():
    return [np.asarray(draw(look).resize((320, 240))) for look in range(PICTURES)]


def found(folder, those, splits=None):
    files = Files([folder / f"{place}.png" for place in range(len(those))], [min(each.shape[:2]) for each in those])
    for path, picture in zip(files.paths, those, strict=True):
        cv2.imwrite(str(path), np.ascontiguousarray(picture))
    described = embed(list(zip(*files, strict=True)))
    return find(files, described, np.zeros(len(those), int) if splits is None else np.array(splits))


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_copy_is_found_beside_its_original_and_its_change_is_told(tmp_path, kind):
    originals = pictures()
    alike = found(tmp_path, [*originals, *(CHANGES[kind](each) for each in originals)])
    assert (alike.groups[:PICTURES] == alike.groups[PICTURES:]).all()
    assert len(set(alike.groups.tolist())) == PICTURES
    assert [each.kind for each in alike.changed] == [kind] * PICTURES
    if "cropped" in kind:
        assert all(each.copy == each.source + PICTURES for each in alike.changed)


def test_pictures_without_a_copy_are_alone(tmp_path):
    alike = found(tmp_path, pictures())
    assert sorted(alike.groups.tolist()) == list(range(PICTURES))
    assert alike.changed == []


def test_only_what_has_a_copy_in_another_split_leaks(tmp_path):
    one, other, third, *_ = pictures()
    alike = found(tmp_path, [one, other, third, one[:, ::-1], np.rot90(other)], [0, 0, 0, 2, 0])
    assert alike.leaky.tolist() == [True, False, False, True, False]


def test_blank_and_unreadable_pictures_are_like_no_other(tmp_path):
    blank = [np.full((90, 120, 3), level, np.uint8) for level in (0, 200)]
    files = Files([tmp_path / "none.png", tmp_path / "neither.png"], [90, 90])
    assert found(tmp_path, [*pictures()[:2], *blank]).changed == []
    assert find(files, embed(list(zip(*files, strict=True))), np.zeros(2, int)).groups.tolist() == [0, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(range(len(TURNS))))
def test_the_numbers_of_a_picture_are_those_of_its_flips_and_turns(seed, turn):
    noise = np.random.default_rng(seed).integers(0, 255, (1, 32, 32), dtype=np.uint8)
    one, other = _windows.described(noise, whole=True), _windows.described(turned(noise, turn), whole=True)
    assert one == pytest.approx(other, abs=1e-5)


def test_windows_hold_the_lowest_frequencies_of_their_part_of_the_picture():
    noise = np.random.default_rng(0).integers(0, 255, (1, 32, 32), dtype=np.uint8)
    whole = dctn(noise[0].reshape(16, 2, 16, 2).mean((1, 3)), norm="ortho")
    both = _windows.HIGHEST + 1
    wanted = [whole[v, u] ** 2 for v in range(both) for u in range(both) if 0 < u + v < both]
    numbers = _windows.described(noise)[0, 0]
    assert np.sort(numbers**2).sum() == pytest.approx(1, abs=1e-5)
    assert len(numbers) == len(wanted)
    assert (numbers**2).max() <= 2 * max(wanted) / sum(wanted)


def test_in_cells_the_same_pairs_are_found_as_by_comparing_each_with_each(monkeypatch):
    monkeypatch.setattr(_cells, "FEW", 500)
    random = np.random.default_rng(0)
    vectors = random.normal(size=(3_000, 100)) * np.linspace(3, 0.1, 100)
    vectors[1::3] = vectors[::3] + random.normal(size=(1_000, 100)) * random.uniform(0, 1, (1_000, 1))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    wanted = {(one, other) for one, other in np.argwhere(vectors @ vectors.T > 1 - SAME).tolist() if one < other}
    pairs = [tuple(pair) for block in near(vectors, SAME) for pair in block.tolist()]
    assert len(pairs) == len(set(pairs)) > 300
    assert set(pairs) == wanted


def test_hundreds_of_pictures_of_one_scene_are_one_group(tmp_path):
    [scene, *_] = pictures()
    random = np.random.default_rng(0)
    those = [np.clip(scene + random.normal(0, 4, scene.shape), 0, 255).astype(np.uint8) for _ in range(60)]
    alike = found(tmp_path, those, [place % 2 for place in range(60)])
    assert len(set(alike.groups.tolist())) == 1
    assert alike.leaky.all()
    assert alike.changed == []
