"""`brie-bench plugins list|show`."""

from __future__ import annotations

from typing import Any

import click

from brie_bench.errors import PluginError, did_you_mean


@click.group()
def command() -> None:
    """List and show plugins."""


@command.command("list")
@click.option(
    "--kind", type=click.Choice(["judge", "model", "trainer", "importer", "exporter"]), help="Only this kind."
)
def list_plugins(kind: str | None) -> None:
    """List what the installed plugins offer, and why a broken one is not among it."""
    import pluggy
    from tabulate import tabulate

    from brie_bench.cli.group import plugin_commands
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.plugin.hookspecs import GROUP
    from brie_bench.report.words import escape

    catalog, commands = Catalog(), plugin_commands()
    rows = []
    for each in [kind] if kind else catalog.classes:
        for name in catalog.names(each):
            source = _source(catalog, catalog.owner[each, name])
            rows.append([each, escape(name), escape(_summary(catalog.classes[each][name])), source])
    if not kind:
        rows += [
            ["command", escape(name), escape(added.get_short_help_str(200)), _source(catalog, owner)]
            for name, (owner, added) in commands.found.items()
        ]
    click.echo(tabulate(rows, headers=["kind", "name", "what it does", "from"], tablefmt="pipe", disable_numparse=True))
    broken = {**commands.broken, **catalog.broken}
    if broken:
        rows = [[escape(name), escape(reason)] for name, reason in sorted(broken.items())]
        click.echo("\nBroken:\n")
        click.echo(tabulate(rows, headers=["plugin", "reason"], tablefmt="pipe"))
    if catalog.manager.disabled:
        click.echo(f"\nDisabled by BRIE_BENCH_DISABLE_PLUGINS: {', '.join(catalog.manager.disabled)}.")
    click.echo(f"\nbrie-bench finds plugins through the entry points '{GROUP}' (pluggy {pluggy.__version__}).")


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what NAME does and which options it takes."""
    from tabulate import tabulate

    from brie_bench.plugin.catalog import Catalog
    from brie_bench.report.words import escape

    catalog = Catalog()
    found = [(kind, classes[name]) for kind, classes in catalog.classes.items() if name in classes]
    if not found:
        if name in catalog.broken:
            raise PluginError(f"the plugin '{name}' is broken: {catalog.broken[name]}")
        known = [each for kind in catalog.classes for each in catalog.names(kind)]
        raise PluginError(f"no plugin '{name}'.", mend=did_you_mean(name, known))
    for kind, cls in found:
        source = _source(catalog, catalog.owner[kind, name])
        click.echo(f"# {escape(name)} ({kind}, revision {escape(cls.revision)}, {source})\n")
        click.echo(f"{_doc(cls)}\n")
        supports = getattr(cls, "supports", None)
        if isinstance(supports, frozenset):
            click.echo(f"Honours: {', '.join(sorted(supports)) or 'nothing'}.\n")
        rows = [
            [escape(field), _type(each.annotation), _default(each), escape(each.description or "")]
            for field, each in cls.Options.model_fields.items()
        ]
        if rows:
            click.echo(
                tabulate(rows, headers=["option", "type", "default", "meaning"], tablefmt="pipe", disable_numparse=True)
            )
        else:
            click.echo("It takes no options.")


def _source(catalog: Any, owner: str) -> str:
    from brie_bench.report.words import escape

    origin = catalog.manager.origins[owner]
    return escape(f"{origin.distribution} {origin.version}")


def _doc(cls: type) -> str:
    import inspect

    from brie_bench.errors import plain

    lines = (inspect.getdoc(cls) or "(undocumented)").splitlines()
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + plain(line) for line in lines)


def _summary(cls: type) -> str:
    return _doc(cls).split("\n\n", maxsplit=1)[0].replace("\n", " ")


def _type(annotation: Any) -> str:
    from brie_bench.report.words import escape

    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return escape(text.replace("typing.", ""))


def _default(field: Any) -> str:
    from brie_bench.report.words import escape

    return "(needed)" if field.is_required() else escape(repr(field.get_default(call_default_factory=True)))
