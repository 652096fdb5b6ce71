"""Geometry on columns, against what the shapes are known to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.data.geometry import (
    area,
    clip_polygon,
    ellipse_envelope,
    ellipse_points,
    envelope,
    outlines,
    rectangle_corners,
    spread,
)

share = st.floats(-0.5, 1.5, allow_nan=False)
SIZE = np.array([[640.0, 480.0]])


@given(share, share, st.floats(0.01, 1), st.floats(0.01, 1), st.floats(-360, 360))
def test_rotation_keeps_the_corner_and_lengths_in_pixels(x, y, width, height, rotation):
    corners = rectangle_corners(np.array([[x, y, width, height]]), np.array([rotation]), SIZE)[0]
    assert np.allclose(corners[0], (x, y))
    sides = np.linalg.norm(np.diff(corners * SIZE, axis=0), axis=1)
    assert np.allclose(sides, [width * 640, height * 480, width * 640])


@given(st.floats(0.05, 0.5), st.floats(0.05, 0.5), st.floats(0, 360))
def test_the_envelope_of_an_ellipse_holds_its_points_closely(wide, high, rotation):
    box, turn = np.array([[0.5, 0.5, wide, high]]), np.array([rotation])
    exact = ellipse_envelope(box, turn, SIZE)
    around = envelope(outlines(ellipse_points(box, turn, SIZE)))
    assert (exact[:, :2] <= around[:, :2] + 1e-12).all()
    assert (exact[:, 2:] >= around[:, 2:] - 1e-12).all()
    assert np.allclose(exact, around, atol=0.003)


@given(st.floats(0.05, 0.5), st.floats(0.05, 0.5), st.floats(0, 360))
def test_the_polygon_of_an_ellipse_overlaps_it(wide, high, rotation):
    """Its corners are on the ellipse, so that it lies within: what they share is the polygon."""
    points = ellipse_points(np.array([[0.5, 0.5, wide, high]]), np.array([rotation]), SIZE)
    radii, angle = SIZE[0] * (wide, high), np.radians(rotation)
    x, y = ((points[0] - 0.5) * SIZE).T
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    assert np.allclose((along / radii[0]) ** 2 + (across / radii[1]) ** 2, 1)
    assert 0.99 <= area(outlines(points * SIZE))[0] / (np.pi * radii.prod()) <= 1


def test_areas_by_hand():
    shapes = outlines(np.array([[[0, 0], [1, 0], [1, 1], [0, 1]], [[0, 0], [0.5, 0], [0.5, 0.5], [0.25, 0.25]]], float))
    assert area(shapes).tolist() == [1.0, 0.125]


def test_a_figure_of_eight_is_no_line():
    bow, line = [[0, 0], [1, 1], [1, 0], [0, 1]], [[0, 0], [0.5, 0.5], [1, 1], [0.2, 0.2]]
    assert area(outlines(np.array([bow], float))) == 0
    assert spread(outlines(np.array([bow, line], float))).tolist() == [0.5, 0.0]


@given(st.lists(st.tuples(share, share), min_size=3, max_size=12))
def test_a_clipped_polygon_is_inside_and_no_larger(points):
    whole = np.array(points)
    cut = clip_polygon(whole)
    assert len(cut) == 0 or (cut.min() >= 0 and cut.max() <= 1)


@given(st.floats(-0.4, 0.9), st.floats(-0.4, 0.9), st.floats(0.2, 1), st.floats(0.2, 1))
def test_a_clipped_rectangle_has_the_area_of_the_overlap(x, y, width, height):
    cut = clip_polygon(np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]))
    overlap = max(0, min(1, x + width) - max(0, x)) * max(0, min(1, y + height) - max(0, y))
    assert area(outlines(cut[None])).sum() == pytest.approx(overlap, abs=1e-9) if len(cut) else overlap < 1e-9
