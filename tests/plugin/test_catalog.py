"""From a name to a class, and from a reference to an instance; what is wrong is refused at registration."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import judge_class, model_class, plugin_of
from pydantic import BaseModel, Field, field_validator

import brie_bench
from brie_bench import Failed, Importer, Judge, Model, Verdict, hookimpl
from brie_bench.errors import PluginError, SpecError
from brie_bench.plugin.catalog import KINDS, Catalog
from brie_bench.plugin.manager import DISABLE, make_manager

from .conftest import judge_source

Installed = Callable[..., Path]


class Good(Judge):
    """A sound judge with options."""

    name = "good"

    class Options(brie_bench.Options):
        """The good judge's."""

        weight: float = Field(default=1.0, ge=0.0, description="How much.")
        words: tuple[str, ...] = Field(default=(), description="Which.")

    def judge(self, shown: Any) -> Verdict:
        return Verdict(label="A")


def catalog_with(*classes: Any, kind: str = "judges") -> Catalog:
    """A catalog of one plugin that registers these, and nothing else."""

    class Plugin:
        pass

    def register(self: Any, register: Any) -> None:
        for cls in classes:
            register(cls)

    setattr(Plugin, f"register_{kind}", hookimpl(register))
    return Catalog(make_manager([Plugin()], discover=False))


def variant(**changes: Any) -> type[Judge]:
    """A copy of the good judge with something changed."""
    return type("Variant", (Good,), changes)


def test_a_sound_class_is_found_by_its_name() -> None:
    """And built with its options."""
    catalog = catalog_with(Good)
    assert ({}, ["good"], (Good, None)) == (catalog.broken, catalog.names("judge"), catalog.find("judge", "good"))
    assert 2.0 == catalog.build("judge", ref("good", weight=2)).options.weight


def ref(name: str, **options: Any) -> Any:
    """A plugin's reference."""
    from brie_bench.spec.config import PluginRef

    return PluginRef(name=name, options=options)


class NotOurs(BaseModel):
    """Options of another make."""

    weight: float = 1.0


class Unfinished(Judge):
    """Abstract: it says nothing."""

    name = "unfinished"

    @abstractmethod
    def think(self) -> None:
        """Not yet."""


@pytest.mark.parametrize(
    ("reason", "cls"),
    [
        ("judge class Unfinished is abstract: it lacks judge, think.", Unfinished),
        ("judge class Judge is abstract: it lacks judge.", Judge),
        ("is registered as a judge and is no Judge class.", model_class("m", lambda _: "x")),
        ("is registered as a judge and is no Judge class.", Good()),
        ("is registered as a judge and is no Judge class.", "good"),
        ("is registered as a judge and is no Judge class.", None),
        ("judge class Variant has the name '': lower-case letters, digits, . _ and - only.", variant(name="")),
        ("has the name 'Good'", variant(name="Good")),
        ("has the name 'two words'", variant(name="two words")),
        ("has the name 'good\\n'", variant(name="good\n")),
        ("has the name 'a/b'", variant(name="a/b")),
        ("has the name None", variant(name=None)),
        ("judge 'good': Options must be a class of brie_bench.Options.", variant(Options=NotOurs)),
        ("judge 'good': Options must be a class of brie_bench.Options.", variant(Options=dict)),
        ("judge 'good': Options must be a class of brie_bench.Options.", variant(Options=Good.Options())),
        ("judge 'good': Options must be a class of brie_bench.Options.", variant(Options=None)),
    ],
)
def test_an_unsound_class_is_refused_with_its_reason(reason: str, cls: Any) -> None:
    """Abstract, of the wrong kind, without a proper name or with options of another make."""
    catalog = catalog_with(cls)
    assert [] == catalog.names("judge")
    (found,) = catalog.broken.values()
    assert reason in found
    assert "\n" not in found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_refuses_its_own_abstract_class(kind: str) -> None:
    """None of them can be built."""
    (found,) = catalog_with(KINDS[kind], kind=f"{kind}s").broken.values()
    assert f"{kind} class {KINDS[kind].__name__} is abstract" in found


