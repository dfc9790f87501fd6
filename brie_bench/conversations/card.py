"""The card of a dataset folder: what a reader and the Hugging Face hub are told of it, every number counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from brie_bench.conversations.summary import Summary, render
from brie_bench.report.words import count, escape
from brie_bench.spec.conversation import Provenance

_CREATIVE = ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")
_LICENCES = frozenset({"apache-2.0", "mit", "cc0-1.0", "unlicense", *(f"cc-{each}-4.0" for each in _CREATIVE)})
"""The hub's names that are SPDX's, in small letters."""
_TEXT = {
    "id": "string",
    "prompt_group": "string",
    "domain": "string",
    "patterns": ["string"],
    "phase": "string",
    "split": "string",
    "provenance": {
        **dict.fromkeys(("author", "model", "lab", "source", "date", "licence"), "string"),
        "consent": "bool",
    },
}
"""The columns beside `messages` and their types."""
_MEANING = {
    "id": "its name",
    "prompt_group": "conversations that answer the same prompt share it",
    "domain": "the ground it stands on",
    "patterns": "the reasoning it shows",
    "phase": "authored, curated or validated",
    "split": "where it is used; null before a split",
    "provenance": "author, model, lab, source, date, licence, consent; null where that is unknown",
}


@dataclass
class Rights:
    """What conversations say of their licence and consent."""

    licences: Counter[str | None] = field(default_factory=Counter)
    """Conversations by licence; None where none is stated."""
    consent: int = 0
    """Conversations to whose use everybody agreed, as far as is stated."""

    def take(self, provenance: Provenance) -> None:
        """Count one more."""
        self.licences[provenance.licence] += 1
        self.consent += bool(provenance.consent)


def card(
    title: str,
    language: str | None,
    summary: Summary,
    rights: Rights,
    splits: Mapping[str, int],
    withheld: Collection[str],
) -> str:
    """A README.md: YAML front matter, then what is in the folder.

    `splits` are the files in `data/` and their rows. The columns' types are stated, so that a column which says nothing in
    one file and something in another is the same column.
    """
    import yaml

    columns = [{"name": name, **_feature(kind)} for name, kind in _TEXT.items()]
    turn = {"role": "string", "content": "string"}
    front = {
        "pretty_name": title,
        **({"language": [language]} if language else {}),
        **_licence(rights),
        "task_categories": ["text-generation"],
        "size_categories": [_size(summary.conversations)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}.jsonl"} for split in splits],
            }
        ],
        "dataset_info": {
            "features": [{"name": "messages", **_feature([turn])}, *columns],
        },
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    rows = ", ".join(f"{split} {number}" for split, number in splits.items())
    stated = f"Consent is stated for {rights.consent} of {count(summary.conversations, 'conversation')}."
    kept = f" Withheld of all of them: {', '.join(withheld)}." if withheld else ""
    fields = "\n".join(f"- `{name}`: {meaning}" for name, meaning in _MEANING.items())
    return f"""---
{head}---

# {escape(title)}

Authored conversations, one a row. Rows: {rows}.

{render(summary)}

## Columns

- `messages`: the turns, role and content: a system turn or none, then user and assistant in turn, the assistant last
{fields}

All responses to one prompt are meant to be in one split.

## Rights

Licences: {_licences(rights)}. {stated}{kept}
"""


def _feature(kind: Any) -> dict[str, Any]:
    """A type as the hub writes it: a name, `[type]` for a list, a mapping for a structure."""
    if isinstance(kind, str):
        return {"dtype": kind}
    if isinstance(kind, dict):
        return {"struct": [{"name": name, **_feature(each)} for name, each in kind.items()]}
    (each,) = kind
    return {"list": each if isinstance(each, str) else _feature(each)["struct"]}


def _licence(rights: Rights) -> dict[str, str]:
    """The licence that all share, or why there is none to name."""
    if set(rights.licences) == {None}:
        return {"license": "unknown"}
    if len(rights.licences) > 1:
        return {"license": "other", "license_name": "several", "license_link": "#rights"}
    (shared,) = rights.licences
    name = str(shared)
    if name.lower() in _LICENCES:
        return {"license": name.lower()}
    return {"license": "other", "license_name": name}


def _licences(rights: Rights) -> str:
    named = sorted(rights.licences.items(), key=lambda item: (-item[1], item[0] or ""))
    return ", ".join(f"{escape(name) if name else 'none stated'} {number}" for name, number in named)


def _size(number: int) -> str:
    """The hub's category."""
    bounds = [(10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M")]
    below = "n"
    for bound, name in bounds:
        if number < bound:
            return f"n<{name}" if below == "n" else f"{below}<n<{name}"
        below = name
    return "n>10M"
