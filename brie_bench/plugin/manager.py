"""`make_manager`: the plugins that are installed, found through entry points. Made, never global."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any

import pluggy

from brie_bench.errors import in_words, plain
from brie_bench.plugin import hookspecs

DISABLE = "BRIE_BENCH_DISABLE_PLUGINS"


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from."""

    distribution: str
    version: str
    module: str


@dataclass(frozen=True)
class Manager:
    """The loaded plugins, and why the others are not."""

    plugins: pluggy.PluginManager
    origins: Mapping[str, Origin] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    disabled: tuple[str, ...] = ()


def make_manager(
    extra: Iterable[Any] = (), *, environ: Mapping[str, str] = MappingProxyType({}), discover: bool = True
) -> Manager:
    """A manager with every installed plugin, and `extra` ones (modules or objects, for tests and notebooks).

    `BRIE_BENCH_DISABLE_PLUGINS` in `environ` (the process's own where it is empty) names entry points to leave out,
    comma-separated; `*` leaves out all that do not come with the tool. A plugin that cannot be imported, or that
    implements an unknown hook, is listed as broken with its reason and does no harm.
    """
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    origins: dict[str, Origin] = {}
    broken: dict[str, str] = {}
    disabled: list[str] = []
    unwanted = {name.strip() for name in (environ or os.environ).get(DISABLE, "").split(",") if name.strip()}
    entries = importlib.metadata.entry_points(group=hookspecs.GROUP) if discover else ()
    for entry in sorted(entries, key=lambda entry: (not _is_own(entry), entry.name, entry.value)):
        if entry.name in unwanted or ("*" in unwanted and not _is_own(entry)):
            disabled.append(entry.name)
            continue
        distribution = entry.dist
        origin = Origin(
            distribution.name if distribution else "?", distribution.version if distribution else "?", entry.value
        )
        if entry.name in origins:
            broken[f"{entry.name} ({origin.distribution})"] = (
                f"the entry point '{entry.name}' is {origins[entry.name].distribution}'s"
            )
            continue
        origins[entry.name] = origin
        try:
            plugin = entry.load()
            _check(plugin)
            manager.register(plugin, name=entry.name)
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises must not stop the tool
            broken[entry.name] = plain(in_words(error))
    for number, plugin in enumerate(extra):
        _check(plugin)
        name = getattr(plugin, "__name__", f"extra-{number}")
        manager.register(plugin, name=name)
        origins[name] = Origin("(in process)", "", name if isinstance(plugin, ModuleType) else type(plugin).__name__)
    return Manager(manager, origins, broken, tuple(disabled))


def _is_own(entry: importlib.metadata.EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == "brie-bench"


def _check(plugin: Any) -> None:
    """Raise unless every hook that `plugin` implements is one of ours, with arguments it has."""
    alone = pluggy.PluginManager(hookspecs.GROUP)
    alone.add_hookspecs(hookspecs)
    alone.register(plugin)
    alone.check_pending()
