"""`brie-bench conversations review`: what is typed, what is shown, what is logged, and the replay."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

pty = pytest.importorskip("pty", reason="needs a terminal as Unix has them")
LOG = "in.jsonl.review.jsonl"
ANSWER = "Because it is asked, and what is asked at length may well be answered at length."


def talk(number: int, **changes: Any) -> dict[str, Any]:
    """A conversation of one exchange."""
    messages = [
        {"role": "user", "content": f"Why is it asked, number {number}?"},
        {"role": "assistant", "content": ANSWER},
    ]
    fields = {"id": f"c-{number}", "prompt_group": f"g-{number}", "domain": "philosophy", "messages": messages}
    return {**fields, "provenance": {"author": "A. Author"}, **changes}


def written(*talks: dict[str, Any]) -> None:
    """The file under review."""
    Path("in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in talks))


def lines(path: str = LOG) -> list[dict[str, Any]]:
    """What a file of JSON lines says."""
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@pytest.fixture
def review(cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Review `in.jsonl`, typing these lines."""

    def run(*typed: str, options: tuple[str, ...] = ()) -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{each}\n" for each in typed)))
        return cli("conversations", "review", "in.jsonl", *options)

    return run


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An editor that replaces texts, another pair at each call; it keeps what it was shown."""

    def install(*changes: tuple[str, str]) -> None:
        script = tmp_path / "editor.py"
        program = (
            "import pathlib, sys\n"
            f"changes, calls = {changes!r}, pathlib.Path({str(tmp_path / 'calls')!r})\n"
            "n = len(calls.read_text()) if calls.exists() else 0\n"
            "calls.write_text('x' * (n + 1))\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "path.write_text(path.read_text().replace(*changes[n]))\n"
        )
        script.write_text(program)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")

    return install


def actions() -> list[tuple[str, str]]:
    """Each decision of the log and whom it is about."""
    return [(each["action"], each["id"]) for each in lines()]


def test_every_key_is_a_decision_or_a_way(review: Callable[..., Result]) -> None:
    """Keep and drop go on to what is not decided, tag and phase stay, n, b and g move, Enter goes on."""
    written(*map(talk, range(5)))
    done = review("t wit, irony", "t -wit", "p cur", "k", "n", "d", "b", "b", "K", "g 5", "k", "q")
    assert 0 == done.status
    assert [
        *[("tag", "c-0"), ("tag", "c-0"), ("phase", "c-0"), ("keep", "c-0")],
        *[("drop", "c-2"), ("keep", "c-1"), ("keep", "c-4")],
    ] == actions()
    assert [["wit", "irony"], ["irony"], "curated"] == [each.get("tag", each.get("phase")) for each in lines()[:3]]
    assert "4 of 5 decided; each decision is in in.jsonl.review.jsonl" in done.err


@pytest.mark.parametrize(
    "typed", ["z", "t", "t -absent", "p", "p x", "p no", "g", "g 0", "g 9", "?", "o", "keep it", "\x1b[A"]
)
def test_a_line_that_means_nothing_decides_nothing(typed: str, review: Callable[..., Result]) -> None:
    """It says what could be typed, and the page stays."""
    written(talk(0), talk(1))
    assert 0 == review(typed, "k", "q").status
    assert [("keep", "c-0")] == actions()


def test_a_review_goes_on_where_it_stopped(review: Callable[..., Result]) -> None:
    """At the first conversation that is not decided, with all decisions applied; input that ends loses nothing."""
    written(*map(talk, range(3)))
    review("k", "t wit")
    done = review("d")
    assert [("keep", "c-0"), ("tag", "c-1"), ("drop", "c-1")] == actions()
    assert "patterns: wit" in done.out
    assert "2 of 3: c-1\u0020" in done.out
    assert [] == [line for line in done.out.splitlines() if line.startswith("1 of 3")]


def test_the_page_shows_findings_and_other_responses(review: Callable[..., Result]) -> None:
    """Lints of the conversation and of the whole file; responses in short, and in full when asked for."""
    long = "It is a long story. " * 60 + "Here it ends."
    refused = [talk(0)["messages"][0], {"role": "assistant", "content": "I'm sorry, but I can't help with that."}]
    other = [talk(0)["messages"][0], {"role": "assistant", "content": long}]
    written(talk(0, messages=refused), talk(1, prompt_group="g-0", messages=other), talk(2), talk(3))
    done = review("q")
    assert "error refusal, turn 2: the answer refuses." in done.out
    assert "another response: c-1\n" in done.out
    assert "Here it ends." not in done.out
    assert "Here it ends." in review("o", "q").out
    assert "warning near-duplicate" in review("g 4", "q").out
    assert "another response: c-0 (dropped)" in review("d", "q").out


def test_hostile_text_is_shown_and_not_obeyed(review: Callable[..., Result]) -> None:
    """Escapes, overrides and markup in every field that a page shows."""
    evil = "Before.\n\x1b[2J\x1b]0;owned\x07\r  \u202eAfter [bold]it[/bold] \x9b1m :smile:"
    messages = [{"role": role, "content": evil} for role in ("system", "user", "assistant")]
    provenance = {"author": evil, "model": evil, "source": evil}
    written(*[talk(n, prompt_group="g", messages=messages, patterns=[evil], provenance=provenance) for n in range(2)])
    done = review("o", "t \x1b[31mred", "g \x1b[2J", "\x1b[2Jz", "q")
    assert "  \\x1b[2J\\x1b]0;owned\\x07" in done.out
    assert "[bold]it[/bold] \\x9b1m :smile:" in done.out
    assert not set("\x1b\x07\x9b\r\u202e") & set(done.out + done.err)


def test_an_edit_is_logged_whole_and_replayed(review: Callable[..., Result], editor: Callable[..., None]) -> None:
    """The words are changed in the replay, the file is not."""
    written(talk(0), talk(1))
    before = Path("in.jsonl").read_text()
    editor(("number 0", "number nought"))
    assert "Why is it asked, number nought?" in review("e", "k", "d").out
    assert [("edit", "c-0"), ("keep", "c-0"), ("drop", "c-1")] == actions()
    done = review(options=("--replay", LOG, "--out", "new.jsonl"))
    assert (0, "new.jsonl: 1 of 2 conversations stay\n", "") == (done.status, done.err, done.out)
    (line,) = lines("new.jsonl")
    messages = [{"role": "user", "content": "Why is it asked, number nought?"}, talk(0)["messages"][1]]
    assert {**talk(0), "messages": messages} == line
    assert before == Path("in.jsonl").read_text()


def test_a_refused_edit_can_be_mended_or_given_up(review: Callable[..., Result], editor: Callable[..., None]) -> None:
    """The line is told, the draft opened again as it was left; x takes nothing."""
    written(talk(0))
    editor(("role: assistant", "role: me"), ("role: me", "role: assistant"), ("number 0", ""), ("- role", "-"))
    done = review("e", "", "e", "e", "x", "q")
    assert "conversation.yaml:7: key 'messages.1.role': input should be 'system', 'user' or 'assistant'." in done.out
    assert "nothing changed" in done.out
    assert [("edit", "c-0")] == actions()
    assert "the draft is" not in done.err


def test_a_refused_draft_is_kept_when_the_review_ends(
    review: Callable[..., Result], editor: Callable[..., None]
) -> None:
    """It is named, with what was written."""
    written(talk(0))
    editor(("role: assistant", "role: me"))
    done = review("e")
    draft = Path(next(line for line in done.err.splitlines() if line.startswith("the draft is ")).split(" ", 3)[3])
    assert (True, []) == ("role: me" in draft.read_text(), lines())
    draft.unlink()
    draft.parent.rmdir()


def test_an_editor_that_fails_changes_nothing(review: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and the review goes on."""
    written(talk(0))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "false")
    assert 0 == review("e", "x", "k").status
    assert [("keep", "c-0")] == actions()


