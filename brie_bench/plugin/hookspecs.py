"""The hooks: the plugin author's table of contents. Each is called once with a function that takes a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pluggy

if TYPE_CHECKING:
    import click

    from brie_bench.plugin.kinds import Exporter, Importer, Judge, Model, Trainer

GROUP = "brie_bench"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

T_co = TypeVar("T_co", covariant=True)


class Register(Protocol[T_co]):
    """Takes a class of one kind; refuses abstract ones, and names that are taken."""

    def __call__(self, cls: type[Any], /) -> None:
        """Register `cls`."""


@hookspec
def register_judges(register: Register[Judge]) -> None:
    """Register classes that say which of two texts is better."""


@hookspec
def register_models(register: Register[Model]) -> None:
    """Register classes that complete prompts."""


@hookspec
def register_trainers(register: Register[Trainer]) -> None:
    """Register classes that fine-tune a model."""


@hookspec
def register_importers(register: Register[Importer]) -> None:
    """Register classes that read recorded judgments or conversations."""


@hookspec
def register_exporters(register: Register[Exporter]) -> None:
    """Register classes that write records for another tool."""


@hookspec
def register_commands(cli: click.Group) -> None:
    """Add commands to `brie-bench`."""
