"""`brie-bench doctor`: what is installed, set, reachable and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from brie_bench.cli.options import runs_option

if TYPE_CHECKING:
    from brie_bench.engine.doctor.checkup import Check

_STYLES = {"ok": "green", "note": "dim", "warning": "yellow", "error": "bold red"}


@click.command()
@runs_option
@click.option("--online", is_flag=True, help="Ask the servers of every provider with a key whether they answer.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
def command(folder: Path, online: bool, form: str) -> int:
    """Show what is installed, set and reachable, and what to do.

    It prints no key. Without --online it speaks to servers on this machine alone. Exit status 1:
    something that is configured cannot work.
    """
    from brie_bench.engine.doctor.checkup import checkup
    from brie_bench.plugin.catalog import Catalog

    checks = checkup(folder, Catalog(), online=online)
    if form == "json":
        from dataclasses import asdict

        from brie_bench.errors import plain_json

        click.echo(plain_json({"checks": [asdict(check) for check in checks]}))
    else:
        _show(checks)
    return 1 if any(check.state == "error" for check in checks) else 0


def _show(checks: list[Check]) -> None:
    """One line a check, by area; what to do stands below it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    width = max(len(check.name) for check in checks) + 2
    area = ""
    for check in checks:
        if check.area != area:
            console.print(Text(f"{chr(10) if area else ''}{check.area}", style="bold"))
            area = check.area
        style = _STYLES[check.state]
        says = (check.says, "" if check.state == "ok" else style)
        console.print(Text.assemble(("  " + check.state.ljust(9), style), check.name.ljust(width), says))
        if check.mend:
            console.print(Text(" " * (11 + width) + check.mend))
    counts = [(state, sum(check.state == state for check in checks)) for state in ("error", "warning")]
    found = ", ".join(f"{n} {state}{'s' * (n != 1)}" for state, n in counts if n)
    console.print(Text(f"\n{found or 'Nothing is wrong'}."))