@pytest.mark.parametrize("classes", [(Good, variant(name="")), (variant(name=""), Good), (Good, variant(name="good"))])
def test_a_plugin_is_all_or_nothing(classes: tuple[type[Judge], ...]) -> None:
    """One unsound class, and nothing of its plugin is registered; other plugins are none the worse."""
    other = plugin_of(judges=(judge_class("other", lambda _: Verdict(label="A")),))
    catalog = Catalog(make_manager([plugin_of(judges=classes), other], discover=False))
    assert (["other"], 1) == (catalog.names("judge"), len(catalog.broken))


def test_a_name_that_is_taken_is_refused() -> None:
    """The first plugin keeps it; the second is told whose it is, and loses what else it brought."""
    one = plugin_of(judges=(Good,))
    two = plugin_of(judges=(variant(),), models=(model_class("also", lambda _: "x"),))
    catalog = Catalog(make_manager([one, two], discover=False))
    assert {"extra-1": "the judge name 'good' is taken by extra-0."} == catalog.broken
    assert (Good, []) == (catalog.find("judge", "good")[0], catalog.names("model"))


def test_a_plugin_cannot_register_one_name_twice() -> None:
    """It is told that it has done so itself."""
    catalog = catalog_with(Good, variant())
    assert ["the judge name 'good' is taken by this plugin itself."] == list(catalog.broken.values())


def test_a_judge_and_a_model_may_have_one_name() -> None:
    """Kinds have names of their own."""
    catalog = Catalog(
        make_manager([plugin_of(judges=(Good,), models=(model_class("good", lambda _: "x"),))], discover=False)
    )
    assert ({}, ["good"], ["good"]) == (catalog.broken, catalog.names("judge"), catalog.names("model"))


@pytest.mark.parametrize("error", [RuntimeError("oh\n\x1b[2J"), SystemExit(3), KeyError("x")])
def test_a_hook_that_raises_is_its_plugins_own_fault(error: BaseException) -> None:
    """Even one that would leave the program."""

    class Plugin:
        @hookimpl
        def register_models(self, register: Any) -> None:
            raise error

    sound = plugin_of(judges=(Good,))
    catalog = Catalog(make_manager([Plugin(), sound], discover=False))
    (found,) = catalog.broken.values()
    assert found.startswith(f"{type(error).__name__}: ")
    assert "\x1b" not in found
    assert ["good"] == catalog.names("judge")


# names


def told(catalog: Catalog, kind: str, name: str, **options: Any) -> str:
    """The one line that building ends with."""
    with pytest.raises(PluginError) as caught:
        catalog.build(kind, ref(name, **options))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("expected", "kind", "name"),
    [
        ("no judge 'coinn'. Did you mean 'coin'? See 'brie-bench plugins list'.", "judge", "coinn"),
        ("no judge 'ngrm/plain'. Did you mean 'ngram'? See 'brie-bench plugins list'.", "judge", "ngrm/plain"),
        ("no model 'ngrm/plain'. Did you mean 'ngram'? See 'brie-bench plugins list'.", "model", "ngrm/plain"),
        ("no model 'coin'. Known: anthropic, google, ngram, openai, recorded.", "model", "coin"),
        ("no importer 'brie-export'. Did you mean 'brie-exports'?", "importer", "brie-export"),
        ("no trainer 'zzz'. See 'brie-bench plugins list'.", "trainer", "zzz"),
        ("no judge '\\x1b[31m'. Known: anthropic, cadence, coin,", "judge", "\x1b[31m"),
        ("model 'ngram/': nothing follows the slash. Write ngram/MODEL.", "model", "ngram/"),
        ("judge 'coin' takes nothing after a slash. Write 'coin'.", "judge", "coin/x"),
    ],
)
def test_an_unknown_name_has_its_did_you_mean(expected: str, kind: str, name: str) -> None:
    """A judge may be meant to be a model; a name may be anybody's text."""
    line = told(Catalog(), kind, name)
    assert line.startswith(expected) if not expected.endswith("list'.") else line == expected


