"""Conversations for trainers: each format's rows, and that an import of what was exported loses nothing that it holds."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from brie_bench_training_formats import Dataset, Messages, OpenAI, PromptCompletion
from brie_bench_training_rows import Messages as MessagesIn
from brie_bench_training_rows import OpenAI as OpenAIIn
from brie_bench_training_rows import PromptCompletion as PromptCompletionIn
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Conversation
from brie_bench.conversations.exporting import FIELDS, PRIVATE, ConversationExporter, publicly
from brie_bench.errors import BrieError

SYSTEM = {"role": "system", "content": "Be kind."}
ASK = {"role": "user", "content": "Why?"}
ANSWER = {"role": "assistant", "content": "Because — so."}
MORE = {"role": "user", "content": "And?"}
END = {"role": "assistant", "content": "That is all."}
EVERYTHING = (*FIELDS, *PRIVATE)


def conversation(*messages: dict[str, str], **changes: Any) -> Conversation:
    """Of a known author, with everything that a provenance says."""
    provenance = {
        "author": "A. Author",
        "model": "a model",
        "lab": "a lab",
        "source": "a notebook",
        "date": "2026-02-28",
        "licence": "CC-BY-4.0",
        "consent": True,
    }
    fields = {"id": "c-1", "prompt_group": "g-1", "domain": "philosophy", "provenance": provenance}
    return Conversation.model_validate({**fields, "messages": messages or (ASK, ANSWER), **changes})


def rows(exporter: ConversationExporter, *conversations: Conversation, folder: Path) -> list[dict[str, Any]]:
    """What it writes to a file."""
    exporter.write(conversations, folder / "rows.jsonl")
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").split("\n")[:-1]]


def dataset(folder: Path, conversations: Iterable[Conversation], **options: Any) -> tuple[dict[str, Any], str]:
    """The front matter and the text of the card of a dataset folder."""
    Dataset(Dataset.Options(**options)).write(conversations, folder)
    _, front, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(front), text


def test_messages_are_role_and_content(tmp_path: Path) -> None:
    """And nothing else; characters stand as they are."""
    assert [{"messages": [SYSTEM, ASK, ANSWER]}] == rows(Messages(), conversation(SYSTEM, ASK, ANSWER), folder=tmp_path)
    assert "Because — so." in (tmp_path / "rows.jsonl").read_text("utf-8")
    assert [{"messages": [ASK, ANSWER]}] == rows(OpenAI(), conversation(), folder=tmp_path)


def test_every_response_is_a_completion_once(tmp_path: Path) -> None:
    """Its prompt is all that was said before; with `last` only the last one is."""
    talk = conversation(SYSTEM, ASK, ANSWER, MORE, END)
    last = {"prompt": [SYSTEM, ASK, ANSWER, MORE], "completion": [END]}
    assert [{"prompt": [SYSTEM, ASK], "completion": [ANSWER]}, last] == rows(PromptCompletion(), talk, folder=tmp_path)
    only = PromptCompletion(PromptCompletion.Options(responses="last"))
    assert [last] == rows(only, talk, folder=tmp_path)


def test_fields_that_are_included_are_columns_and_private_ones_are_withheld(tmp_path: Path) -> None:
    """The provenance comes without author, source and date; each of them brings the provenance with it."""
    (row,) = rows(Messages(Messages.Options(include=("provenance", "id"))), conversation(), folder=tmp_path)
    shown = {"author": "withheld", "model": "a model", "lab": "a lab", "source": None, "date": None}
    shown |= {"licence": "CC-BY-4.0", "consent": True}
    assert {"messages": [ASK, ANSWER], "id": "c-1", "provenance": shown} == row
    assert ["messages", "id", "provenance"] == list(row)
    (row,) = rows(Messages(Messages.Options(include=("author",))), conversation(), folder=tmp_path)
    assert {**shown, "author": "A. Author"} == row["provenance"]
    assert {"provenance", "author"} == Messages(Messages.Options(include=("author",))).holds


def test_a_dataset_folder_has_a_file_for_each_split(tmp_path: Path) -> None:
    """With all fields; without a split everything is for training."""
    talks = [
        conversation(split="validation"),
        conversation(id="c-2", prompt_group="g-2", split="train"),
        conversation(id="c-3", prompt_group="g-2", split="train"),
    ]
    front, text = dataset(tmp_path, talks)
    files = {path.name: path.read_text("utf-8").count("\n") for path in (tmp_path / "data").iterdir()}
    assert {"train.jsonl": 2, "validation.jsonl": 1} == files
    assert [
        {"split": "train", "path": "data/train.jsonl"},
        {"split": "validation", "path": "data/validation.jsonl"},
    ] == front["configs"][0]["data_files"]
    assert "Rows: train 2, validation 1." in text
    (tmp_path / "other").mkdir()
    front, _ = dataset(tmp_path / "other", [conversation()])
    assert [{"split": "train", "path": "data/train.jsonl"}] == front["configs"][0]["data_files"]
    assert ["train.jsonl"] == [path.name for path in (tmp_path / "other" / "data").iterdir()]


@pytest.mark.parametrize("splits", [("train", None), (None, "train")])
def test_a_dataset_is_split_or_it_is_not(splits: tuple[str | None, ...], tmp_path: Path) -> None:
    """Some with a split and some without: nobody knows where those belong."""
    talks = [conversation(id=f"c-{number}", split=split) for number, split in enumerate(splits)]
    with pytest.raises(
        BrieError, match=r"'c-1' has (no|a) split, unlike those before it. Use 'brie-bench conversations"
    ):
        dataset(tmp_path, talks)


def test_the_card_counts(tmp_path: Path) -> None:
    """Conversations, prompts, words, licences and consent; what is withheld is said and is nowhere in the folder."""
    provenance = {"author": "B. Author", "source": "a diary", "date": "2024-05-06", "licence": "CC-BY-4.0"}
    front, text = dataset(tmp_path, [conversation(), conversation(id="c-2", provenance=provenance)], language="en")
    assert "2 conversations answer 1 prompt (responses to prompts: 2 to 1)" in text
    assert "Licences: CC-BY-4.0 2. Consent is stated for 1 of 2 conversations." in text
    assert "Withheld of all of them: author, source, date." in text
    expected = {"language": ["en"], "license": "cc-by-4.0", "size_categories": ["n<1K"]}
    assert expected == {key: front[key] for key in expected}
    written = text + (tmp_path / "data" / "train.jsonl").read_text("utf-8")
    assert not [word for word in ("A. Author", "B. Author", "diary", "notebook", "2024", "2026-02") if word in written]


@pytest.mark.parametrize(
    ("expected", "licences"),
    [
        ({"license": "apache-2.0"}, ["Apache-2.0", "Apache-2.0"]),
        ({"license": "unknown"}, [None]),
        ({"license": "other", "license_name": "GPL-3.0-only"}, ["GPL-3.0-only"]),
        ({"license": "other", "license_name": "several", "license_link": "#rights"}, ["MIT", None]),
    ],
)
def test_a_licence_is_named_where_all_share_it(
    expected: dict[str, str], licences: list[str | None], tmp_path: Path
) -> None:
    """By the hub's name where it has one; half of a licence is none."""
    talks = [
        conversation(id=f"c-{number}", provenance={"author": "A", **({"licence": licence} if licence else {})})
        for number, licence in enumerate(licences)
    ]
    front, _ = dataset(tmp_path, talks)
    assert expected == {key: value for key, value in front.items() if key.startswith("license")}


