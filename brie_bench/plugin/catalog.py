"""The catalog: from a name to a class, and from a `PluginRef` to an instance."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from brie_bench.errors import BrieError, Failed, PluginError, did_you_mean, in_words, plain
from brie_bench.files import first_error
from brie_bench.plugin.base import NAME, Options, Plugin
from brie_bench.plugin.kinds import Exporter, Importer, Judge, Model, Trainer
from brie_bench.plugin.manager import DISABLE, Manager, make_manager
from brie_bench.spec.config import PluginRef

KINDS: dict[str, type[Plugin]] = {
    "judge": Judge,
    "model": Model,
    "trainer": Trainer,
    "importer": Importer,
    "exporter": Exporter,
}

V = TypeVar("V")


class Catalog:
    """What the plugins registered, by kind and name. Building is on demand; `shared` keeps what is heavy once."""

    def __init__(self, manager: Manager | None = None) -> None:
        self.manager = manager if manager is not None else make_manager()
        self.broken = dict(self.manager.broken)
        self.classes: dict[str, dict[str, type[Plugin]]] = {kind: {} for kind in KINDS}
        self.owner: dict[tuple[str, str], str] = {}
        self._shared: dict[Hashable, Any] = {}
        self._lock = threading.RLock()
        plugins = self.manager.plugins
        for name, plugin in plugins.list_name_plugin():
            if plugin is not None:
                self._register_all(name, plugin)

    def _register_all(self, owner: str, plugin: Any) -> None:
        """Everything one plugin registers, or, when any of it is refused, nothing and the reason."""
        plugins = self.manager.plugins
        others = [other for _, other in plugins.list_name_plugin() if other is not plugin]
        found: list[tuple[str, type[Plugin]]] = []
        try:
            for kind in KINDS:
                hook = plugins.subset_hook_caller(f"register_{kind}s", remove_plugins=others)
                hook(register=lambda cls, kind=kind: found.append((kind, self._checked(kind, cls, found))))
        except (Exception, SystemExit) as error:  # a stranger's code: its fault is its own
            self.broken[owner] = plain(error if isinstance(error, PluginError) else in_words(error))
            return
        for kind, cls in found:
            self.classes[kind][cls.name] = cls
            self.owner[kind, cls.name] = owner

    def _checked(self, kind: str, cls: Any, found: list[tuple[str, type[Plugin]]]) -> type[Plugin]:
        """`cls`, if it is a class of that kind, concrete, with options of its own and a name nobody has."""
        if not isinstance(cls, type) or not issubclass(cls, KINDS[kind]):
            raise PluginError(f"{plain(cls, 80)} is registered as a {kind} and is no {KINDS[kind].__name__} class.")
        missing = sorted(getattr(cls, "__abstractmethods__", ()))
        if inspect.isabstract(cls):
            raise PluginError(f"{kind} class {cls.__name__} is abstract: it lacks {', '.join(missing)}.")
        if not isinstance(cls.name, str) or not NAME.fullmatch(cls.name):
            raise PluginError(
                f"{kind} class {cls.__name__} has the name {cls.name!r}:",
                mend="lower-case letters, digits, . _ and - only.",
            )
        if not isinstance(cls.Options, type) or not issubclass(cls.Options, Options):
            raise PluginError(f"{kind} '{cls.name}': Options must be a class of brie_bench.Options.")
        if cls.name in self.classes[kind] or any(each == (kind, cls.name) for each in ((k, c.name) for k, c in found)):
            owner = self.owner.get((kind, cls.name), "this plugin itself")
            raise PluginError(f"the {kind} name '{cls.name}' is taken by {owner}.")
        return cls

    def names(self, kind: str) -> list[str]:
        """The registered names of a kind, sorted."""
        return sorted(self.classes[kind])

    def find(self, kind: str, name: str) -> tuple[type[Plugin], str | None]:
        """The class that `name` means, and what follows its slash (None without one)."""
        known = self.classes[kind]
        if name in known:
            return known[name], None
        head, slash, rest = name.partition("/")
        if slash and head in known:
            if not rest:
                raise PluginError(f"{kind} '{name}': nothing follows the slash.", mend=f"Write {head}/MODEL.")
            return known[head], rest
        raise PluginError(f"no {kind} '{plain(name, 80)}'.", mend=self._mend(kind, head))

    def _mend(self, kind: str, head: str) -> str:
        """What to do about an unknown name: it may be that of a plugin that is broken or disabled, or in one of those."""
        alike = {owner.replace("_", "-"): owner for owner in (*self.broken, *self.manager.disabled)}
        owner = alike.get(head.replace("_", "-"))
        if owner in self.broken:
            return f"The plugin '{owner}' is broken: {self.broken[owner]}"
        if owner is not None:
            return f"The plugin '{owner}' is disabled by {DISABLE}."
        known = {*self.classes[kind], *(self.classes["model"] if kind == "judge" else ())}
        missing = "".join(
            f" {state} plugins that may have it: {', '.join(sorted(owners))}."
            for state, owners in (("Broken", self.broken), ("Disabled", self.manager.disabled))
            if owners
        )
        return f"{did_you_mean(head, known)}{missing} See 'brie-bench plugins list'."

    def build(self, kind: str, ref: PluginRef) -> Plugin:
        """The instance that `ref` describes; its options validated."""
        cls, rest = self.find(kind, ref.name)
        options = dict(ref.options)
        if rest is not None:
            if "model" not in cls.Options.model_fields:
                raise PluginError(f"{kind} '{cls.name}' takes nothing after a slash.", mend=f"Write '{cls.name}'.")
            if "model" in options:
                raise PluginError(f"{kind} '{ref.name}' names its model twice: after the slash and as an option.")
            options["model"] = rest
        try:
            validated = cls.Options.model_validate(options)
        except ValidationError as error:
            raise PluginError(
                f"{kind} '{ref.name}': {first_error(error, cls.Options)}",
                mend=f"See 'brie-bench plugins show {cls.name}'.",
            ) from None
        try:
            built = cls.build(validated, self)
        except BrieError:
            raise
        except (Exception, SystemExit) as error:  # a stranger's code again: say whose fault it is
            words = error.message if isinstance(error, Failed) else in_words(error)
            raise PluginError(f"{kind} '{ref.name}' cannot be built: {words}") from error
        if not isinstance(built, KINDS[kind]):
            raise PluginError(f"{kind} '{ref.name}' builds a {type(built).__name__}, no {KINDS[kind].__name__}.")
        return built

    def model(self, ref: PluginRef | str) -> Model:
        """The model that `ref` describes."""
        return cast("Model", self.build("model", _ref(ref)))

    def judge(self, ref: PluginRef | str) -> Judge:
        """The judge that `ref` describes; a model's name means the rubric judge over that model."""
        ref = _ref(ref)
        head = ref.name.partition("/")[0]
        judges = self.classes["judge"]
        if ref.name not in judges and head not in judges and head in self.classes["model"]:
            ref = PluginRef(name="rubric", options={"model": ref.canonical()})
        return cast("Judge", self.build("judge", ref))

    def importer(self, name: str, options: Mapping[str, Any] | None = None) -> Importer:
        """The importer of that name, with these options."""
        return cast("Importer", self.build("importer", _ref({"name": name, "options": dict(options or {})})))

    def exporter(self, name: str) -> Exporter:
        """The exporter of that name."""
        return cast("Exporter", self.build("exporter", PluginRef(name=name)))

    def shared(self, key: Hashable, make: Callable[[], V]) -> V:
        """The one `make()` of this catalog for `key`: a base model loaded once for all its adapters."""
        with self._lock:
            if key not in self._shared:
                self._shared[key] = make()
            return cast("V", self._shared[key])


def _ref(ref: object) -> PluginRef:
    """A plugin's reference, from whatever form a file or an option gives it."""
    try:
        return PluginRef.model_validate(ref)
    except ValidationError as error:
        raise PluginError(f"no plugin reference: {first_error(error, PluginRef)}", mend="Write NAME.") from None
