"""What of a pipeline's runs and dataset versions nothing needs any more. Only looks; `detector.commands.prune` removes.

Kept are the newest runs and those that others need; each step's result that was used last and what it was made from, so
that a run with nothing new stays one; and every dataset version, pulled table and image that these name.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from detector.data import runs, studies
from detector.data.places import DATASETS, RESULTS, RUNS
from detector.orchestrator import unfinished
from detector.orchestrator.results import files_of
from detector.system.files import by_age, read_json
from detector.system.lock import is_shared

LEFT = ".pruned-"  # a folder that is on its way out is called so: it is gone for everybody else
# what is being written is called by its own name or by none, then the process, then perhaps chance
_OURS = re.compile(rf"{re.escape(LEFT)}.*|\.(latest-)?\d+|\..+\.\d+-[0-9a-f]{{8}}")


@dataclass(frozen=True)
class Prunable:
    """Paths that may go, by what they are. `scratch` is what killed runs left half-made."""

    results: list[Path]
    versions: list[Path]
    pulled: list[Path]
    runs: list[Path]
    studies: list[Path]
    images: list[Path]
    scratch: list[Path]

    def paths(self) -> list[Path]:
        """All of them, in an order in which a kill in the middle leaves nothing that names what is gone."""
        return [path for field in fields(self) for path in getattr(self, field.name)]


@dataclass(frozen=True)
class _Kept:
    """A result that is kept on file: what it is called, where it lies, and the ids it was made from, by stage."""

    file: Path
    path: Path
    id: str
    inputs: dict[str, str]

    @property
    def step(self) -> str:
        return self.file.parent.name


def prunable(name: str, keep: int, needed: Collection[str]) -> Prunable:
    """What may go when the newest `keep` runs of pipeline `name` stay, and the runs and versions in `needed`.

    Of its studies the newest stays; all of them, and their versions, while a worker lives.
    """
    own = _runs(name)
    cut_short = unfinished.find(RESULTS / name, RUNS)
    staying = {*list(own)[-keep:], *([cut_short.folder] if cut_short else []), *(RUNS / each for each in needed)}
    results = _results(name)
    used = _used(results, _outputs(own, staying))
    paths = {result.path for result in used}
    staying |= {run for run in own if any(path.is_relative_to(run) for path in paths)}
    data = DATASETS / name
    searched = studies.of(name)
    at_work = is_shared(studies.workers_of(name))
    needed = {*needed, *(study.dataset for study in searched if at_work)}
    paths |= _outputs(own, staying) | {data / each for each in needed} | {data / (data / "latest").resolve().name}
    versions = [file.parent for file in sorted(data.glob("[!.]*/conversion.json")) if not file.parent.is_symlink()]
    pulled = [file.parent for file in sorted(data.glob("pulled/[!.]*/images.arrow"))]
    indexes = by_age(data.glob("pulled/*.files.json"))
    return Prunable(
        results=[file for result in results if result not in used for file in files_of(result.file)],
        versions=[folder for folder in versions if folder not in paths],
        pulled=[*(folder for folder in pulled if folder not in paths), *indexes[:-keep]],
        runs=[run for run in own if run not in staying],
        studies=[] if at_work else [studies.folder_of(name, study.study) for study in searched[:-1]],
        # a pull that was cut short has images in the store that no table names yet
        images=[] if cut_short else _unnamed(data, paths.intersection(versions), paths.intersection(pulled)),
        scratch=[*_scratch(data), *sorted(RUNS.glob(f"{LEFT}*"))],
    )


def _runs(name: str) -> dict[Path, dict[str, Any]]:
    """Every run of the pipeline, oldest first, and its run.json."""
    return {run: state for run, state in runs.begun().items() if state.get("name") == name}


def _outputs(states: Mapping[Path, dict[str, Any]], of: Iterable[Path]) -> set[Path]:
    """Where the steps of these runs say that their output lies."""
    return {Path(step["path"]) for run in of for step in states.get(run, {}).get("steps", [])}


def _results(name: str) -> list[_Kept]:
    """Every result on file, the one that was used last at the end."""
    kept = []
    for file in by_age((RESULTS / name).glob("*/*.json")):
        if loaded := read_json(file):
            result, made_from = loaded["result"], loaded["ingredients"]
            kept.append(_Kept(file, Path(result["path"]), result["id"], made_from.get("inputs", {})))
    return kept


def _used(results: list[_Kept], paths: Collection[Path]) -> list[_Kept]:
    """The last of each step and those at `paths`; and what all of these were made from."""
    newest = {result.step: result for result in results}
    by_id = {(result.step, result.id): result for result in results}
    waiting = [*newest.values(), *(result for result in results if result.path in paths)]
    used: dict[Path, _Kept] = {}
    while waiting:
        result = waiting.pop()
        if result.file not in used:
            used[result.file] = result
            waiting += [by_id[stage, id_] for stage, id_ in result.inputs.items() if (stage, id_) in by_id]
    return list(used.values())


def _unnamed(data: Path, versions: Iterable[Path], pulled: Iterable[Path]) -> list[Path]:
    """The files in the store that no table of these names."""
    from detector.data.annotations import read
    from detector.data.dataset import Dataset

    named: set[str | None] = set()
    for folder in versions:
        named.update(Dataset(folder).images["sha256"].to_pylist())
    for folder in pulled:
        named.update(read(folder).images["sha256"].to_pylist())
    return [file for file in sorted(data.glob("store/??/[!.]*")) if file.stem not in named]


def _scratch(data: Path) -> list[Path]:
    hidden = [path for pattern in (".*", "pulled/.*", "store/.*", "store/??/.*") for path in data.glob(pattern)]
    return sorted(path for path in hidden if _OURS.fullmatch(path.name))
