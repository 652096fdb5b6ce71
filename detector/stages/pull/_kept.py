"""What a pull stands on."""

from detector.stages import Kept, Result, below


def kept(result: Result) -> Kept:
    """Its tables, and the pictures in the store that they name, each of which is called by its hash."""
    from detector.data.annotations import pictures

    return Kept([*below(result.path), *pictures(result.path)])
