"""Tables without what is secret in the addresses in them: those of a pull, from which all others come."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.annotations import Annotations
from detector.secrets import SUSPECT, public, public_json, without_secrets


def discreet(drawn: Annotations) -> Annotations:
    """The same without secrets: what tells pictures apart stays."""
    images = drawn.images
    for column, clean in (("source", public), ("link", public), ("data", public_json)):
        images = _cleaned(images, column, clean)
    return replace(drawn, images=images, losses=_cleaned(drawn.losses, "detail", without_secrets, "."))


def _cleaned(table: pa.Table, column: str, clean: Callable[[str], str], suspect: str = SUSPECT) -> pa.Table:
    """The table with those texts of a column cleaned that may have a secret: most tables have none."""
    rows = np.flatnonzero(pc.match_substring_regex(table[column], suspect).fill_null(False).to_numpy())
    if not len(rows):
        return table
    texts = table[column].to_pylist()
    for row in rows:
        texts[row] = clean(texts[row])
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(at), pa.array(texts, table.schema.field(at).type))
