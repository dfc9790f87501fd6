"""The `recorded` model: completions of somebody's own, served as they are, each under the condition it was made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from brie_bench_recorded import Recorded

from brie_bench import Completion, Failed, FinishReason, Request, Sampling, Turn
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows (objects, or lines as they stand) into a file."""

    def write(*rows: dict[str, Any] | str, name: str = "answers.jsonl") -> Path:
        path = tmp_path / name
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return path

    return write


def model(path: Path, **options: str) -> Recorded:
    """The model over a file."""
    ref = {"name": "recorded", "options": {"model": str(path), **options}}
    found = Catalog(make_manager()).model(ref)  # type: ignore[arg-type]
    assert isinstance(found, Recorded)
    return found


def asked(*words: str, repeat: int = 1, **sampling: Any) -> Request:
    """A request of some turns, the user's first, or of turns as they stand."""
    roles = ("user", "assistant") * len(words)
    turns = tuple(Turn(role=role, content=content) for role, content in zip(roles, words, strict=False))  # type: ignore[arg-type]
    return Request(messages=turns, sampling=Sampling(**sampling), repeat=repeat)


def refused(path: Path, **options: str) -> str:
    """The error that reading the file ends in."""
    with pytest.raises(BrieError) as caught:
        model(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_recorded_text_is_the_completion(write: Write) -> None:
    """The text under its prompt, unaltered, with what else the record says."""
    text = "  Because.\n\nWinner: A \x1b[1m"
    path = write({"prompt": "Why?", "text": text, "finish_reason": "length", "model": "m-1", "temperature": 0.5})
    found = model(path).complete(asked("Why?", temperature=0.5, max_tokens=9))
    expected = Completion(
        text=text, finish_reason=FinishReason.LENGTH, model="m-1", sampling_applied=Sampling(temperature=0.5)
    )
    assert expected == found


def test_an_empty_text_is_a_completion(write: Write) -> None:
    """A model that said nothing said nothing."""
    assert "" == model(write({"prompt": "Why?", "text": ""})).complete(asked("Why?")).text


@pytest.mark.parametrize("reason", [None, "eos", 5, ["stop"], ""])
def test_an_end_that_is_not_known_is_unknown(write: Write, reason: object) -> None:
    """A reason that is none of ours says nothing, and fails nothing."""
    path = write({"prompt": "Why?", "text": "x", "finish_reason": reason})
    assert FinishReason.UNKNOWN is model(path).complete(asked("Why?")).finish_reason


def test_lines_of_one_prompt_are_its_repeats(write: Write) -> None:
    """In the file's order, other prompts between them or not; no more of them than there are."""
    path = write(*({"prompt": prompt, "text": f"{prompt} {n}"} for n in (1, 2, 3) for prompt in ("Why?", "How?")))
    found = model(path)
    assert ["Why? 1", "Why? 2", "Why? 3"] == [found.complete(asked("Why?", repeat=n)).text for n in (1, 2, 3)]
    with pytest.raises(Failed, match="has 3 completions of 'Why\\?', not 4") as caught:
        found.complete(asked("Why?", repeat=4))
    assert "error" == caught.value.kind


def test_conditions_are_kept_apart(write: Write) -> None:
    """A completion is served under the temperature and limit it was made with, where the record says so."""
    rows = [
        {"prompt": "Why?", "text": f"{t} {m}", "temperature": t, "max_tokens": m} for t in (0.5, 1.0) for m in (9, 99)
    ]
    found = model(write(*rows))
    for t in (0.5, 1.0):
        for m in (9, 99):
            assert f"{t} {m}" == found.complete(asked("Why?", temperature=t, max_tokens=m)).text
    for condition in ({"temperature": 0.7, "max_tokens": 9}, {"temperature": 0.5, "max_tokens": 10}, {}):
        with pytest.raises(Failed, match="has 0 completions"):
            found.complete(asked("Why?", **condition))


def test_repeats_are_counted_within_a_condition(write: Write) -> None:
    """The second run at a temperature is the second line of that temperature."""
    temperatures = (0.5, 1.0, 0.5)
    found = model(write(*({"prompt": "Why?", "text": str(n), "temperature": t} for n, t in enumerate(temperatures))))
    assert "2" == found.complete(asked("Why?", temperature=0.5, repeat=2)).text
    assert "1" == found.complete(asked("Why?", temperature=1.0)).text


def test_a_whole_number_is_the_same_temperature(write: Write) -> None:
    """`1` in the file is the temperature 1.0."""
    assert (
        "x"
        == model(write({"prompt": "Why?", "text": "x", "temperature": 1})).complete(asked("Why?", temperature=1.0)).text
    )


def test_a_record_without_condition_serves_any(write: Write) -> None:
    """What the file does not say is not asked."""
    found = model(write({"prompt": "Why?", "text": "x"}))
    assert "x" == found.complete(asked("Why?", temperature=0.3, max_tokens=7, seed=5)).text


def test_a_prompt_that_is_not_there_is_a_failure(write: Write) -> None:
    """Not an empty text: a failure that names file and prompt."""
    path = write({"prompt": "Why?", "text": "x"})
    with pytest.raises(Failed, match=r"answers\.jsonl has 0 completions of 'Why'"):
        model(path).complete(asked("Why"))


def test_a_failure_quotes_the_last_words_asked(write: Write) -> None:
    """Sixty characters of them tell which prompt is missing."""
    found = model(write({"prompt": "Why?", "text": "x"}))
    with pytest.raises(Failed, match=f"completions of '{'y' * 60}', not 1"):
        found.complete(asked("Hello", "Good day", "y" * 100))


def test_two_turns_are_not_the_first_of_them(write: Write) -> None:
    """What was said after a prompt is part of what was asked."""
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]
    found = model(write({"messages": turns, "text": "x"}))
    assert "x" == found.complete(asked("Why?", "Because.")).text
    with pytest.raises(Failed, match="has 0 completions"):
        found.complete(asked("Why?"))


