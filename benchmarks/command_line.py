"""The command line: how fast it starts, beside a minimal click program, and what the embedded default costs.

    python benchmarks/command_line.py

`--help` and `--version` may take twice the CPU time of a click program with one option, and import neither pydantic, numpy
nor asyncio; `brie-bench run` on the embedded default, from the empty folder to the leaderboard, less than 5 CPU seconds.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measuring import Spent, Targets, medians, spent, table

TIMES = 15
HEAVY = ("pydantic", "numpy", "asyncio")
MINIMAL = """
import sys
import click

@click.command()
@click.version_option("1", prog_name="minimal")
def main():
    '''A minimal program.'''

sys.exit(main())
"""
OURS = "import sys\nfrom brie_bench.cli import main\nsys.exit(main())\n"


def start(targets: Targets, folder: Path) -> None:
    """`--help` and `--version`, in turn with the minimal program."""
    scripts = {"minimal": folder / "minimal.py", "ours": folder / "ours.py"}
    scripts["minimal"].write_text(MINIMAL)
    scripts["ours"].write_text(OURS)  # what pip writes as the command `brie-bench`
    rows = []
    for option in ("--help", "--version"):
        commands = [[sys.executable, str(path), option] for path in scripts.values()]
        minimal, ours = medians(TIMES, *(functools.partial(spent, command) for command in commands))
        ratio = targets.at_most(f"{option} by a minimal click program", ours.cpu / minimal.cpu, 2.0, "×")
        loaded = imported(option)
        for each in loaded:
            targets.missed.append(f"{option} imports {each}")
        rows.append(
            [
                f"`brie-bench {option}`",
                f"{1000 * ours.cpu:.0f} ms",
                f"{1000 * minimal.cpu:.0f} ms",
                ratio,
                f"{ours.wall / minimal.wall:.3g} ×",
                ", ".join(loaded) or "none",
            ]
        )
    table(["", "CPU", "minimal click program", "ratio", "ratio by the clock", "heavy imports"], rows)


def imported(option: str) -> list[str]:
    """Which of the heavy libraries a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "brie_bench", option]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    modules = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in told.splitlines()}
    return [name for name in HEAVY if name in modules]


def run(targets: Targets, folder: Path) -> None:
    """The whole command on the embedded default, from nothing and repeated."""
    os.chdir(folder)
    number = iter(range(10**6))

    def fresh() -> Spent:
        return spent([*command, "--runs", str(folder / f"runs-{next(number)}")])

    command = [sys.executable, "-m", "brie_bench", "run", "comprehensive57"]
    again = [*command, "--runs", str(folder / "again")]
    spent(again)
    first, repeated = medians(5, fresh, lambda: spent(again))
    cpu = targets.at_most("brie-bench run comprehensive57", first.cpu, 5.0, "s")
    rows = [["from nothing", cpu, f"{first.wall:.3g} s", f"{first.peak:.0f} MiB"]]
    rows.append(
        ["repeated: nothing is called", f"{repeated.cpu:.3g} s", f"{repeated.wall:.3g} s", f"{repeated.peak:.0f} MiB"]
    )
    table(["`brie-bench run comprehensive57`", "CPU", "wall", "memory at most"], rows)


def steps(folder: Path) -> None:
    """The CPU time of each of the six steps of a first run, in this process."""
    import brie_bench.engine.run as line
    from brie_bench.cli import main
    from brie_bench.report import publish

    taken: dict[str, float] = {}
    places: list[tuple[Any, str, str]] = [
        (line, "complete", "completions"),
        (line, "pair", "pairing"),
        (line, "judge", "judging"),
        (publish, "leaderboard_of", "standings"),
        (publish, "render", "markdown"),
        (publish, "to_json", "json"),
    ]
    with contextlib.ExitStack() as stack:
        for module, name, step in places:
            stack.enter_context(timed(module, name, step, taken))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        begun = time.process_time()
        main(["run", "comprehensive57", "--runs", str(folder / "steps")])
        whole = time.process_time() - begun
    rows = [[step, f"{1000 * taken[step]:.0f} ms"] for _, _, step in places]
    rows.append(
        ["the rest: imports, the suite, two models that learn", f"{1000 * (whole - sum(taken.values())):.0f} ms"]
    )
    table(["step of a first run", "CPU"], rows)


@contextlib.contextmanager
def timed(module: Any, name: str, step: str, taken: dict[str, float]) -> Iterator[None]:
    """Add up the CPU time of a module's function."""
    function: Callable[..., Any] = getattr(module, name)

    def measured(*args: Any, **options: Any) -> Any:
        begun = time.process_time()
        try:
            return function(*args, **options)
        finally:
            taken[step] = taken.get(step, 0.0) + time.process_time() - begun

    setattr(module, name, measured)
    try:
        yield
    finally:
        setattr(module, name, function)


def main() -> None:
    """Print the tables; exit 1 when a target is missed."""
    targets = Targets()
    with tempfile.TemporaryDirectory() as folder:
        start(targets, Path(folder))
        run(targets, Path(folder))
        steps(Path(folder))
        os.chdir("/")
    targets.exit()


if __name__ == "__main__":
    main()