def test_a_replay_tells_what_it_does_not_apply(review: Callable[..., Result]) -> None:
    """Words that changed since: listed, exit status 1; conversations of another file: counted; the rest is applied."""
    written(*map(talk, range(3)))
    review("d", "k", "d")
    changed = [talk(0)["messages"][0], {"role": "assistant", "content": "Otherwise."}]
    written(talk(0, messages=changed), talk(1))
    done = review(options=("--replay", LOG, "--out", "new.jsonl"))
    assert [
        f"{LOG}:1: not applied: drop 'c-0': its words have changed since",
        f"{LOG}: 1 not applied: about conversations that are not here",
        "new.jsonl: 2 of 2 conversations stay, 1 not decided",
    ] == done.err.splitlines()
    assert (1, ["c-0", "c-1"]) == (done.status, [each["id"] for each in lines("new.jsonl")])
    done = review(options=("--replay", LOG, "--out", "new.jsonl", "--kept-only", "--force"))
    assert (1, ["c-1"]) == (done.status, [each["id"] for each in lines("new.jsonl")])


def test_a_replay_is_the_same_every_time(review: Callable[..., Result]) -> None:
    """Byte for byte."""
    written(*map(talk, range(3)))
    review("t wit", "k", "d")
    for name in ("one.jsonl", "two.jsonl"):
        assert 0 == review(options=("--replay", LOG, "--out", name)).status
    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("status", "expected", "options"),
    [
        (2, "a replay is --replay LOG --out FILE.", ("--replay", LOG)),
        (2, "a replay is --replay LOG --out FILE.", ("--out", "new.jsonl")),
        (2, "a replay is --replay LOG --out FILE.", ("--kept-only",)),
        (2, "a replay is --replay LOG --out FILE.", ("--replay", LOG, "--out", "new.jsonl", "--log", "x")),
        (2, "in.jsonl: the source is never replaced.", ("--replay", LOG, "--out", "in.jsonl", "--force")),
        (2, f"{LOG}: the source is never replaced.", ("--replay", LOG, "--out", LOG, "--force")),
        (2, "other: this file is there already.", ("--replay", LOG, "--out", "other")),
        (1, "absent: no such file.", ("--replay", "absent", "--out", "new.jsonl")),
        (1, f"{LOG}: no conversation stays.", ("--replay", LOG, "--out", "new.jsonl")),
        (2, "in.jsonl: the log and the conversations are one file.", ("--log", "in.jsonl")),
        (1, "absent/log: the log cannot be written: No such file or directory.", ("--log", "absent/log")),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    status: int, expected: str, options: tuple[str, ...], review: Callable[..., Result]
) -> None:
    """And nothing is written."""
    written(talk(0))
    review("d")
    Path("other").write_text("mine")
    before = {path.name: path.read_text() for path in Path().iterdir()}
    done = review("k", options=options)
    assert (status, 1, True) == (done.status, done.err.count("\n"), expected in done.err), done.err
    assert before == {path.name: path.read_text() for path in Path().iterdir()}


