"""`brie-bench conversations import`: other tools' conversations in, and what bad files come to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Result
from conversations.exports import archive, chatgpt, claude, node, talk

from brie_bench import Conversation, Importer, Unreadable

from .conftest import export_line

Cli = Callable[..., Result]
ROW = json.dumps({"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]})


def lines(path: str = "out.jsonl") -> list[dict[str, Any]]:
    """What was written."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def names(folder: str = ".") -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in Path(folder).iterdir())


def test_an_import_says_what_it_took_and_what_it_left_out(cli: Cli) -> None:
    """By reason, the commonest first, each with its first place; nothing on stdout."""
    nodes = [
        node("u", "system", "user", "Why?"),
        node("t", "u", "tool", "found"),
        node("s", "t", "tool", "found more"),
        node("a", "s", "assistant", "Because."),
        node("b", "s", "assistant", "Therefore."),
        node("v", "a", "user", "And?"),
    ]
    archive(Path("export.zip"), talk("Hm?", "Ah."), chatgpt(*nodes, conversation_id="talk-2"))
    done = cli("conversations", "import", "chatgpt", "export.zip", "--out", "out.jsonl", "--left-out", "left.jsonl")
    place = "conversation 2 of export.zip/conversations.json"
    assert (0, "") == (done.status, done.out)
    assert [
        "out.jsonl: 3 conversations of 2 prompts",
        "left out or changed (each in left.jsonl):",
        f"  2 × a tool's answer (first: {place}:1)",
        f"  1 × a last prompt without a response (first: {place}:1)",
    ] == done.err.splitlines()
    assert ["Ah.", "Therefore.", "Because."] == [each["messages"][1]["content"] for each in lines()]
    assert [{"source": place, "line": 1, "reason": "a tool's answer"}] * 2 == lines("left.jsonl")[:2]
    assert 0 == cli("conversations", "validate", "out.jsonl").status


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("chatgpt", json.dumps([talk("Why?", "Because.")])),
        ("claude", json.dumps([claude("Why?", "Because.")])),
        ("messages", ROW),
        ("openai", ROW),
        ("prompt-completion", '{"prompt": "Why?", "completion": "Because."}'),
        ("preference", '{"prompt": "Why?", "chosen": "Because."}'),
        ("alpaca", '{"instruction": "Why?", "output": "Because."}'),
        ("sharegpt", '{"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}]}'),
        ("transcript", "Human: Why?\nAssistant: Because.\n"),
    ],
)
def test_every_format_is_found_by_its_name(form: str, content: str, cli: Cli) -> None:
    """And gives the same conversation, with what the options say of it."""
    Path("in").write_text(content)
    options = ["-o", "author=A. Author", "-o", "licence=CC0-1.0", "-o", "consent=true", "--option", "domain=creative"]
    done = cli("conversations", "import", form, "in", "--out", "out.jsonl", *options)
    assert (0, "out.jsonl: 1 conversation of 1 prompt, nothing left out\n") == (done.status, done.err)
    (line,) = lines()
    assert ["Why?", "Because."] == [turn["content"] for turn in line["messages"]]
    assert ("A. Author", "CC0-1.0", True) == tuple(line["provenance"][key] for key in ("author", "licence", "consent"))
    assert "creative" == line["domain"]


@pytest.mark.parametrize("other", ["out.jsonl", "left.jsonl"])
def test_nothing_is_replaced_unless_that_is_asked_for(other: str, cli: Cli) -> None:
    """Neither of the two files; with --force both."""
    Path("in.jsonl").write_text(ROW)
    Path(other).write_text("mine")
    command = ["conversations", "import", "messages", "in.jsonl", "--out", "out.jsonl", "--left-out", "left.jsonl"]
    done = cli(*command)
    assert (2, f"brie-bench: {other}: this file is there already. Name another one, or add --force.\n") == (
        done.status,
        done.err,
    )
    assert ("mine", ["in.jsonl", other]) == (Path(other).read_text(), names())
    assert 0 == cli(*command, "--force").status
    assert (1, []) == (len(lines()), lines("left.jsonl"))


def test_a_source_is_never_replaced(cli: Cli) -> None:
    """Not even with --force, nor under another name."""
    Path("in.jsonl").write_text(ROW)
    Path("link.jsonl").symlink_to("in.jsonl")
    for name in ("in.jsonl", "link.jsonl", "./in.jsonl"):
        done = cli("conversations", "import", "messages", "in.jsonl", "--out", name, "--force")
        assert (2, True) == (done.status, "the source is never replaced." in done.err)
    assert ROW == Path("in.jsonl").read_text()
    done = cli("conversations", "import", "messages", "in.jsonl", "--out", "out.jsonl", "--left-out", "out.jsonl")
    assert (2, False) == (done.status, Path("out.jsonl").exists())


