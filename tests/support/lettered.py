"""Fonts made by hand: each of their letters is a full square."""

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen


def font(file, letters):
    """Write a TrueType font that has these letters alone."""
    names = {ord(letter): f"letter{at}" for at, letter in enumerate(letters)}
    pen = TTGlyphPen(None)
    for step, point in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]):
        (pen.lineTo if step else pen.moveTo)(point)
    pen.closePath()
    square = pen.glyph()
    glyphs = [".notdef", *names.values()]
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(glyphs)
    made.setupCharacterMap(names)
    made.setupGlyf(dict.fromkeys(glyphs, square))
    made.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": file.stem, "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    file.parent.mkdir(parents=True, exist_ok=True)
    made.save(file)
    return file
