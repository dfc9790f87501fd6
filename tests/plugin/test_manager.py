"""Plugins are found through entry points by a manager that is made; a broken one is listed and does no harm."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy
import pytest
from conftest import judge_class, plugin_of

import brie_bench
from brie_bench import Verdict, hookimpl
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import DISABLE, make_manager

from .conftest import judge_source

OWN = {
    entry.name
    for entry in importlib.metadata.entry_points(group="brie_bench")
    if entry.dist and entry.dist.name == "brie-bench"
}
Installed = Callable[..., Path]


def test_a_manager_is_made_and_never_shared() -> None:
    """What is registered with one is unknown to the other."""
    one, other = make_manager(), make_manager()
    assert one.plugins is not other.plugins
    one.plugins.register(plugin_of(judges=(judge_class("mine", lambda _: Verdict(label="A")),)), name="mine")
    assert ("mine" in Catalog(one).names("judge"), "mine" in Catalog(other).names("judge")) == (True, False)


def test_the_tools_own_plugins_come_in_through_the_guests_door() -> None:
    """Each is an entry point of its own distribution, and none is broken."""
    manager = make_manager()
    assert {} == dict(manager.broken)
    assert {name for name, _ in manager.plugins.list_name_plugin()} == OWN
    assert {("brie-bench", brie_bench.__version__)} == {
        (each.distribution, each.version) for each in manager.origins.values()
    }


def test_an_installed_plugin_is_found_with_where_it_comes_from(installed: Installed) -> None:
    """By the metadata that an installer leaves."""
    installed("outside_judge", judge_source("outside"), entry="outside", distribution="brie-outside")
    catalog = Catalog()
    assert ("brie-outside", "1.5", "outside_judge") == tuple(vars(catalog.manager.origins["outside"]).values())
    assert ("outside", "outside") == (catalog.judge("outside").name, catalog.owner["judge", "outside"])


BROKEN = {
    "raises": ("RuntimeError: no such device", 'raise RuntimeError("no such device")'),
    "exits": ("SystemExit: 3", "raise SystemExit(3)"),
    "exits_by_call": ("SystemExit: bye", 'import sys\nsys.exit("bye")'),
    "syntax": ("SyntaxError: ", "def broken(:\n"),
    "lacks": ("ModuleNotFoundError: No module named 'no_such_library'", "import no_such_library"),
    "misspelt": (
        "PluginValidationError: unknown hook 'register_judge' in plugin",
        "from brie_bench import hookimpl\n@hookimpl\ndef register_judge(register): pass\n",
    ),
    "arguments": (
        "are declared in the hookimpl but can not be found in the hookspec",
        "from brie_bench import hookimpl\n@hookimpl\ndef register_judges(registry): pass\n",
    ),
    "hostile": ("RuntimeError: \\x1b[2J\\u202ehi", 'raise RuntimeError("\\x1b[2J\\u202ehi")'),
    "shy": (
        "Shy: (its message cannot be shown)",
        "class Shy(Exception):\n    def __str__(self): raise self\nraise Shy",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_and_does_no_harm(installed: Installed, kind: str) -> None:
    """Whatever it raises when it is imported, and whichever hook it gets wrong: the others are there."""
    reason, source = BROKEN[kind]
    installed(f"broken_{kind}", source, entry="fragile")
    installed("sound_beside_it", judge_source("sound"))
    manager = make_manager()
    assert ["fragile"] == list(manager.broken)
    assert reason in manager.broken["fragile"]
    assert "\n" not in manager.broken["fragile"]
    assert {name for name, _ in manager.plugins.list_name_plugin()} == {*OWN, "sound_beside_it"}


@pytest.mark.parametrize(
    ("reason", "target"),
    [
        ("ModuleNotFoundError", "no_such_module_anywhere"),
        ("AttributeError", "there_but_empty:plugin"),
        ("ValueError", "not a module"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_broken(installed: Installed, reason: str, target: str) -> None:
    """A module or an attribute that is not there."""
    installed("there_but_empty", "", entry="nowhere", target=target)
    found = make_manager().broken["nowhere"]
    assert found.startswith((reason, "AttributeError"))


def test_a_plugin_may_be_an_object_in_a_module(installed: Installed) -> None:
    """As `module:attribute`."""
    source = """
        from brie_bench import Judge, Verdict, hookimpl

        class Third(Judge):
            name = "third"

            def judge(self, shown):
                return Verdict(label="tie")

        class Plugin:
            @hookimpl
            def register_judges(self, register):
                register(Third)

        plugin = Plugin()
    """
    installed("object_plugin", source, entry="object", target="object_plugin:plugin")
    assert "third" in Catalog().names("judge")


@pytest.mark.parametrize("disable", ["first_one", " first_one , absent ", "first_one,,"])
def test_a_named_plugin_can_be_left_out(installed: Installed, disable: str) -> None:
    """By its entry point, whatever stands around it; the others stay."""
    installed("first_one", judge_source("one"))
    installed("second_one", judge_source("two"))
    manager = make_manager(environ={DISABLE: disable})
    assert (("first_one",), {*OWN, "second_one"}) == (
        manager.disabled,
        {name for name, _ in manager.plugins.list_name_plugin()},
    )


def test_a_star_leaves_out_all_that_do_not_come_with_the_tool(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken stranger is not even imported."""
    installed("stranger", 'raise RuntimeError("imported")')
    monkeypatch.setenv("BRIE_BENCH_DISABLE_PLUGINS", "*")
    manager = make_manager()
    assert (("stranger",), {}, OWN) == (
        manager.disabled,
        dict(manager.broken),
        {name for name, _ in manager.plugins.list_name_plugin()},
    )


