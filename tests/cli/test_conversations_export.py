"""`brie-bench conversations export`: what is told, what is refused, and what is never replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

Cli = Callable[..., Result]
ASK = {"role": "user", "content": "Why?"}
ANSWER = {"role": "assistant", "content": "Because."}


def pile(*changes: dict[str, Any], path: str = "in.jsonl") -> None:
    """A file of conversations, each of one exchange."""
    lines = []
    for number, change in enumerate(changes):
        fields = {"id": f"c-{number}", "prompt_group": "g", "domain": "philosophy", "messages": [ASK, ANSWER]}
        lines.append(
            json.dumps({**fields, "provenance": {"author": "A. Author", "source": "a diary"}, **change}) + "\n"
        )
    Path(path).write_text("".join(lines))


def export(cli: Cli, form: str, *options: str, out: str = "out") -> Result:
    """Export `in.jsonl`."""
    return cli("conversations", "export", "in.jsonl", "--format", form, "--out", out, *options)


def test_an_export_says_what_is_not_in_it(cli: Cli) -> None:
    """Fields, splits and consent, with counts, on stderr."""
    pile(
        {"split": "train"},
        {"split": "validation", "patterns": ["wit"]},
        {"provenance": {"author": "A", "consent": False}},
    )
    done = export(cli, "messages", "--include", "id")
    assert (0, "") == (done.status, done.out)
    assert [
        "out: 2 conversations, 2 responses",
        "not written: 1 that somebody did not consent to",
        "left out of 2: prompt_group 2, domain 2, split 2, provenance 2, patterns 1",
        "in one file: train 1, validation 1; --split keeps them apart",
    ] == done.err.splitlines()
    assert ["c-0", "c-1"] == [json.loads(line)["id"] for line in Path("out").read_text().splitlines()]
    done = export(cli, "messages", "--split", "train", out="train")
    assert [
        "train: 1 conversation, 1 response",
        "not written: 1 that are not in the split 'train'",
        "not written: 1 that somebody did not consent to",
        "left out of 1: id 1, prompt_group 1, domain 1, split 1, provenance 1",
    ] == done.err.splitlines()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("messages", {"messages": [ASK, ANSWER]}),
        ("openai", {"messages": [ASK, ANSWER]}),
        ("prompt-completion", {"prompt": [ASK], "completion": [ANSWER]}),
    ],
)
def test_every_format_is_found_by_its_name(form: str, expected: dict[str, Any], cli: Cli) -> None:
    """And its file is read by the importer of that name."""
    pile({})
    assert 0 == export(cli, form).status
    assert expected == json.loads(Path("out").read_text())
    assert 0 == cli("conversations", "import", form, "out", "--out", "again.jsonl").status
    assert [ASK, ANSWER] == json.loads(Path("again.jsonl").read_text())["messages"]


def test_a_dataset_is_a_folder(cli: Cli) -> None:
    """Options go to its card; authors stay out unless they are included."""
    pile({})
    done = export(cli, "dataset", "-o", "title=Some talks", "-o", "language=en")
    assert ["out: 1 conversation, 1 response", "left out of 1: author 1, source 1"] == done.err.splitlines()
    assert "# Some talks" in Path("out/README.md").read_text()
    assert "Author" not in Path("out/data/train.jsonl").read_text()
    done = export(cli, "dataset", "--include", "author", "--include", "source", "--force")
    assert (0, "out: 1 conversation, 1 response\n") == (done.status, done.err)
    assert "A. Author" in Path("out/data/train.jsonl").read_text()


def test_a_file_is_replaced_only_with_force_and_a_source_never(cli: Cli) -> None:
    """Nor is the folder in which the source lies."""
    pile({})
    before = Path("in.jsonl").read_text()
    Path("out").write_text("mine")
    done = export(cli, "messages")
    assert (2, "brie-bench: out: this file is there already. Name another one, or add --force.\n") == (
        done.status,
        done.err,
    )
    assert "mine" == Path("out").read_text()
    assert (2, before) == (export(cli, "messages", "--force", out="in.jsonl").status, Path("in.jsonl").read_text())
    assert (0, False) == (export(cli, "messages", "--force").status, "mine" == Path("out").read_text())
    export(cli, "dataset", out="folder")
    done = export(cli, "dataset", out="folder")
    assert (2, True) == (done.status, "folder: this folder is there already." in done.err)
    done = cli(
        "conversations", "export", "folder/data/train.jsonl", "--format", "dataset", "--out", "folder", "--force"
    )
    assert (2, True) == (done.status, "the source lies in this folder" in done.err)


@pytest.mark.parametrize(
    ("status", "expected", "options"),
    [
        (2, "Missing option '--format'", []),
        (2, "exporter 'jsonl' writes judgments, not conversations. Use 'brie-bench export'.", ["--format", "jsonl"]),
        (1, "no exporter 'mesages'. Did you mean 'messages'?", ["--format", "mesages"]),
        (1, "exporter 'messages': key 'include.0': input should be 'id',", ["--format", "messages", "--include", "i"]),
        (1, "exporter 'openai': key 'include' is not known.", ["--format", "openai", "--include", "id"]),
        (1, "key 'responses': input should be", ["--format", "prompt-completion", "-o", "responses=few"]),
        (2, "'rest' is not one of 'train'", ["--format", "messages", "--split", "rest"]),
        (1, "no conversation is in the split 'test'.", ["--format", "messages", "--split", "test"]),
        (1, "out/x: cannot be written: File exists.", ["--format", "messages", "--out", "out/x"]),
    ],
)
def test_what_is_wrong_is_said_in_a_line(status: int, expected: str, options: list[str], cli: Cli) -> None:
    """Formats, fields, options and splits that there are not; nothing is written."""
    pile({})
    Path("out").write_text("mine")
    out = [] if "--out" in options else ["--out", "new"]
    done = cli("conversations", "export", "in.jsonl", *options, *out)
    assert (status, 1, True) == (done.status, done.err.count("\n"), expected in done.err), done.err
    assert ["in.jsonl", "out"] == sorted(path.name for path in Path().iterdir())


def test_a_line_that_is_no_conversation_stops_it(cli: Cli) -> None:
    """A training file must not lose one in silence."""
    pile({}, {"domain": None})
    done = export(cli, "messages")
    assert (1, True, False) == (done.status, "in.jsonl:2: key 'domain'" in done.err, Path("out").exists())


def test_an_export_of_judgments_by_a_format_for_conversations_is_refused(cli: Cli, recorded: str) -> None:
    """It names the command that has them."""
    done = cli("export", recorded, "--format", "messages", "--out", "out")
    assert (1, True) == (done.status, "Use 'brie-bench conversations export'." in done.err)
    assert not Path("out").exists()
