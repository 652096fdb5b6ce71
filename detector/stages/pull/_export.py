"""A Label Studio export, opened: hashed once, and parsed once if that has to be."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import UsageError
from detector.stages.pull._references import Files, Looked, files_of
from detector.system.digests import digest_of

if TYPE_CHECKING:
    from detector.data.annotations import Annotations
    from detector.label_studio.policy import Policy

_FORM = 3  # of what is kept of an export: another one is not read


@dataclass(frozen=True)
class Export:
    """The JSON file, the folder that references resolve under, the labelling configuration, and what counts."""

    path: Path
    root: Path
    label_config: Path | None
    policy: "Policy"
    kept: Path  # folder for what is known of exports

    @cached_property
    def content(self) -> str:
        """Changes whenever the export does, or the configuration that says what in it is an image."""
        config = f" {self._digest('label_config', self.label_config)}" if self.label_config else ""
        return f"{self._digest('path', self.path)}{config}"

    def _digest(self, name: str, path: Path) -> str:
        try:
            return digest_of(path, self.kept)
        except OSError as error:
            raise _unreadable(name, path, error) from error

    @cached_property
    def drawn(self) -> "Annotations":
        """The annotations, without pixels and without secrets. Raises UsageError when they can't be read."""
        from detector.data.discreet import discreet
        from detector.label_studio.tasks import annotations  # Arrow with it

        config = self.label_config.read_bytes() if self.label_config else None
        try:
            return discreet(annotations(self.path, self.policy, config))
        except OSError as error:
            raise _unreadable("path", self.path, error) from error

    @property
    def files(self) -> Files:
        """Each reference in it, and the file that it means."""
        return self._looked.files

    @cached_property
    def _looked(self) -> Looked:
        """Its references. They are kept by its content, so that asking again is cheap."""
        asked = f"{_FORM} {self.content} {self.path} {self.root} {self.policy}"
        index = self.kept / f"{hashlib.sha256(asked.encode()).hexdigest()[:12]}.files.json"
        return files_of(self._sources, self.root, index)

    def _sources(self) -> list[str]:
        return [str(source) for source in self.drawn.images["source"].unique().to_pylist()]

    @property
    def state(self) -> str:
        """Changes whenever the export, the labelling configuration, or an image that is referred to does."""
        return hashlib.sha256(f"{self.content} {self._looked.state}".encode()).hexdigest()


def _unreadable(name: str, path: Path, error: OSError) -> UsageError:
    """What to say of a file of `pull` that can't be read."""
    if name == "path" and path.is_dir():
        return UsageError(f"pull.path: {path} is a folder{_of_what(path)}; in Label Studio choose Export, then JSON")
    hint = "Label Studio exports it as JSON" if name == "path" else "copy it from the project's Labeling Interface"
    return UsageError(f"pull.{name}: {path} can't be read ({error.strerror}); {hint}")


def _of_what(folder: Path) -> str:
    """What a folder holds that stands where an export should."""
    names = {file.name for file in folder.iterdir()}
    if names & {"labels", "classes.txt", "data.yaml"}:
        return ", which `using: yolo` pulls"
    single = all(name.removesuffix(".json").isdigit() for name in names)
    return " of single annotations, as a target storage of Label Studio's writes them" if names and single else ""