def test_a_card_is_not_written_by_what_it_describes(tmp_path: Path) -> None:
    """A licence, a model or a title with line breaks and markup stays one line of plain text."""
    evil = "MIT\n---\n# <b>Owned</b>\x1b[2J"
    provenance = {"author": "A", "licence": evil, "model": evil}
    front, text = dataset(tmp_path, [conversation(provenance=provenance, patterns=[evil])], title=evil)
    assert evil == front["license_name"] == front["pretty_name"]
    assert not [line for line in text.splitlines() if line.startswith(("# <b>", "---"))]
    assert "\x1b" not in (tmp_path / "README.md").read_text("utf-8")


def test_judgments_are_refused(tmp_path: Path) -> None:
    """An exporter of conversations says which command has them."""
    for exporter in (Messages(), OpenAI()):
        with pytest.raises(BrieError, match="writes conversations, not judgments"):
            exporter.write(["a judgment"], tmp_path / "rows.jsonl")
    with pytest.raises(BrieError, match="writes conversations, not judgments"):
        Dataset().write(["a judgment"], tmp_path)


TEXTS = st.text(min_size=1, max_size=40).filter(lambda text: bool(text.strip()))
SPOKEN = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
PROVENANCES = st.fixed_dictionaries(
    {"author": TEXTS},
    optional={
        **dict.fromkeys(("model", "lab", "source", "licence"), TEXTS),
        "date": st.dates().map(lambda day: day.isoformat()),
        "consent": st.booleans(),
    },
)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Any conversation."""
    said = [{"role": "system", "content": text} for text in draw(st.lists(TEXTS, max_size=1))]
    for question, answer in draw(SPOKEN):
        said += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return conversation(
        *said,
        patterns=draw(st.lists(TEXTS, max_size=2)),
        phase=draw(st.sampled_from(["authored", "curated", "validated"])),
        split=draw(st.sampled_from(["train", "validation", "test", None])),
        provenance=draw(PROVENANCES),
    )


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_nothing_that_is_held_is_lost(talk: Conversation) -> None:
    """Exported with every field and imported again, a conversation is what it was; without them it says the same."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "rows.jsonl"
        last = {"responses": "last"}
        for exporter, importer, options in (
            (Messages, MessagesIn, {}),
            (PromptCompletion, PromptCompletionIn, last),
            (PromptCompletion, PromptCompletionIn, {}),
        ):
            exporter(exporter.Options(include=EVERYTHING, **options)).write([talk], path)
            assert talk == list(importer().read([path]))[-1]
        for plain, importer in ((Messages, MessagesIn), (OpenAI, OpenAIIn), (PromptCompletion, PromptCompletionIn)):
            plain().write([talk], path)
            assert talk.messages == list(importer().read([path]))[-1].messages
        Dataset().write([talk], Path(name))
        assert [publicly(talk)] == list(MessagesIn().read([Path(name) / "data" / f"{talk.split or 'train'}.jsonl"]))