def test_what_follows_a_slash_is_the_model() -> None:
    """All of it, further slashes too."""

    class Echo(Model):
        """Says its name."""

        name = "echo-model"

        class Options(brie_bench.Options):
            """One."""

            model: str = Field(description="Which.")

        def complete(self, request: Any) -> Any:
            raise NotImplementedError

    catalog = catalog_with(Echo, kind="models")
    assert "org/name:tag@1" == catalog.model("echo-model/org/name:tag@1").options.model
    assert "x" == catalog.model(ref("echo-model", model="x")).options.model
    expected = "model 'echo-model/x' names its model twice: after the slash and as an option."
    assert expected == told(catalog, "model", "echo-model/x", model="y")
    assert "key 'model' is missing." in told(catalog, "model", "echo-model")


def test_a_models_name_as_a_judge_means_the_rubric_judge_over_it() -> None:
    """By a bare name, a mapping, or as the rubric's own option."""
    catalog = Catalog()
    judges = [
        catalog.judge("ngram/plain"),
        catalog.judge(ref("ngram", model="plain")),
        catalog.judge("rubric/ngram/plain"),
        catalog.judge(ref("rubric", model={"name": "ngram", "options": {"model": "plain"}})),
    ]
    assert {"rubric"} == {judge.name for judge in judges}
    assert ["plain"] * 4 == [judge.model.options.model for judge in judges]  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", [5, None, {"nam": "x"}, {"name": ""}, [], {"name": "m", "options": 1}])
def test_a_model_that_is_no_reference_is_told(model: Any) -> None:
    """In one line, as any option and as a reference of its own."""
    assert told(Catalog(), "judge", "rubric", model=model).startswith("judge 'rubric': key '")
    with pytest.raises(PluginError, match=r"^no plugin reference: .*Write NAME\.$"):
        Catalog().model(model)


# options


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        ("key 'wieght' is not known. Did you mean 'weight'?", {"wieght": 1}),
        ("key 'weight': input should be greater than or equal to 0.", {"weight": -1}),
        ("key 'weight': input should be a valid number, unable to parse string as a number.", {"weight": "much"}),
        ("key 'words': must be a list.", {"words": "a"}),
        ("key 'words.1': must be text.", {"words": ["a", 5]}),
    ],
)
def test_a_wrong_option_is_told_in_one_line(expected: str, options: dict[str, Any]) -> None:
    """With its key, and where the options are shown."""
    line = told(catalog_with(Good), "judge", "good", **options)
    assert f"judge 'good': {expected} See 'brie-bench plugins show good'." == line


def test_a_pattern_of_the_plugins_own_is_told_as_it_is() -> None:
    """Not as if it were a name."""

    class Coded(Good):
        """Takes a code."""

        class Options(brie_bench.Options):
            """One."""

            code: str = Field(pattern="^[0-9]+$", description="Digits.")

    assert "key 'code': string should match pattern '^[0-9]+$'." in told(
        catalog_with(Coded), "judge", "good", code="x y"
    )


def test_a_validator_of_the_plugins_own_speaks_for_itself() -> None:
    """Its words are the message."""

    class Odd(Good):
        """Takes odd numbers."""

        class Options(brie_bench.Options):
            """One."""

            number: int = Field(description="Odd.")

            @field_validator("number")
            @classmethod
            def _odd(cls, value: int) -> int:
                if value % 2 == 0:
                    raise ValueError("must be odd\n\x1b[2J")
                return value

    assert "judge 'good': key 'number': must be odd \\x1b[2J." in told(catalog_with(Odd), "judge", "good", number=2)


# building


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        ("judge 'good' cannot be built: RuntimeError: no device", RuntimeError("no device")),
        ("judge 'good' cannot be built: SystemExit: 3", SystemExit(3)),
        ("judge 'good' cannot be built: set KEY first", Failed("fatal", "set KEY first")),
        ("x.jsonl:3: no text.", SpecError("no text.", where="x.jsonl:3")),
    ],
)
def test_a_plugin_that_cannot_be_built_says_so_itself(expected: str, error: BaseException) -> None:
    """It is the plugin's fault, in one line, and not one of the tool's."""

    class Unlucky(Good):
        """Cannot be built."""

        @classmethod
        def build(cls, options: Any, catalog: Any) -> Any:
            raise error

    catalog = catalog_with(Unlucky)
    with pytest.raises((PluginError, SpecError)) as caught:
        catalog.judge("good")
    assert expected == str(caught.value)


