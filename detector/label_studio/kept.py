"""What a server gave last time: a project's tasks, as JSON, with what tells whether they changed since.

One Arrow IPC file, compressed: 200,000 tasks of ten boxes are 800 MB of JSON, and a tenth of that on the disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa

from detector.label_studio.listing import TASKS
from detector.label_studio.query import Look
from detector.label_studio.seen import Seen, remember
from detector.secrets import public_json
from detector.system.files import write_whole

_LOOK, _STATE, _FORM = b"look", b"state", b"form"
_PUBLIC = b"2"  # the form without secrets; in files of earlier releases they still are


@dataclass(frozen=True)
class Kept:
    """`tasks` of the schema TASKS by id, and how the server looked before they were listed.

    `state` is how it looked when they last changed; empty, when the listing was cut short and only begins with them.
    `whole` has the data, with its secrets, of those tasks that were listed just now and have some: it is not kept.
    """

    tasks: pa.Table
    look: Look | None = None
    state: str = ""
    whole: Mapping[int, bytes] = field(default_factory=dict, compare=False, repr=False)

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
        if metadata.get(_FORM) != _PUBLIC:
            return Kept(_public(tasks.cast(TASKS)))  # to be written anew, whatever the server says
        return Kept(tasks.cast(TASKS), msgspec.json.decode(metadata[_LOOK], type=Look), metadata[_STATE].decode())
    except (OSError, pa.ArrowInvalid, ValueError, KeyError, TypeError):
        return NOTHING


def _public(tasks: pa.Table) -> pa.Table:
    texts = [public_json(text.decode()).encode() for text in tasks["json"].to_pylist()]
    return tasks.set_column(TASKS.get_field_index("json"), TASKS.field("json"), pa.array(texts, pa.large_binary()))


def write(file: Path, kept: Kept) -> None:
    """Keep it in `file`, whole or not at all."""
    metadata = {_LOOK: msgspec.json.encode(kept.look), _STATE: kept.state.encode(), _FORM: _PUBLIC}
    tasks = kept.tasks.replace_schema_metadata(metadata)
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_file(buffer, tasks.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(tasks, max_chunksize=4096)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, buffer.getvalue().to_pybytes())
    remember(file, Seen(kept.look, kept.state))
