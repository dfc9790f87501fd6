"""The hooks are the plugin author's table of contents."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest

import brie_bench
from brie_bench.plugin import hookspecs
from brie_bench.plugin.catalog import KINDS

HOOKS = {name: each for name, each in vars(hookspecs).items() if hasattr(each, "brie_bench_spec")}


def test_the_hooks_are_the_documented_ones() -> None:
    """One for each kind, and one for commands."""
    assert {f"register_{kind}s" for kind in KINDS} | {"register_commands"} == set(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_takes_one_argument_and_is_one_sentence(name: str) -> None:
    """`register` for classes, `cli` for commands."""
    expected = ["cli"] if name == "register_commands" else ["register"]
    assert expected == list(inspect.signature(HOOKS[name]).parameters)
    doc = inspect.getdoc(HOOKS[name]) or ""
    assert (1, True) == (doc.count("."), doc.endswith("."))


def test_the_door_offers_what_it_names() -> None:
    """Every name can be imported, and nothing else is offered."""
    assert [] == [name for name in brie_bench.__all__ if not hasattr(brie_bench, name)]
    assert sorted(brie_bench.__all__) == dir(brie_bench)
    with pytest.raises(AttributeError, match="has no attribute 'Judgement'"):
        brie_bench.Judgement  # noqa: B018  the look-up is what is tested


def test_the_door_has_the_contracts_names() -> None:
    """What a plugin author relies on: hookimpl, the kinds, Options, the nouns and Failed."""
    contract = {
        *(
            "hookimpl",
            "Options",
            "Failed",
            "Judge",
            "ModelJudge",
            "Model",
            "BatchModel",
            "Trainer",
            "Importer",
            "Exporter",
        ),
        *(
            "Presentation",
            "Verdict",
            "Request",
            "Completion",
            "Judgment",
            "Failure",
            "Order",
            "Label",
            "Winner",
            "Sampling",
        ),
        *("Text", "JsonSchema", "Choice", "Turn", "Prompt", "Conversation", "Imported", "Unreadable", "TrainedModel"),
    }
    assert set() == contract - set(brie_bench.__all__)


HEAVY = [
    "torch",
    "transformers",
    "peft",
    "trl",
    "datasets",
    "accelerate",
    "anthropic",
    "openai",
    "google",
    "httpx",
    "requests",
]
HEAVY += ["aiohttp", "tiktoken", "sentencepiece", "vllm", "huggingface_hub", "tokenizers"]
WATCH = f"""
import sys

class Watch:
    asked = set()

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            self.asked.add(name)

sys.meta_path.insert(0, Watch())
from brie_bench.plugin.catalog import Catalog
catalog = Catalog()
assert not catalog.broken, catalog.broken
print(len(catalog.manager.plugins.get_plugins()), *sorted(Watch.asked))
"""


def test_importing_every_plugin_asks_for_no_torch_and_no_provider_library() -> None:
    """Whether or not they are installed: a plugin imports its library where it uses it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIE_BENCH_")}
    found = subprocess.run([sys.executable, "-c", WATCH], capture_output=True, text=True, env=environment)
    assert (0, "") == (found.returncode, found.stderr)
    n_plugins, *asked = found.stdout.split()
    assert [] == asked
    assert int(n_plugins) >= 6


def test_importing_the_door_costs_little() -> None:
    """Neither pydantic nor pluggy until a name is used."""
    code = "import sys, brie_bench; print(*[n for n in ('pydantic', 'pluggy', 'numpy', 'click', 'asyncio') if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "\n" == found.stdout