def test_an_own_plugin_can_be_left_out_too() -> None:
    """By its name."""
    catalog = Catalog(make_manager(environ={DISABLE: "controls"}))
    assert ("coin" in catalog.names("judge"), "variety" in catalog.names("judge")) == (False, True)


def test_an_entry_point_that_is_taken_is_broken(installed: Installed) -> None:
    """The first distribution keeps it; the other is told whose it is."""
    installed("mine_first", judge_source("mine"), entry="same", distribution="a-dist")
    installed("mine_second", judge_source("yours"), entry="same", distribution="b-dist")
    manager = make_manager()
    assert {"same (b-dist)": "the entry point 'same' is a-dist's"} == dict(manager.broken)
    assert ("mine" in Catalog(manager).names("judge"), "yours" in Catalog(manager).names("judge")) == (True, False)


def test_a_stranger_cannot_take_the_place_of_an_own_plugin(installed: Installed) -> None:
    """The tool's own come first, whatever the stranger's distribution is called."""
    installed("usurper", judge_source("coin"), entry="controls", distribution="aaa")
    catalog = Catalog()
    assert (["controls (aaa)"], "controls") == (list(catalog.broken), catalog.owner["judge", "coin"])


def test_one_module_under_two_entry_points_counts_once(installed: Installed) -> None:
    """The second one is told."""
    installed("twice", judge_source("twice"), entry="one", distribution="d")
    installed("twice", judge_source("twice"), entry="two", distribution="d")
    manager = make_manager()
    assert ["two"] == list(manager.broken)
    assert "twice" in Catalog(manager).names("judge")


def test_plugins_made_in_process_are_registered_too() -> None:
    """As tests and notebooks do; what is wrong with them is raised at once."""
    catalog = Catalog(
        make_manager([plugin_of(judges=(judge_class("here", lambda _: Verdict(label="A")),))], discover=False)
    )
    assert (["here"], []) == (catalog.names("judge"), catalog.names("model"))

    class Wrong:
        @hookimpl
        def register_jugde(self, register: Any) -> None:
            """No such hook."""

    with pytest.raises(pluggy.PluginValidationError, match="register_jugde"):
        make_manager([Wrong()])