def test_messages_hold_several_turns(write: Write) -> None:
    """A conversation is found by all its turns and their roles."""
    turns = [("user", "Hello"), ("assistant", "Good day"), ("user", "Why?")]
    row = {"messages": [{"role": role, "content": content} for role, content in turns], "text": "x"}
    found = model(write(row))
    assert "x" == found.complete(asked("Hello", "Good day", "Why?")).text
    for words in (("Why?",), ("Hello", "Good night", "Why?"), ("Hello", "Good day", "Why?", "x", "y")):
        with pytest.raises(Failed, match="has 0 completions"):
            found.complete(asked(*words))


def test_one_message_is_a_prompt(write: Write) -> None:
    """A single user turn is the same prompt in either spelling, with a system turn or without."""
    system = {"role": "system", "content": "Be brief."}
    row = {"messages": [system, {"role": "user", "content": "Why?"}], "text": "x"}
    found = model(write(row))
    assert "x" == found.complete(asked("Why?")).text
    request = Request(messages=(Turn(role="system", content="Be long."), Turn(role="user", content="Why?")))
    assert "x" == found.complete(request).text


def test_fields_may_have_other_names(write: Write) -> None:
    """The options name the fields; a `messages` field of other use is then left alone."""
    path = write({"question": "Why?", "input": "How?", "mine": "x", "theirs": "y", "messages": 7})
    assert "x" == model(path, prompt="question", text="mine").complete(asked("Why?")).text
    assert "x" == model(path, prompt="input", text="mine").complete(asked("How?")).text
    assert "y" == model(path, prompt="question", text="theirs").complete(asked("Why?")).text


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"prompt": "Why?", "txt": "x"}, "no text under 'text'. Did you mean 'txt'?"),
        ({"prompt": "Why?", "completion": "x"}, "no text under 'text'. Known: completion, prompt."),
        ({"prompt": "Why?", "text": None, "texts": "x"}, "no text under 'text'. Did you mean 'texts'?"),
        ({"prompts": "Why?", "text": "x"}, "no text under 'prompt'. Did you mean 'prompts'?"),
        ({"prompt": ["Why?"], "text": "x"}, "no text under 'prompt'."),
        ({"prompt": "Why?", "text": "x", "temperature": "hot"}, "key 'temperature'"),
        ({"prompt": "Why?", "text": "x", "temperature": 3}, "key 'temperature'"),
        ({"prompt": "Why?", "text": "x", "max_tokens": 0}, "key 'max_tokens'"),
        ({"prompt": "Why?", "text": "x", "max_tokens": 1.5}, "key 'max_tokens'"),
        ({"prompt": "Why?", "text": "x", "model": 5}, "key 'model'"),
        ({"messages": [], "text": "x"}, "key 'messages' holds no turns"),
        ({"messages": "Why?", "text": "x"}, "key 'messages' holds no turns"),
        ({"messages": [{"role": "user"}], "text": "x"}, "key 'messages' holds no turns"),
        ({"messages": [{"role": "judge", "content": "Why?"}], "text": "x"}, "key 'messages' holds no turns"),
        ({"messages": [{"role": "system", "content": "Why?"}], "text": "x"}, "key 'messages' holds no turns"),
        ('{"prompt": "Why?", "text": "x"', "not valid JSON"),
        ('{"prompt": "Why?", "prompt": "How?", "text": "x"}', "key 'prompt' occurs twice"),
        ('["Why?", "x"]', "a list where a JSON object belongs"),
    ],
)
def test_a_broken_line_is_named(write: Write, row: dict[str, Any] | str, words: str) -> None:
    """One line with file, line and what is wrong with it, among thousands that are right."""
    good = [{"prompt": f"Why {n}?", "text": "x"} for n in range(1500)]
    error = refused(write(*good, "", row, *good))
    assert "answers.jsonl:1502: " in error
    assert words in error


