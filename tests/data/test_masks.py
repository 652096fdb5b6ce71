"""Brush masks: decoded as Label Studio encodes them, and outlined so that drawing the row gives the mask again."""

from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter import brush
from label_studio_sdk.converter.brush import mask2rle

from detector.data.masks import BrokenMask, decode_rle, encode_rle, outline, outline_of


def blobs(seed, height=120, width=160, count=4, hole=False):
    """Overlapping ellipses, some with a hole."""
    noise, mask = np.random.default_rng(seed), np.zeros((height, width), np.uint8)
    for _ in range(count):
        centre = (int(noise.integers(width)), int(noise.integers(height)))
        axes = (int(noise.integers(8, 40)), int(noise.integers(8, 40)))
        cv2.ellipse(mask, centre, axes, float(noise.integers(180)), 0, 360, 1, -1)
        if hole:
            cv2.circle(mask, centre, 5, 0, -1)
    return mask


def drawn(points, shape):
    """As Ultralytics does: normalised, read back, cut to whole pixels, filled by OpenCV."""
    height, width = shape
    row = np.round(points / (width, height), 6)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [(row * (width, height)).astype(np.int32)], 1)
    return mask


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_label_studio_decodes_what_we_encode(seed, hole):
    mask = blobs(seed, hole=hole)
    values = np.asarray(brush.decode_rle(list(encode_rle(mask)))).reshape(*mask.shape, 4)
    assert (values[..., 3] > 0).tolist() == (mask > 0).tolist()


@pytest.mark.parametrize("mask", [np.zeros((3, 5)), np.ones((300, 400)), np.eye(7), np.ones((1, 1))])
def test_our_code_of_a_mask_is_that_mask(mask):
    height, width = mask.shape
    assert (decode_rle(encode_rle(mask.astype(np.uint8)), width, height) == mask).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_decoding_is_the_inverse_of_label_studios_encoding(seed, hole):
    mask = blobs(seed, hole=hole)
    assert np.array_equal(decode_rle(bytes(mask2rle(mask * 255)), 160, 120), mask)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 90), st.integers(1, 70), st.floats(0, 1), st.integers(1, 40))
def test_any_mask_is_decoded_as_label_studio_decodes_it(seed, width, height, share, grain):
    """From single pixels, which are coded without repeats, to long runs; with any alpha, not only 255."""
    noise = np.random.default_rng(seed)
    grains = noise.random((height, -(-width // grain))) < share
    mask = np.repeat(grains, grain, axis=1)[:, :width] * noise.integers(1, 256, (height, width), dtype=np.uint8)
    code = mask2rle(mask)
    theirs = np.asarray(brush.decode_rle(code)).reshape(height, width, 4)[..., 3] > 0
    assert (decode_rle(bytes(code), width, height) == theirs).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3), st.booleans())
def test_the_outline_of_a_code_is_that_of_its_mask(seed, count, hole):
    mask = blobs(seed, count=count, hole=hole)
    points, joined = outline(mask)
    short = outline_of(encode_rle(mask), 160, 120)
    assert (short.points.tolist(), short.joined) == (points.tolist(), joined)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.booleans())
def test_drawing_the_outline_gives_the_mask_again(seed, count, hole):
    """Whatever its holes. Between separate parts runs a bridge, one pixel wide, and nothing else is added."""
    mask = blobs(seed, count=count, hole=hole)
    again = drawn(outline(mask).points, mask.shape)
    assert (again >= mask).all()
    parts = cv2.connectedComponents(mask, connectivity=8)[0] - 1
    if parts == 1:
        assert overlap(again, mask) >= 0.98
    else:
        assert not cv2.erode(again - mask, np.ones((3, 3), np.uint8)).any()


def test_parts_and_holes_are_said_to_be_joined():
    mask = np.zeros((50, 50), np.uint8)
    mask[5:20, 5:20] = 1
    assert not outline(mask).joined
    mask[10:13, 10:13] = 0
    assert outline(mask).joined
    assert not drawn(outline(mask).points, mask.shape)[11, 11]


def test_an_empty_mask_has_no_outline():
    assert len(outline(np.zeros((9, 9), np.uint8)).points) == 0


@pytest.mark.parametrize("code", [b"", b"\0\0\1", bytes(mask2rle(blobs(1) * 255))[:-9]])
def test_a_broken_code_is_told_from_a_mask(code):
    with pytest.raises(BrokenMask):
        decode_rle(code, 160, 120)


def test_a_last_run_that_is_too_long_ends_with_the_image():
    wide = decode_rle((24).to_bytes(4, "big") + encode_rle(np.ones((9, 9), np.uint8))[4:], 3, 2)
    assert wide.tolist() == [[1, 1, 1], [1, 1, 1]]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_whatever_the_code_is_it_is_a_mask_or_broken(code, right):
    code = (160 * 120 * 4).to_bytes(4, "big") + code if right else code
    with suppress(BrokenMask):
        assert decode_rle(code, 160, 120).shape == (120, 160)