def test_what_is_built_is_of_its_kind() -> None:
    """A judge that builds something else is told."""

    class Changeling(Good):
        """Builds a text."""

        @classmethod
        def build(cls, options: Any, catalog: Any) -> Any:
            return "a text"

    assert "judge 'good' builds a str, no Judge." == told(catalog_with(Changeling), "judge", "good")


def test_a_plugin_may_build_others() -> None:
    """Through the catalog that builds it."""

    class Wrapped(Good):
        """A judge around another one."""

        name = "wrapped"
        inner: ClassVar[Any]

        @classmethod
        def build(cls, options: Any, catalog: Any) -> Any:
            made = cls(options)
            made.inner = catalog.judge("good")  # type: ignore[misc]
            return made

    assert "good" == catalog_with(Good, Wrapped).judge("wrapped").inner.name  # type: ignore[attr-defined]


def test_importers_and_exporters_are_built_by_name() -> None:
    """Without options."""

    class Reader(Importer):
        """Reads nothing."""

        name = "nothing"

        def read(self, paths: Any) -> Any:
            return iter(())

    assert isinstance(catalog_with(Reader, kind="importers").importer("nothing"), Reader)
    with pytest.raises(PluginError, match="no exporter 'nothing'"):
        catalog_with(Reader, kind="importers").exporter("nothing")


# broken and disabled plugins, when they are asked for


def test_a_broken_plugin_says_why_when_it_is_asked_for(installed: Installed) -> None:
    """By its entry point's name, hyphens and underscores alike, and with a model after it."""
    installed("broken_one", 'raise RuntimeError("no such device")', entry="my_broken")
    catalog = Catalog()
    for kind, name in (("judge", "my_broken"), ("judge", "my-broken"), ("model", "my-broken/some/model")):
        assert f"no {kind} '{name}'. The plugin 'my_broken' is broken: RuntimeError: no such device" == told(
            catalog, kind, name
        )


def test_a_name_that_a_broken_plugin_may_have_points_to_it(installed: Installed) -> None:
    """Nobody knows what it would have registered."""
    installed("broken_two", "raise RuntimeError", entry="fragile")
    line = told(Catalog(), "judge", "wonderful")
    assert "Broken plugins that may have it: fragile. See 'brie-bench plugins list'." in line


def test_a_disabled_plugin_says_so_when_it_is_asked_for(installed: Installed) -> None:
    """By its own name; and it is named where an unknown name may be its."""
    installed("quiet", judge_source("quiet"))
    catalog = Catalog(make_manager(environ={DISABLE: "quiet,controls"}))
    assert "no judge 'quiet'. The plugin 'quiet' is disabled by BRIE_BENCH_DISABLE_PLUGINS." == told(
        catalog, "judge", "quiet"
    )
    assert "Disabled plugins that may have it: controls, quiet." in told(catalog, "judge", "coin")


# what is shared


def test_what_is_shared_is_made_once() -> None:
    """For one key, in one catalog; another key and another catalog have their own."""
    made: list[str] = []

    def make() -> list[str]:
        made.append("x")
        return made

    one, other = catalog_with(Good), catalog_with(Good)
    assert one.shared("k", make) is one.shared("k", make)
    one.shared("l", make)
    other.shared("k", make)
    assert 3 == len(made)


def test_what_is_shared_is_made_once_from_many_threads() -> None:
    """Whoever comes first makes it, the others wait."""
    catalog, made, found = catalog_with(Good), [], []
    begin = threading.Barrier(8)
    slow = threading.Event()

    def make() -> object:
        made.append(1)
        slow.wait(0.05)
        return object()

    def ask() -> None:
        begin.wait()
        found.append(catalog.shared("k", make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (1, 8, 1) == (len(made), len(found), len({id(each) for each in found}))


def test_what_could_not_be_made_is_tried_again() -> None:
    """A failure is not shared."""
    catalog = catalog_with(Good)
    with pytest.raises(OSError, match="gone"):
        catalog.shared("k", lambda: (_ for _ in ()).throw(OSError("gone")))
    assert "made" == catalog.shared("k", lambda: "made")


def test_what_is_shared_may_need_what_is_shared() -> None:
    """An adapter asks for its base while it is made."""
    catalog = catalog_with(Good)
    assert ("base", "adapter") == catalog.shared("adapter", lambda: (catalog.shared("base", lambda: "base"), "adapter"))
