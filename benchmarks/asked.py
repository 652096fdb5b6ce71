"""What benchmarks that train on several sets are asked on their command line."""

import argparse
from collections.abc import Collection
from pathlib import Path


def asked(sets: Collection[str], child: int, **numbers: int) -> argparse.Namespace:
    """The sets, so many seeds, whole numbers by name with what they are if left out, and folders.

    A process of its own for one training gets `--child` with so many arguments.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", metavar="SET", choices=[*sets, []], help=", ".join(sets))
    for name, usual in {"seeds": 1, **numbers}.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--bccd", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for all trainings; what is there already is not done again")
    parser.add_argument("--child", nargs=child)
    return parser.parse_args()
