"""What a server gave last time: a project's tasks, as JSON, with what tells whether they changed since.

One Arrow IPC file, compressed: 200,000 tasks of ten boxes are 800 MB of JSON, and a tenth of that on the disk.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from detector.label_studio.listing import TASKS
from detector.label_studio.query import Look
from detector.label_studio.seen import Seen, remember
from detector.system.files import write_whole

_LOOK, _STATE = b"look", b"state"


@dataclass(frozen=True)
class Kept:
    """`tasks` of the schema TASKS by id, and how the server looked before they were listed.

    `state` is how it looked when they last changed; empty, when the listing was cut short and only begins with them.
    """

    tasks: pa.Table
    look: Look | None = None
    state: str = ""

    @property
    def last(self) -> int:
        """The highest id; new tasks have higher ones."""
        return int(self.tasks["id"][-1].as_py()) if self.tasks.num_rows else 0


NOTHING = Kept(TASKS.empty_table())


def read(file: Path) -> Kept:
    """What is kept in `file`: nothing, when it isn't there, or another release wrote it in another form."""
    try:
        with pa.memory_map(str(file)) as mapped, pa.ipc.open_file(mapped) as opened:
            tasks = opened.read_all()
        metadata = tasks.schema.metadata
        return Kept(tasks.cast(TASKS), msgspec.json.decode(metadata[_LOOK], type=Look), metadata[_STATE].decode())
    except (OSError, pa.ArrowInvalid, ValueError, KeyError, TypeError):
        return NOTHING


def write(file: Path, kept: Kept) -> None:
    """Keep it in `file`, whole or not at all."""
    metadata = {_LOOK: msgspec.json.encode(kept.look), _STATE: kept.state.encode()}
    tasks = kept.tasks.replace_schema_metadata(metadata)
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_file(buffer, tasks.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(tasks, max_chunksize=4096)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, buffer.getvalue().to_pybytes())
    remember(file, Seen(kept.look, kept.state))
