"""Where the files that come with the tool lie: inside the wheel, or in the checkout it is run from."""

from __future__ import annotations

import contextlib
from pathlib import Path

from brie_bench.errors import SpecError, did_you_mean, plain

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The shipped folder of that name: `suites`, `schemas`, `samples`."""
    packed = _PACKAGE / folder
    return packed if packed.is_dir() else _PACKAGE.parent / folder


def suite_names() -> list[str]:
    """The suites that come with the tool."""
    return sorted(path.parent.name for path in shipped("suites").glob("*/suite.yaml"))


def find_suite(name: str) -> Path:
    """The folder of a suite: a path to one, or the name of one that comes with the tool.

    `suites/comprehensive57` finds the shipped suite too where there is no such folder, so that one command serves a
    checkout and an installed wheel.
    """
    path = Path(name)
    with contextlib.suppress(OSError):  # a name too long for a file is no path
        if path.is_dir() or path.is_file():
            return path
    parts = path.parts
    if (len(parts) == 1 or (len(parts) == 2 and parts[0] == "suites")) and parts[-1] in suite_names():
        return shipped("suites") / parts[-1]
    raise SpecError(f"no suite '{plain(name, 120)}'.", mend=did_you_mean(parts[-1] if parts else name, suite_names()))


def recipe_names() -> list[str]:
    """The configurations that come with the tool."""
    return sorted(path.stem for path in shipped("recipes").glob("*.yaml"))


def find_recipe(path: Path) -> Path:
    """A run's configuration: a path to one, or the name of one that comes with the tool, such as `panel-cheap`.

    What is neither stays a path that nothing is at, unless it looks like a name: then SpecError with what was meant.
    """
    with contextlib.suppress(OSError):
        if path.exists():
            return path
    if path.suffix in ("", ".yaml") and path.parent in (Path(), Path("recipes")) and path.stem in recipe_names():
        return shipped("recipes") / f"{path.stem}.yaml"
    if path.suffix or len(path.parts) != 1:
        return path
    mend = did_you_mean(path.name, recipe_names())
    raise SpecError(f"no configuration '{plain(path.name, 120)}'.", mend=f"Write a path, or a name.{mend}")
