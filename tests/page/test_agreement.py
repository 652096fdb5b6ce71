"""What a page tells of annotators who differ."""

import json

import pytest

from detector.data import agreement
from detector.data.annotations import AGREEMENT, table
from detector.data.dataset import Dataset
from tests.page.conftest import write
from tests.page.test_page import FITS, LEAVES
from tests.support import evaluations
from tests.support.evaluations import CLASSES

ROWS = [
    *[(at, "ann", "bo", "rectangle", CLASSES[0], CLASSES[0], 0.9) for at in range(6)],
    *[(at, "ann", "bo", "rectangle", CLASSES[0], CLASSES[1], 0.8) for at in range(3)],
    (1, "ann", "bo", "polygon", CLASSES[1], None, None),
]


@pytest.fixture(scope="module")
def differing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("differing")
    version = evaluations.dataset(folder / "datasets").folder
    account = json.loads((version / "conversion.json").read_text())
    account["agreement"] = agreement.summary(table(ROWS, AGREEMENT))
    (version / "conversion.json").chmod(0o644)
    (version / "conversion.json").write_text(json.dumps(account))
    return write(folder, evaluations.run(folder, Dataset(version)))


def test_it_has_a_row_for_each_label_pair_and_person(differing, page):
    rows = differing.rows(page, "#data .agreement")
    labels, people = rows[1:5], rows[6:]
    first, second = (name.strip() for name in CLASSES[:2])
    assert [row[1:4] for row in labels] == [
        ["9", "67%", "0.87"],
        ["4", "0%", "0.80"],
        ["9", "67%", "0.87"],
        ["1", "0%", ""],
    ]
    assert labels[0][4].endswith("3")
    assert [row[0] for row in people] == ["1 and 2", "1, with all others", "2, with all others"]
    assert "3 that others call" in people[1][4]
    assert first[:10] in people[2][4]
    assert second[:10] in people[2][4]


@pytest.mark.parametrize("width", [390, 1440])
def test_no_column_is_cut(differing, page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(differing.file.as_uri())
    assert page.evaluate(FITS) == width
    assert page.locator("#data *").evaluate_all(LEAVES) == []
