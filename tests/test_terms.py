"""Words that the whole project shares."""

import pytest

from detector.terms import rounded


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.012345, 3, "0.0123"),
        (12.34, 3, "12.3"),
        (99.96, 3, "100"),
        (1410.4, 3, "1,410"),
        (0.64, 2, "0.64"),
        (123, 2, "123"),
    ],
)
def test_a_large_number_has_no_exponent(value, digits, text):
    assert rounded(value, digits) == text
