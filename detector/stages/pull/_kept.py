"""What a pull stands on."""

from detector.stages import Kept, Result, below


def kept(result: Result) -> Kept:
    """Its tables, and the pictures in the store that they name, each of which is called by its hash."""
    from detector.data.annotations import read
    from detector.data.images import stored
    from detector.data.places import STORE

    store = result.path.parent.parent / STORE
    named = read(result.path).images.select(["sha256", "extension"]).drop_null().to_pylist()
    return Kept([*below(result.path), *(stored(store, row["sha256"], row["extension"]) for row in named)])
