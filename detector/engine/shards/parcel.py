"""What goes to another machine and comes back, as a file; of an Arrow table that is a slice, the slice alone."""

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from detector.system.files import write_whole


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return (_table, (_serialized(value),)) if isinstance(value, pa.Table) else NotImplemented


def _serialized(table: pa.Table) -> bytes:
    """Arrow's own pickle of a slice would hold all of its table."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _table(serialized: bytes) -> pa.Table:
    return pa.ipc.open_stream(serialized).read_all()


def pack(file: Path, content: Any) -> None:
    """Write it, whole or not at all."""
    sink = BytesIO()
    _Pickler(sink, 5).dump(content)
    write_whole(file, sink.getvalue(), lasting=False)


def unpack(file: Path) -> Any:
    """What `pack` wrote, in this project's own folder."""
    return pickle.loads(file.read_bytes())  # noqa: S301 - our own
