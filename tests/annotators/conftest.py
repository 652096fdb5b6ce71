"""One team, whose micro network was trained by a real run: for all that goes back to its annotators."""

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from detector.cli.main import commands
from tests.support.services.label_studio import TOKEN
from tests.support.team import Team, team
from tests.test_json import matches

LABELLED, UNLABELLED, EPOCHS = 100, 12, 18


@dataclass(frozen=True)
class House:
    """A team after its first run, and the label mistakes that were planted: (task, kind)."""

    team: Team
    planted: list[tuple[int, str]]

    def detector(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return detector(self.team.folder, *arguments)

    def told(self, command: str, *arguments: str) -> dict:
        """What the command says with --json, as documented; in this process, which has PyTorch loaded."""
        given = [command, str(self.team.folder / "pipeline.yaml"), "--json", *arguments]
        done = CliRunner().invoke(commands, given, env={"LABEL_STUDIO_TOKEN": TOKEN}, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return matches(command, done.stdout)


def detector(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as a person runs it."""
    variables = os.environ | {"LABEL_STUDIO_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "detector", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def plant(results: list[list[dict]], share: float = 0.05) -> list[tuple[int, str]]:
    """Move, drop or relabel this share of all boxes, one kind after the other; gives (task's place, kind)."""
    chance = random.Random(0)
    every = [(at, region["id"]) for at, result in enumerate(results) for region in result]
    planted = []
    for number, (at, name) in enumerate(chance.sample(every, round(share * len(every)))):
        kind = ("moved", "dropped", "relabelled")[number % 3]
        [region] = [each for each in results[at] if each["id"] == name]
        value = region["value"]
        if kind == "moved":
            value["x"] += value["width"] * (0.5 if value["x"] < 50 else -0.5)
        elif kind == "relabelled":
            value["rectanglelabels"] = ["square" if value["rectanglelabels"] == ["disc"] else "disc"]
        else:
            results[at].remove(region)
        planted.append((at, kind))
    return planted


@pytest.fixture(scope="session")
def house(tmp_path_factory, label_studio) -> House:
    folder = tmp_path_factory.mktemp("house")
    planted: list[tuple[int, str]] = []
    made = team(
        folder,
        label_studio,
        labelled=LABELLED,
        unlabelled=UNLABELLED,
        epochs=EPOCHS,
        spoil=lambda results: planted.extend(plant(results)),
    )
    done = detector(folder, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return House(made, [(made.labelled[at], kind) for at, kind in planted])
