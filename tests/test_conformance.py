"""docs/conformance.md names tests that exist, and the README points there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "conformance.md").read_text()
PROOFS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), PROOFS, ids=lambda part: part.rpartition("/")[2])
def test_each_proof_is_a_test(file, name):
    tree = ast.parse((ROOT / file).read_text())
    [found] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert name.startswith("test_")
    assert any(isinstance(node, ast.Assert | ast.Raise | ast.Call) for node in ast.walk(found))


def test_each_promise_has_a_proof():
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and not row.startswith("| promise")]
    assert len(rows) > 40
    assert [
        row
        for row in rows
        if not re.fullmatch(r"\| .+ \| `tests/[\w/]+\.py::\w+`(<br>`tests/[\w/]+\.py::\w+`)* \|", row)
    ] == []


def test_the_readme_points_to_it():
    assert "docs/conformance.md" in (ROOT / "README.md").read_text()