def test_bytes_that_are_no_text_are_named(write: Write) -> None:
    """A file of another encoding is refused at its line."""
    path = write({"prompt": "Why?", "text": "x"})
    path.write_bytes(path.read_bytes() + '{"prompt": "Où?", "text": "x"}\n'.encode("latin-1"))
    assert "answers.jsonl:2: byte 13 is not UTF-8." in refused(path)


@pytest.mark.parametrize("content", ["", "\n\n \n"])
def test_a_file_without_a_completion_is_refused(write: Write, content: str) -> None:
    """An empty file is a mistake."""
    assert "answers.jsonl: no completion in this file." in refused(write(content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """One line that names it; a folder is no file either."""
    assert "missing.jsonl: no such file." in refused(tmp_path / "missing.jsonl")
    assert "this is a folder" in refused(tmp_path)


def test_a_moved_file_is_the_same_model(write: Write) -> None:
    """What counts is the content and the fields, not the path."""
    row = {"prompt": "Why?", "text": "x", "other": "y"}
    here, there = (model(write(row, name=name)).configuration() for name in ("here.jsonl", "there.jsonl"))
    assert here == there
    assert here != model(write({**row, "text": "z"})).configuration()
    assert here != model(write(row), text="other").configuration()


def test_the_file_is_named_after_the_slash(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`recorded/answers.jsonl` is the file of that name."""
    write({"prompt": "Why?", "text": "x"})
    monkeypatch.chdir(tmp_path)
    assert "x" == Catalog(make_manager()).model("recorded/answers.jsonl").complete(asked("Why?")).text


def test_a_file_is_read_once(write: Write) -> None:
    """Contenders that use it alike share it."""
    catalog, path = Catalog(make_manager()), write({"prompt": "Why?", "text": "x", "other": "y"})
    refs = [{"name": "recorded", "options": {"model": str(path), "text": text}} for text in ("text", "text", "other")]
    first, second, other = (catalog.model(ref) for ref in refs)  # type: ignore[arg-type]
    assert isinstance(first, Recorded)
    assert isinstance(second, Recorded)
    assert isinstance(other, Recorded)
    assert first.rows is second.rows
    assert first.rows is not other.rows


def test_recorded_completions_are_judged(write: Write, suite: Callable[..., Path], cli: Callable[..., Any]) -> None:
    """Two files and the offline judges: a run like any other; what is missing is counted as a failure."""
    folder = suite(3)
    prompts = [json.loads(line)["text"] for line in (folder / "prompts" / "all.jsonl").read_text().splitlines()]
    write(*({"prompt": prompt, "text": "Short."} for prompt in prompts), name="short.jsonl")
    write(*({"prompt": prompt, "text": "Rather long."} for prompt in prompts[:2]), name="long.jsonl")
    result = cli(
        "run",
        folder,
        "--baseline",
        "recorded/short.jsonl",
        "--contender",
        "long=recorded/long.jsonl",
        "--judge",
        "longer",
    )
    assert 0 == result.status, result.err
    [path] = Path("runs").glob("*/leaderboard.json")
    headline = json.loads(path.read_text("utf-8"))["standings"][0]
    assert (2, 4, 4, 2) == tuple(headline[key] for key in ("n_prompts", "n_judgments", "wins", "n_failures"))
