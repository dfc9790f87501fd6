"""`brie-bench suite list|show|validate`."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """List, show and validate suites."""


@command.command("list")
def list_suites() -> None:
    """List the suites that come with the tool."""
    from tabulate import tabulate

    from brie_bench.files import read_suite
    from brie_bench.report.words import escape
    from brie_bench.shipped import find_suite, suite_names

    suites = [read_suite(find_suite(name)) for name in suite_names()]
    rows = [[escape(each.name), each.n_items, each.n_prompts, escape(each.title)] for each in suites]
    click.echo(tabulate(rows, headers=["suite", "items", "distinct prompts", "title"], tablefmt="pipe"))


@command.command()
@click.argument("suite")
@click.option("--prompts", is_flag=True, help="Print every prompt too.")
def show(suite: str, prompts: bool) -> None:
    """Show what SUITE consists of."""
    from tabulate import tabulate

    from brie_bench.errors import plain
    from brie_bench.files import read_suite
    from brie_bench.report.words import escape
    from brie_bench.shipped import find_suite

    found = read_suite(find_suite(suite))
    click.echo(f"# {escape(found.name)}: {escape(found.title)}\n")
    if found.description:
        click.echo(f"{plain(found.description, 2000)}\n")
    rows = []
    for section in found.sections:
        temperatures = section.temperatures or (found.sampling.temperature,)
        limits = section.max_tokens or (found.sampling.max_tokens,)
        n_items = len(section.prompts) * len(temperatures) * len(limits) * section.repeats
        rows.append(
            [
                escape(section.name),
                section.kind.replace("_", "-"),
                len(section.prompts),
                ", ".join(f"{each:g}" for each in temperatures if each is not None),
                ", ".join(str(each) for each in limits),
                section.repeats,
                n_items,
            ]
        )
    rows.append(["**all**", "", found.n_prompts, "", "", "", found.n_items])
    headers = ["section", "kind", "distinct prompts", "temperature", "max tokens", "repeats", "items"]
    click.echo(tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True))
    click.echo(f"\nCriteria: {', '.join(found.criteria)}. Digest: {found.content_digest()}.")
    if prompts:
        for section in found.sections:
            click.echo(f"\n## {escape(section.name)}\n")
            for prompt in section.prompts:
                words = " / ".join(plain(turn.content, 2000) for turn in prompt.turns)
                click.echo(f"- `{prompt.id}` {escape_long(words)}")


def escape_long(text: str) -> str:
    """Markdown-safe, however long."""
    from brie_bench.report.words import MARKUP

    return MARKUP.sub(r"\\\1", text)


@command.command()
@click.argument("suites", nargs=-1, required=True, metavar="SUITE…")
def validate(suites: tuple[str, ...]) -> None:
    """Check SUITE: every key and prompt, and the published JSON Schemas as well."""
    from brie_bench.errors import plain
    from brie_bench.files import read_suite
    from brie_bench.schemas import check_suite
    from brie_bench.shipped import find_suite

    for name in suites:
        folder = find_suite(name)
        found = read_suite(folder)
        check_suite(folder)
        click.echo(f"{plain(name)}: {found.n_items} items from {found.n_prompts} distinct prompts; valid.")