@pytest.mark.parametrize("target", ["elsewhere/there.jsonl", "elsewhere/absent.jsonl"])
def test_a_link_is_a_file_wherever_it_leads(target: str, cli: Cli) -> None:
    """Without --force it stays, with it the link is replaced and what it leads to is not touched."""
    Path("in.jsonl").write_text(ROW)
    Path("elsewhere").mkdir()
    Path("elsewhere/there.jsonl").write_text("theirs")
    Path("out.jsonl").symlink_to(target)
    command = ["conversations", "import", "messages", "in.jsonl", "--out", "out.jsonl"]
    assert (2, True) == (cli(*command).status, Path("out.jsonl").is_symlink())
    assert (0, False) == (cli(*command, "--force").status, Path("out.jsonl").is_symlink())
    assert (["there.jsonl"], "theirs") == (names("elsewhere"), Path("elsewhere/there.jsonl").read_text())


def test_a_file_may_be_a_link_to_anywhere(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It was named by the one who ran the command, and is only read."""
    (tmp_path_factory.mktemp("outside") / "rows.jsonl").write_text(ROW)
    Path("in.jsonl").symlink_to(tmp_path_factory.getbasetemp() / "outside0" / "rows.jsonl")
    assert 0 == cli("conversations", "import", "messages", "in.jsonl", "--out", "out.jsonl").status


@pytest.mark.parametrize(
    ("status", "expected", "args"),
    [
        (1, "absent: no such file.", ["messages", "absent"]),
        (1, "folder: this is a folder, a file is needed.", ["messages", "folder"]),
        (1, "folder: this is a folder, a file is needed.", ["chatgpt", "folder"]),
        (1, "pipe: no regular file, and it is read twice. Save it to a file first.", ["messages", "pipe"]),
        (1, "empty: this file is empty.", ["messages", "empty"]),
        (1, "empty: this file is empty.", ["claude", "empty"]),
        (1, "wide: this file is UTF-16, not UTF-8. Save it as UTF-8.", ["messages", "wide"]),
        (1, "wide: this file is UTF-16, not UTF-8. Save it as UTF-8.", ["chatgpt", "wide"]),
        (1, "no conversation could be read. in:1: not valid JSON: an array belongs here.", ["chatgpt", "in"]),
        (1, "no conversation could be read. in:1: no conversation: key 'chosen' is no text.", ["preference", "in"]),
        (1, "in: the same file as in: it would count twice. Name it once.", ["messages", "in", "in"]),
        (1, "no importer 'chatgtp'. Did you mean 'chatgpt'?", ["chatgtp", "in"]),
        (
            1,
            "importer 'messages': key 'auther' is not known. Did you mean 'author'?",
            ["messages", "in", "-o", "auther=x"],
        ),
        (2, "--option 'x' is no KEY=VALUE.", ["messages", "in", "-o", "x"]),
        (2, "Missing argument 'FILE…'.", ["messages"]),
        (1, "this importer reads judgments, not conversations. Use 'brie-bench import'.", ["brie-exports", "study"]),
        (1, "cut.zip: no archive that can be read: File is not a zip file.", ["chatgpt", "cut.zip"]),
        (1, "other.zip: no conversations.json in this archive. Is it a data export?", ["chatgpt", "other.zip"]),
    ],
)
def test_what_cannot_be_imported_is_one_line(status: int, expected: str, args: list[str], cli: Cli) -> None:
    """And nothing is written."""
    Path("in").write_text(ROW)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("empty").touch()
    Path("wide").write_text(ROW, "utf-16")
    Path("study").write_text(export_line(1))
    archive(Path("other.zip"), name="user.txt")
    Path("cut.zip").write_bytes(archive(Path("whole.zip"), talk("Why?", "So.")).read_bytes()[:-40])
    before = names()
    done = cli("conversations", "import", *args, "--out", "out.jsonl")
    assert (status, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert done.err.startswith(f"brie-bench: {expected}")
    assert before == names()


def test_a_zip_bomb_is_refused_and_leaves_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before it is not kept either: such an archive is no export."""
    monkeypatch.setattr("brie_bench.archive.SMALL", 1_000_000)
    with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("conversations.json", json.dumps([talk("Why?", "So.")])[:-1] + " " * 20_000_000 + "]")
    done = cli("conversations", "import", "chatgpt", "bomb.zip", "--out", "out.jsonl")
    assert (1, 1, ["bomb.zip"]) == (done.status, done.err.count("\n"), names())
    assert "unpacks to more than 200 times its size: it may be a zip bomb." in done.err


def test_a_path_that_leads_out_of_the_archive_is_reported(cli: Cli) -> None:
    """Nothing is unpacked, there or here."""
    archive(Path("e.zip"), talk("Why?", "So."), **{"../../conversations.json": json.dumps([talk("Evil?", "Yes.")])})
    done = cli("conversations", "import", "chatgpt", "e.zip", "--out", "out.jsonl")
    assert (0, "1 × its name leads out of the archive" in done.err) == (done.status, True)
    assert (["e.zip", "out.jsonl"], 1) == (names(), len(lines()))


def test_one_broken_line_of_many_costs_itself_alone(cli: Cli) -> None:
    """Its line is told, whatever is wrong with it."""
    rows = [json.dumps({"prompt": f"Why {number}?", "completion": "So."}).encode() for number in range(2000)]
    rows[700], rows[1200], rows[1800] = b"{broken", b'{"prompt": "\xff"}', b"\x00" * 50
    Path("rows.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(rows))
    done = cli(
        "conversations", "import", "prompt-completion", "rows.jsonl", "--out", "out.jsonl", "--left-out", "l.jsonl"
    )
    assert (0, 1997, [701, 1201, 1801]) == (done.status, len(lines()), [each["line"] for each in lines("l.jsonl")])
    assert "  2 × not valid JSON: Expecting property name" in done.err


def test_what_files_say_is_printed_plainly(cli: Cli, plugged: Callable[..., None]) -> None:
    """Names, reasons and places may hold anything; there are no more lines than reasons."""

    class Rude(Importer):
        """Reads one conversation, rudely."""

        name = "rude"

        def read(self, paths: Any) -> Iterator[Conversation | Unreadable]:
            for number in range(30):
                yield Unreadable(source="\x1b]0;x\x07", line=1, reason=f"\x1b[2J\u202ebad {number}\nx")
            yield Conversation.model_validate(
                {**json.loads(ROW), "id": "a", "prompt_group": "b", "domain": "c", "provenance": {"author": "d"}}
            )

    plugged(importers=(Rude,))
    done = cli("conversations", "import", "rude", "x", "--out", "o\x1b[31m.jsonl")
    assert (0, 23, "  … and 10 more reasons") == (done.status, done.err.count("\n"), done.err.splitlines()[-1])
    assert [] == [character for character in ("\x1b", "\u202e", "\x07") if character in done.err]


PEAK = """
import resource, sys
from brie_bench.cli import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
sys.exit(status)
"""


def peak(*args: object) -> int:
    """The most memory that a command takes in a process of its own, in MiB."""
    done = subprocess.run([sys.executable, "-c", PEAK, *map(str, args)], capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    return int(done.stdout.splitlines()[-1])


def grown(path: Path, megabytes: int) -> Path:
    """A ChatGPT export of about so many megabytes, unpacked, in talks of different lengths."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("conversations.json", "w", force_zip64=True) as member,
    ):
        written, number = member.write(b"["), 0
        while written < megabytes * 1_000_000:
            words = " ".join(f"word{(number * 7919 + at * 31) % 9973}" for at in range(200 + number % 300))
            texts = [f"{number} {at} {words}" for at in range(2 + 2 * (number % 5))]
            entry = json.dumps(talk(*texts, name=f"talk-{number}"))
            written += member.write((b"," if number else b"") + entry.encode())
            number += 1
        member.write(b"]")
    return path


@pytest.mark.slow
def test_memory_is_flat_however_large_the_export(tmp_path: Path) -> None:
    """200 MB take hardly more than 2."""
    command = ["conversations", "import", "chatgpt"]
    small = peak(*command, grown(tmp_path / "small.zip", 2), "--out", tmp_path / "small.jsonl")
    large = peak(*command, grown(tmp_path / "large.zip", 200), "--out", tmp_path / "large.jsonl")
    assert (tmp_path / "large.jsonl").stat().st_size > 50 * (tmp_path / "small.jsonl").stat().st_size
    assert large - small < 40


@pytest.mark.slow
def test_memory_is_bounded_for_a_line_of_a_gigabyte(tmp_path: Path) -> None:
    """It is passed over, and what follows it is read; as a row, as an entry of an array, as a transcript's line."""
    for name, form, head, tail in (
        ("rows.jsonl", "messages", b"", b"\n" + ROW.encode() + b"\n"),
        ("rows.json", "messages", b'[{"messages": "', b'"},' + ROW.encode() + b"]"),
        ("talk.md", "transcript", b"User: ", b"\n====\nUser: Why?\nAI: So.\n"),
    ):
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(head)
            for _ in range(1000):
                file.write(b"x" * 1_048_576)
            file.write(tail)
        options = ["-o", "between====="] if form == "transcript" else []
        assert peak("conversations", "import", form, path, "--out", tmp_path / f"{name}.out", *options) < 300
        assert 1 == len(lines(str(tmp_path / f"{name}.out")))
        path.unlink()
