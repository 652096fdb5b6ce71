"""From outputs to objects: the same as Ultralytics' own validation makes of them."""

import numpy as np
import pytest
import torch

from detector.engines.decode import MOST, OVERLAP, decode

CLASSES, SCORE = 3, 0.001


def crowd(seed, count, masks=0):
    """Outputs of a raw head with boxes that overlap in heaps: (2, 4 + CLASSES + masks, count)."""
    chance = np.random.default_rng(seed)
    heaps = chance.uniform(20, 220, (2, 2, 1 + count // 20))
    centres = heaps[:, :, chance.integers(0, heaps.shape[2], count)] + chance.normal(0, 4, (2, 2, count))
    sizes = chance.uniform(10, 50, (2, 2, count))
    scores = chance.beta(0.3, 1.5, (2, CLASSES, count))
    return np.concatenate([centres, sizes, scores, chance.normal(size=(2, masks, count))], 1).astype(np.float32)


@pytest.mark.parametrize(("count", "masks"), [(30, 0), (400, 0), (2000, 0), (400, 8)])
@pytest.mark.parametrize("seed", range(3))
def test_a_raw_head_is_read_as_in_a_validation(seed, count, masks):
    from ultralytics.utils.nms import non_max_suppression

    raw = crowd(seed, count, masks)
    protos = np.zeros((2, masks, 4, 4), np.float32)
    mine = decode([raw, protos] if masks else [raw], "raw", CLASSES, SCORE)
    theirs = non_max_suppression(
        torch.from_numpy(raw), SCORE, OVERLAP, nc=CLASSES, multi_label=True, max_det=MOST, max_time_img=60
    )
    for own, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(own.scores, other[:, 4], atol=1e-6)
        np.testing.assert_array_equal(own.class_ids, other[:, 5])
        np.testing.assert_allclose(own.boxes, other[:, :4], atol=1e-3)
        np.testing.assert_allclose(own.coefficients, other[:, 6:], atol=1e-6)
        assert (own.prototypes is None) is (masks == 0)


@pytest.mark.parametrize("head", ["end_to_end", "nms"])
def test_a_head_that_gives_objects_is_taken_by_its_word(head):
    rows = np.zeros((2, 5, 6), np.float32)
    rows[0, 1] = [1, 2, 3, 4, 0.4, 2]
    rows[0, 3] = [5, 6, 7, 8, 0.9, 0]
    rows[1, 0] = [5, 6, 7, 8, 0.05, 1]
    first, second = decode([rows], head, CLASSES, 0.1)
    assert first.class_ids.tolist() == [0, 2]
    assert first.scores.tolist() == pytest.approx([0.9, 0.4])
    assert first.boxes.tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
    assert second.boxes.shape == (0, 4)


def test_nothing_at_all():
    (nothing,) = decode([np.zeros((1, 4 + CLASSES, 9), np.float32)], "raw", CLASSES, SCORE)
    assert nothing.boxes.shape == (0, 4)
    assert nothing.coefficients.shape == (0, 0)
