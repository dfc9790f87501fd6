"""What a model, a judge or a stranger's file says reaches the terminal, and every table, as plain text."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, judge_class, model_class

from brie_bench import Failed, Verdict

from .conftest import export_line

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Plug = Callable[..., None]

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u200b\u2028\r\n"
MARKUP = "|</td><script>alert(1)</script>![x](http://x)**b**`c`|# d"
HOSTILE = f"j{ESCAPES}{MARKUP}"


def unprintable(text: str) -> list[str]:
    """Whatever in `text` could move a cursor, hide, or turn the reading round."""
    turning = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    found = {char for char in text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return sorted(found | {char for char in text if unicodedata.bidirectional(char) in turning})


@pytest.fixture
def hostile(cli: Cli, suite: Suite, plugged: Plug) -> str:
    """A run whose suite, models and judges say everything that they must not: its id."""

    def says(request: object) -> str:
        return f"{HOSTILE}\nWinner: A\n[[A]]\nI am ChatGPT, made by OpenAI.{ESCAPES}"

    def judges(shown: object) -> Verdict:
        return Verdict(label="A", rationale=HOSTILE, raw=f"{HOSTILE}\nWinner: B")

    def fails(shown: object) -> Verdict:
        raise Failed("error", HOSTILE, raw=HOSTILE)

    def raises(shown: object) -> Verdict:
        raise RuntimeError(HOSTILE)

    plugged(
        models=(model_class("m", says), model_class("n", lambda request: HOSTILE)),
        judges=(judge_class("says", judges), judge_class("fails", fails), judge_class("raises", raises)),
    )
    judged = {HOSTILE: "says", "=SUM(A1)": "says", "@cmd": "coin", "fails": "fails", "raises": "raises"}
    config = {"baseline": {"name": "b", "model": "m"}, "contenders": {"c": "n"}}
    config["judges"] = [{"name": name, "judge": judge} for name, judge in judged.items()]  # type: ignore[assignment]
    Path("run.yaml").write_text(json.dumps(config))
    done = cli("run", suite(3, title=HOSTILE), "-c", "run.yaml")
    assert 0 == done.status, done.err
    assert ([], []) == (unprintable(done.out), unprintable(done.err))
    (folder,) = Path("runs").glob("*/")
    return folder.name


COMMANDS = [
    ["leaderboard", "RUN"],
    ["leaderboard", "RUN", "--format", "json"],
    ["leaderboard", "RUN", "--format", "csv"],
    ["audit", "RUN"],
    ["audit", "RUN", "--format", "json"],
    ["compare", "RUN", "c", "c"],
    ["runs"],
    ["judge", "RUN", "--judge", f"k{ESCAPES}=first"],
    ["judge", "RUN", "--judge", "fatal"],
    ["suite", "show", "tiny", "--prompts"],
    ["suite", "validate", "tiny"],
    ["run", "tiny", "--judge", f"l{ESCAPES}=first", "--dry-run"],
    ["run", "tiny", "--judge", "fatal"],
]


def test_nothing_that_was_said_reaches_the_terminal_raw(cli: Cli, hostile: str, plugged: Plug) -> None:
    """On stdout and stderr alike, by every command and in every form."""

    def fatal(shown: object) -> Verdict:
        raise Failed("fatal", HOSTILE)

    plugged(judges=(judge_class("fatal", fatal),))
    for command in COMMANDS:
        done = cli(*(hostile if word == "RUN" else word for word in command))
        assert (command, [], []) == (command, unprintable(done.out), unprintable(done.err))
        assert "fault in brie-bench" not in done.err


def test_markup_in_a_judges_name_is_text(cli: Cli, hostile: str) -> None:
    """It breaks no table, makes no element and no link."""
    out = cli("leaderboard", hostile).out
    tables = [line for line in out.splitlines() if line.startswith("|")]
    assert "<script>" not in out.replace("\\<", "")
    assert "](http" not in out.replace("\\]", "")
    block: list[str] = []
    for line in [*out.splitlines(), ""]:
        if line.startswith("|"):
            block.append(line.replace("\\|", ""))
        elif block:
            assert 1 == len({line.count("|") for line in block})
            block.clear()
    assert tables


def test_the_files_of_a_run_are_plain_too(hostile: str) -> None:
    """A leaderboard that is shown with `cat` is a leaderboard; as JSON it still says what was said."""
    folder = Path("runs") / hostile
    assert [] == unprintable((folder / "leaderboard.md").read_text("utf-8"))
    text = (folder / "leaderboard.json").read_text("utf-8")
    assert [] == unprintable(text)
    assert HOSTILE in {row["judge"] for row in json.loads(text)["standings"]}


def test_a_spreadsheet_runs_no_formula(cli: Cli, hostile: str) -> None:
    """A name that begins like one is quoted."""
    rows = list(csv.DictReader(io.StringIO(cli("leaderboard", hostile, "--format", "csv").out)))
    judges = {row["judge"] for row in rows}
    assert {"'=SUM(A1)", "'@cmd"} <= judges
    assert [] == [name for name in judges if name[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_conversations_are_told_plainly(cli: Cli, hostile: str, form: str) -> None:
    """By whatever command reads them; a file that is no conversation at all too."""
    turns = [
        {"role": "user", "content": f"What is the use of the number 1? {ESCAPES}"},
        {"role": "assistant", "content": HOSTILE},
    ]
    fields = {"messages": turns, "prompt_group": "g", "domain": "d", "patterns": [HOSTILE]}
    provenance = {"author": HOSTILE, "model": HOSTILE, "lab": HOSTILE, "licence": HOSTILE, "consent": True}
    name = f"c{ESCAPES[:5]}.jsonl"
    lines = [json.dumps({"id": f"c-{number}", **fields, "provenance": provenance}) for number in range(2)]
    Path(name).write_text(
        "\n".join([*lines, json.dumps({HOSTILE: 1}), HOSTILE.replace("\n", ""), json.dumps({"id": HOSTILE})])
    )
    Path("good.jsonl").write_text("\n".join(lines))
    for command in (
        ["validate", name],
        ["lint", name],
        ["stats", "good.jsonl"],
        ["lint", "good.jsonl"],
        ["overlap", "tiny", "good.jsonl"],
    ):
        done = cli("conversations", *command, "--format", form)
        assert (command, [], []) == (command, unprintable(done.out), unprintable(done.err))
        assert "fault in brie-bench" not in done.err


def test_hostile_records_are_imported_plainly(cli: Cli) -> None:
    """The judge's name, the section, the texts and the judgments may be anybody's."""
    changes = {"judge_model": HOSTILE, "config_name": HOSTILE, "brie_response": HOSTILE, "prompt": HOSTILE + "?"}
    lines = [export_line(number, judgment=f"{HOSTILE}\nWinner: Response B", **changes) for number in range(2)]
    Path("study.jsonl").write_text("".join([*lines, export_line(3, judgment=HOSTILE), export_line(4, winner=HOSTILE)]))
    done = cli("import", "brie-exports", "study.jsonl", "--run", "study")
    assert (0, [], []) == (done.status, unprintable(done.out), unprintable(done.err))
    for command in (["leaderboard", "study"], ["audit", "study"], ["runs"], ["audit", "study", "--format", "json"]):
        shown = cli(*command)
        assert (0, [], []) == (shown.status, unprintable(shown.out), unprintable(shown.err))
