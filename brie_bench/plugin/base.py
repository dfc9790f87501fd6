"""`Plugin` and `Options`: what every kind of plugin shares."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import ConfigDict

from brie_bench.spec.base import Spec, freeze

NAME = re.compile(r"^[a-z0-9][a-z0-9._-]*$")


class Options(Spec):
    """A plugin's options: frozen, closed. The one declaration behind validation, help and the run's record.

    A field named `model` also takes what follows the slash of a plugin's name (`openai/MODEL`). Give every field a
    description; never make an option of a secret.
    """

    model_config = ConfigDict(protected_namespaces=())


V = TypeVar("V")


class Builder(Protocol):
    """What a plugin that is being built may ask of the catalog that builds it."""

    def model(self, ref: Any) -> Any:
        """The model plugin that a name or a `PluginRef` describes."""

    def judge(self, ref: Any) -> Any:
        """The judge that a name or a `PluginRef` describes."""

    def shared(self, key: Hashable, make: Callable[[], V]) -> V:
        """The one `make()` of this catalog for `key`: what is heavy is made once."""
        ...


class Plugin:
    """Something that a name builds. Set `name`; count `revision` up when the same options begin to give other answers."""

    name: ClassVar[str] = ""
    revision: ClassVar[str] = "1"

    class Options(Options):
        """None."""

    def __init__(self, options: Any = None) -> None:
        self.options = options if options is not None else type(self).Options()

    @classmethod
    def build(cls, options: Any, catalog: Builder) -> Self:
        """An instance. Override it to build other plugins (`catalog.model(ref)`) or to share what is heavy."""
        return cls(options)

    def configuration(self) -> dict[str, Any]:
        """All that decides its answers, as plain JSON: part of every key. Extend it by what the options do not say
        (a digest of weights, a base URL, the model inside a judge)."""
        options = self.options.canonical() if isinstance(self.options, Spec) else {}
        found: dict[str, Any] = {"plugin": self.name, "revision": self.revision}
        return {**found, "options": freeze(options)} if options else found
