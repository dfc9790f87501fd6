"""Brie Bench: is a fine-tuned model better than its baseline? Decided blind, by several judges.

This is the plugin author's door: `hookimpl`, the kinds of plugin, and the nouns they exchange. Everything is imported
when it is first used, so that `import brie_bench` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from brie_bench.errors import Failed as Failed
    from brie_bench.errors import VerdictError as VerdictError
    from brie_bench.plugin.base import Options as Options
    from brie_bench.plugin.hookspecs import hookimpl as hookimpl
    from brie_bench.plugin.kinds import BatchModel as BatchModel
    from brie_bench.plugin.kinds import Exporter as Exporter
    from brie_bench.plugin.kinds import Importer as Importer
    from brie_bench.plugin.kinds import Judge as Judge
    from brie_bench.plugin.kinds import Model as Model
    from brie_bench.plugin.kinds import ModelJudge as ModelJudge
    from brie_bench.plugin.kinds import Trainer as Trainer
    from brie_bench.spec.comparison import Comparison as Comparison
    from brie_bench.spec.comparison import Order as Order
    from brie_bench.spec.comparison import Presentation as Presentation
    from brie_bench.spec.completion import Choice as Choice
    from brie_bench.spec.completion import Completion as Completion
    from brie_bench.spec.completion import FinishReason as FinishReason
    from brie_bench.spec.completion import JsonSchema as JsonSchema
    from brie_bench.spec.completion import Question as Question
    from brie_bench.spec.completion import Request as Request
    from brie_bench.spec.completion import Text as Text
    from brie_bench.spec.completion import Usage as Usage
    from brie_bench.spec.conversation import Conversation as Conversation
    from brie_bench.spec.conversation import Provenance as Provenance
    from brie_bench.spec.conversation import Turn as Turn
    from brie_bench.spec.imported import Imported as Imported
    from brie_bench.spec.imported import Names as Names
    from brie_bench.spec.imported import Unreadable as Unreadable
    from brie_bench.spec.judgment import Failure as Failure
    from brie_bench.spec.judgment import Judgment as Judgment
    from brie_bench.spec.judgment import Label as Label
    from brie_bench.spec.judgment import Verdict as Verdict
    from brie_bench.spec.judgment import Winner as Winner
    from brie_bench.spec.prompt import Prompt as Prompt
    from brie_bench.spec.recipe import TrainedModel as TrainedModel
    from brie_bench.spec.recipe import TrainingRecipe as TrainingRecipe
    from brie_bench.spec.record import Record as Record
    from brie_bench.spec.suite import Item as Item
    from brie_bench.spec.suite import Sampling as Sampling

_WHERE = {
    "errors": ("Failed", "VerdictError"),
    "plugin.base": ("Options",),
    "plugin.hookspecs": ("hookimpl",),
    "plugin.kinds": ("BatchModel", "Exporter", "Importer", "Judge", "Model", "ModelJudge", "Trainer"),
    "spec.comparison": ("Comparison", "Order", "Presentation"),
    "spec.completion": ("Choice", "Completion", "FinishReason", "JsonSchema", "Question", "Request", "Text", "Usage"),
    "spec.conversation": ("Conversation", "Provenance", "Turn"),
    "spec.imported": ("Imported", "Names", "Unreadable"),
    "spec.judgment": ("Failure", "Judgment", "Label", "Verdict", "Winner"),
    "spec.prompt": ("Prompt",),
    "spec.record": ("Record",),
    "spec.recipe": ("TrainedModel", "TrainingRecipe"),
    "spec.suite": ("Item", "Sampling"),
}
_MODULE = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [  # noqa: PLE0604  the names are those of the table above
    "__version__",
    *sorted(_MODULE),
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'brie_bench' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"brie_bench.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