def test_a_broken_line_is_told_before_anything_is_decided(review: Callable[..., Result]) -> None:
    """With its line."""
    Path("in.jsonl").write_text(json.dumps(talk(0)) + "\n{}\n")
    done = review("k")
    assert (1, True, False) == (done.status, "in.jsonl:2: key 'id' is missing." in done.err, Path(LOG).exists())


class Terminal:
    """The command on a terminal of its own: small, dumb."""

    def __init__(self, folder: Path) -> None:
        self.shown, self.seen = "", 0
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "brie_bench", "conversations", "review", "in.jsonl"],
            **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
            cwd=folder,
            env={**os.environ, "TERM": "dumb", "LINES": "12", "COLUMNS": "60"},
            start_new_session=True,
        )
        os.close(theirs)

    def wait(self, text: str) -> None:
        """Read on until it shows `text`; fail after half a minute, or when it ends."""
        deadline = time.monotonic() + 30
        while text not in self.shown[self.seen :]:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.shown += os.read(self.terminal, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        self.seen = self.shown.index(text, self.seen) + len(text)

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self.terminal, text.encode())

    def end(self, kind: signal.Signals) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(kind)
        status = self.process.wait(30)
        os.close(self.terminal)
        return status


def test_a_dumb_terminal_gets_a_page_at_a_time_and_control_c_loses_nothing(tmp_path: Path) -> None:
    """No more lines than it holds, no escapes; what was decided before Ctrl-C is in the log."""
    long = [talk(0)["messages"][0], {"role": "assistant", "content": "\n".join(f"Line {n}." for n in range(30))}]
    rows = [talk(0, messages=long), talk(1)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    terminal = Terminal(tmp_path)
    terminal.wait("… Enter for more > ")
    page = terminal.shown.partition("? help\n")[2]
    assert (11, False) == (len(page.splitlines()), "\x1b" in page)
    terminal.type("\n")
    terminal.wait("… Enter for more > ")
    terminal.type("k\n")
    terminal.wait("2 of 2: c-1")
    terminal.wait("> ")
    assert 130 == terminal.end(signal.SIGINT)
    (line,) = (tmp_path / LOG).read_text().splitlines()
    assert ("keep", "c-0") == (json.loads(line)["action"], json.loads(line)["id"])


def test_a_decision_survives_a_kill(tmp_path: Path) -> None:
    """The next page is there only when the decision is on the disk."""
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(talk(n)) + "\n" for n in range(2)))
    terminal = Terminal(tmp_path)
    terminal.wait("> ")
    terminal.type("d\n")
    terminal.wait("2 of 2: c-1")
    assert -signal.SIGKILL == terminal.end(signal.SIGKILL)
    assert "drop" == json.loads((tmp_path / LOG).read_text())["action"]
