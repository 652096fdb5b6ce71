"""The exporter that CONTRIBUTING.md shows is the one that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXPORTER = "detector/stages/export/torchscript.py"


def test_contributing_shows_this_very_code():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert shown == (ROOT / EXPORTER).read_text(encoding="utf-8")
    assert f"`{EXPORTER}`" in text
