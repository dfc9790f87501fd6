"""Whatever is wrong with a file is said in one line: what, where, and the mend where it is not plain."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Conversation, Prompt, Sampling, TrainingRecipe
from brie_bench.errors import BrieError, SpecError
from brie_bench.files import (
    LONGEST_LINE,
    read_config,
    read_jsonl,
    read_lines,
    read_objects,
    read_spec,
    read_suite,
    read_text,
    read_yaml,
    sources,
    to_jsonl,
    write_text,
)
from brie_bench.spec.suite import SuiteFile

HEAD = "name: t\ntitle: T\n"
NO_NAME = "is no name: letters, digits, dot, hyphen and underscore only."
SECTION = HEAD + "sections:\n  - name: a\n    kind: in_domain\n    prompts: p.jsonl\n"


def said(path: Path, read: Callable[[Path], Any]) -> str:
    """The one line that reading `path` ends with, without the folder."""
    with pytest.raises(BrieError) as caught:
        read(path)
    line = str(caught.value)
    assert "\n" not in line
    return line.replace(f"{path.parent}{os.sep}", "")


def written(folder: Path, content: str | bytes, name: str = "x.yaml") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# YAML


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("x.yaml:7: key 'repeat' in 'sections.0' is not known. Did you mean 'repeats'?", SECTION + "    repeat: 2\n"),
        ("x.yaml:3: key 'sectoins' is not known. Did you mean 'sections'?", HEAD + "sectoins: []\n"),
        ("x.yaml:2: key 'name' occurs twice. Remove one.", "name: a\nname: b\n"),
        ("x.yaml:7: key 'kind' occurs twice. Remove one.", SECTION + "    kind: length\n"),
        ("x.yaml:1: key 'sections' is missing.", HEAD),
        ("x.yaml:4: key 'sections.0.prompts' is missing.", HEAD + "sections:\n  - {name: a, kind: length}\n"),
        ("x.yaml:1: key 'name' occurs twice. Remove one.", '{"name": "a", "name": "b"}'),
        (
            "x.yaml:1: key 'name': 'a b' is no name: letters, digits, dot, hyphen and underscore only.",
            SECTION.replace("t\n", "a b\n", 1),
        ),
        ("x.yaml:2: key 'title': must not be empty.", SECTION.replace("title: T", 'title: " "')),
        ("x.yaml:2: key 'title': must be text.", SECTION.replace("title: T", "title: 5")),
        ("x.yaml:3: key 'sections': must be a list.", HEAD + "sections: a.jsonl\n"),
        ("x.yaml:3: key 'sections': needs at least 1 entry.", HEAD + "sections: []\n"),
        ("x.yaml:4: key 'sections.0': must be keys and values.", HEAD + "sections:\n  -\n"),
        ("x.yaml:7: key 'sections.0.repeats': a number belongs here, without quotes.", SECTION + '    repeats: "2"\n'),
        ("x.yaml:7: key 'sections.0.repeats': a number belongs here, without quotes.", SECTION + "    repeats: yes\n"),
        (
            "x.yaml:7: key 'sections.0.temperatures.0': input should be a finite number.",
            SECTION + "    temperatures: [.nan]\n",
        ),
        (
            "x.yaml:8: key 'sections.0.temperatures.0': input should be a finite number.",
            SECTION + "    temperatures:\n      - .inf\n",
        ),
        (
            "x.yaml:7: key 'sections.0.repeats': input should be less than or equal to 1000000000.",
            SECTION + f"    repeats: {10**20}\n",
        ),
        (f"x.yaml:1: '{'9' * 39}…' is no int.", f"schema_version: {'9' * 5000}\n"),
        ("x.yaml: the file must hold keys and values.", ""),
        ("x.yaml: the file must hold keys and values.", "- a\n"),
        ("x.yaml: the file must hold keys and values.", "just words\n"),
        ("x.yaml:2: key 5 is no text. Put it in quotes.", "name: a\n5: b\n"),
        ("x.yaml:1: key ~ is no text. Put it in quotes.", "~: b\n"),
        ("x.yaml:1: key is no text. Put it in quotes.", "[a, b]: c\n"),
        ("x.yaml:1: key is no text. Put it in quotes.", "? {a: b}\n: c\n"),
    ],
)
def test_a_wrong_suite_file_is_told_with_its_line_and_key(tmp_path: Path, expected: str, content: str) -> None:
    """The line is that of the key, or of the nearest key around it."""
    assert expected == said(written(tmp_path, content), lambda path: read_spec(path, SuiteFile))


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("x.yaml:2: not valid YAML: found character '\\t' that cannot start any token.", "name: t\n\ttitle: x\n"),
        ("x.yaml:2: not valid YAML: but found another document.", "name: t\n---\nname: u\n"),
        ("x.yaml:1: not valid YAML: found undefined alias 'x'.", "name: *x\n"),
        ("x.yaml:2: not valid YAML: character U+001B may not stand in it.", 'name: t\ntitle: "\x1b[31m"\n'),
        ("x.yaml:3: byte 16 is not UTF-8. Save the file as UTF-8.", b"name: t\nname2: \n\xff"),
        ("x.yaml:1: byte 0 is not UTF-8. Save the file as UTF-8.", "name: t\n".encode("utf-16")),
        ("x.yaml:2: byte 1 is not UTF-8. Save the file as UTF-8.", b"\n\xff"),
        ("x.yaml: not valid YAML: nested too deep.", "name: " + "[" * 5000),
        ("x.yaml: not valid YAML: nested too deep.", "name: &a [*a]\n"),
        ("x.yaml: not valid YAML: nested too deep.", "&a {name: *a}\n"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, expected: str, content: str | bytes) -> None:
    """Syntax, encoding, and structures that contain themselves."""
    assert expected == said(written(tmp_path, content), read_yaml)


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        ("!!python/object/apply:os.system", "name: !!python/object/apply:os.system [ls]\n"),
        ("!!python/object:os.x", "name: !!python/object:os.x {a: b}\n"),
        ("!!python/name:os.system", 'name: !!python/name:os.system ""\n'),
        ("!!python/object/new:str", "!!python/object/new:str\nname: a\n"),
        ("!!set", "name: !!set {a, b}\n"),
        ("!!omap", "name: !!omap [a: b]\n"),
        ("!!binary", 'name: !!binary "aGk="\n'),
        ("!mine", "name: !mine a\n"),
        ("!!binary", "? !!binary YQ==\n: b\n"),
    ],
)
def test_a_yaml_tag_is_refused(tmp_path: Path, tag: str, content: str) -> None:
    """Nothing is constructed from a file but what JSON can say."""
    line = said(written(tmp_path, content), read_yaml)
    assert f"x.yaml:1: the tag '{tag}' is not taken here. Write text, numbers, lists or mappings." == line


def test_a_merged_mapping_is_refused(tmp_path: Path) -> None:
    """`<<` is no key that JSON, or an editor's schema, would see."""
    line = said(written(tmp_path, "a: &a {x: 1}\nb:\n  <<: *a\n"), read_yaml)
    assert "x.yaml:3: '<<' merges mappings, which is not taken here. Write the keys out." == line


def test_a_yaml_file_whose_aliases_explode_is_refused(tmp_path: Path) -> None:
    """A kilobyte cannot become gigabytes."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "x.yaml: more than 100000 values." == said(written(tmp_path, "\n".join(lines)), read_yaml)


def test_an_alias_that_does_not_explode_is_read(tmp_path: Path) -> None:
    """Anchors may save typing."""
    assert {"a": [1, 2], "b": [1, 2]} == read_yaml(written(tmp_path, "a: &a [1, 2]\nb: *a\n"))[0]


@pytest.mark.parametrize("value", ["2026-02-28", "2026-13-45", "2026-02-28 10:00:00"])
def test_a_date_in_yaml_is_the_text_that_stands_there(tmp_path: Path, value: str) -> None:
    """As in JSON, and whether or not the day ever was."""
    assert {"a": value} == read_yaml(written(tmp_path, f"a: {value}\n"))[0]


@pytest.mark.parametrize(
    ("expected", "tagged"),
    [("'x' is no int", "!!int x"), ("'x' is no float", "!!float x"), ("'x' is no bool", "!!bool x")],
)
def test_a_value_that_is_not_of_its_tag_is_refused(tmp_path: Path, expected: str, tagged: str) -> None:
    """A tag that says what plain text would be is taken only where it is true."""
    assert f"x.yaml:1: {expected}." == said(written(tmp_path, f"a: {tagged}\n"), read_yaml)


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path, change: Callable[[str], str]) -> None:
    """What an editor on another system adds means nothing."""
    assert "t" == read_spec(written(tmp_path, change(SECTION)), SuiteFile).name


def test_json_is_yaml(tmp_path: Path) -> None:
    """A JSON file is read as well, its keys' lines known."""
    value, lines = read_yaml(written(tmp_path, '{\n "a": {\n  "b": [1, 2.5, null, true, "x"]}}'))
    assert {"a": {"b": [1, 2.5, None, True, "x"]}} == value
    assert (2, 3, 3) == (lines[("a",)], lines["a", "b"], lines["a", "b", 4])


def test_a_json_file_may_be_indented_by_tabs(tmp_path: Path) -> None:
    """YAML may not, and says so."""
    value = {"a": {"b": "c\td"}}
    assert value == read_yaml(written(tmp_path, json.dumps(value, indent="\t"), "x.json"))[0]
    assert "cannot start any token" in said(written(tmp_path, json.dumps(value, indent="\t")), read_yaml)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text(max_size=6), JSON, min_size=1, max_size=3))
def test_any_json_object_is_read_as_yaml_as_what_it_is(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]
) -> None:
    """Escapes and all."""
    path = written(tmp_path_factory.mktemp("json"), json.dumps(value))
    assert value == read_yaml(path)[0]


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=60) | st.text("ab:-[]{}&*!'\"|>%@#,?\n \t<0.~", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Nothing that stands in a file ends in a traceback."""
    folder = tmp_path_factory.mktemp("bytes")
    path = written(folder, content)
    for read in (
        read_yaml,
        read_config,
        lambda path: read_spec(path, SuiteFile),
        lambda path: list(read_objects(path)),
    ):
        with contextlib.suppress(SpecError):
            read(path)
            continue
        assert re.match(r"x\.yaml(:\d+)?: .", said(path, read))


# JSONL


def lines_of(path: Path, kind: type[Any] = Prompt) -> list[tuple[int, str]]:
    """Line number and prompt id, or what is wrong, of each line."""
    found = [(number, each) for number, each in read_jsonl(path, kind)]
    return [
        (number, str(each).replace(f"{path.parent}{os.sep}", "") if isinstance(each, SpecError) else each.id)
        for number, each in found
    ]


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("key 'txt' is not known. Did you mean 'text'?", '{"id": "a", "txt": "x"}'),
        (
            "key 'contnt' in 'messages.0' is not known. Did you mean 'content'?",
            '{"id": "a", "messages": [{"role": "user", "contnt": "x"}]}',
        ),
        ("not valid JSON: key 'id' occurs twice.", '{"id": "a", "id": "b", "text": "x"}'),
        ("not valid JSON: key 'role' occurs twice.", '{"id": "a", "messages": [{"role": "user", "role": "user"}]}'),
        ("not valid JSON: NaN is no JSON number.", '{"id": "a", "text": NaN}'),
        ("not valid JSON: -Infinity is no JSON number.", '{"id": "a", "text": -Infinity}'),
        ("not valid JSON: Expecting ',' delimiter (column 12).", '{"id": "a" "text": "x"}'),
        ("not valid JSON: Unterminated string starting at (column 21).", '{"id": "a", "text": "x'),
        ("not valid JSON: Extra data (column 26).", '{"id": "a", "text": "x"} x'),
        ("not valid JSON: nested too deep.", '{"id": "a", "text": ' + "[" * 100_000),
        ("a list where a JSON object belongs.", "[1]"),
        ("a str where a JSON object belongs.", '"x"'),
        ("a NoneType where a JSON object belongs.", "null"),
        ("key 'id' is missing.", '{"text": "x"}'),
        ("key 'text': must not be empty.", '{"id": "a", "text": ""}'),
        ("key 'text': must not be empty.", '{"id": "a", "text": " \\n\\t"}'),
        ("key 'text': must be text.", '{"id": "a", "text": 1e999}'),
        ("key 'text': must be text.", '{"id": "a", "text": ["x"]}'),
        ("key 'id': 'a b' is no name: letters, digits, dot, hyphen and underscore only.", '{"id": "a b", "text": "x"}'),
        (
            "key 'id': '\\x1b[31m' is no name: letters, digits, dot, hyphen and underscore only.",
            '{"id": "\\u001b[31m", "text": "x"}',
        ),
        ("key 'id': must not be empty.", '{"id": "", "text": "x"}'),
        (
            "key '\\x1b[31m' is not known. Known: domain, id, messages, tags, text.",
            '{"id": "a", "text": "x", "\\u001b[31m": 1}',
        ),
        ("give either 'text' or 'messages', and one of them.", '{"id": "a"}'),
        (
            "turn 1 is the assistant's where the user's belongs.",
            '{"id": "a", "messages": [{"role": "assistant", "content": "x"}]}',
        ),
        (
            "key 'messages.0.role': input should be 'system', 'user' or 'assistant'.",
            '{"id": "a", "messages": [{"role": "bot", "content": "x"}]}',
        ),
    ],
)
def test_a_wrong_line_is_told_with_its_number(tmp_path: Path, expected: str, line: str) -> None:
    """The lines around it are read all the same."""
    good = ['{"id": "one", "text": "x"}', '{"id": "three", "text": "y"}']
    path = written(tmp_path, f"{good[0]}\n{line}\n{good[1]}\n", "x.jsonl")
    assert [(1, "one"), (2, f"x.jsonl:2: {expected}"), (3, "three")] == lines_of(path)


def test_one_broken_line_among_thousands_is_found(tmp_path: Path) -> None:
    """And only that one."""
    lines = [json.dumps({"id": f"p-{number}", "text": f"text {number}"}) for number in range(5000)]
    lines[3210] = lines[3210][:-3]
    found = lines_of(written(tmp_path, "\n".join(lines), "x.jsonl"))
    wrong = [(number, each) for number, each in found if not each.startswith("p-")]
    assert (5000, [3211]) == (len(found), [number for number, _ in wrong])
    assert wrong[0][1].startswith("x.jsonl:3211: not valid JSON: ")


def test_a_line_that_is_no_utf8_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    """The byte is counted within its line."""
    path = written(tmp_path, b'{"id":"a","text":"x"}\n{"id":"\xff"}\n{"id":"c","text":"z"}', "x.jsonl")
    assert [(1, "a"), (2, "x.jsonl:2: byte 7 is not UTF-8."), (3, "c")] == lines_of(path)


def test_a_line_of_twenty_megabytes_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    """It is never held in memory whole."""
    long = b'{"id":"a","text":"' + b"x" * 20_000_000 + b'"}\n'
    path = written(tmp_path, long + b'{"id":"b","text":"y"}\n' + long[:-1], "x.jsonl")
    told = f"longer than {LONGEST_LINE} bytes."
    assert [(1, f"x.jsonl:1: {told}"), (2, "b"), (3, f"x.jsonl:3: {told}")] == lines_of(path)


@pytest.mark.parametrize("extra", [-1, 0, 1, 2])
def test_the_longest_line_is_still_read(tmp_path: Path, extra: int) -> None:
    """So many bytes, with the line feed; one more is refused, and the next line is none the worse."""
    head, tail = b'{"id":"a","text":"', b'"}\n'
    line = head + b"x" * (LONGEST_LINE + extra - len(head) - len(tail)) + tail
    found = lines_of(written(tmp_path, line + b'{"id":"b","text":"y"}', "x.jsonl"))
    first = "a" if extra <= 0 else f"x.jsonl:1: longer than {LONGEST_LINE} bytes."
    assert [(1, first), (2, "b")] == found


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_are_passed_over(tmp_path: Path) -> None:
    """Line numbers count every line."""
    path = written(
        tmp_path, b'\xef\xbb\xbf{"id":"a","text":"x"}\r\n\r\n  \r\n{"id":"b","text":"y\xe2\x80\xa8z"}', "x.jsonl"
    )
    assert [(1, "a"), (4, "b")] == lines_of(path)
    assert [(1, '{"id":"a","text":"x"}'), (4, '{"id":"b","text":"y\u2028z"}')] == list(read_lines(path))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b" \t\n"])
def test_an_empty_file_has_no_lines(tmp_path: Path, content: bytes) -> None:
    """Nor has one that only an editor could tell from it."""
    assert [] == list(read_lines(written(tmp_path, content)))


def test_a_byte_order_mark_inside_a_file_is_no_json(tmp_path: Path) -> None:
    """Two files pasted together are told."""
    path = written(tmp_path, '{"id":"a","text":"x"}\n\ufeff{"id":"b","text":"y"}\n', "x.jsonl")
    assert ["a", True] == [each if number == 1 else "not valid JSON" in each for number, each in lines_of(path)]


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("no such file.", "absent"),
        ("this is a folder, a file is needed.", "folder"),
        ("File name too long.", "a" * 300),
    ],
)
@pytest.mark.parametrize("read", [read_text, read_yaml, lambda path: list(read_lines(path)), read_config])
def test_what_is_no_file_is_told(tmp_path: Path, expected: str, name: str, read: Callable[[Path], Any]) -> None:
    """Whoever reads it."""
    (tmp_path / "folder").mkdir()
    assert said(tmp_path / name, read).endswith(expected)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(min_size=1).filter(str.strip), max_size=5))
def test_what_is_written_as_lines_is_read_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Any text, one record a line."""
    prompts = [Prompt(id=f"p-{number}", text=text) for number, text in enumerate(texts)]
    path = tmp_path_factory.mktemp("jsonl") / "x.jsonl"
    write_text(path, "".join(to_jsonl(prompts)))
    assert prompts == [each for _, each in read_jsonl(path, Prompt)]
    assert len(prompts) == path.read_bytes().count(b"\n")


# suites


def suite_with(folder: Path, content: str, **files: str | bytes) -> Path:
    """A suite's folder: `suite.yaml`, and prompts by file name."""
    written(folder, content, "suite.yaml")
    for name, lines in files.items():
        written(folder, lines, f"{name}.jsonl")
    return folder


GOOD = '{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}\n'


@pytest.mark.parametrize(
    ("expected", "prompts"),
    [
        ("p.jsonl:3: prompt id 'a' is that of line 1 too. Rename one.", GOOD + '{"id": "a", "text": "z"}\n'),
        (
            "p.jsonl:4: prompt 'c' has the words of 'a' on line 1. Use 'repeats' to ask a prompt again.",
            GOOD + '\n{"id": "c", "text": "x"}\n',
        ),
        (
            "p.jsonl:3: prompt 'c' has the words of 'a' on line 1. Use 'repeats' to ask a prompt again.",
            GOOD + '{"id": "c", "messages": [{"role": "user", "content": "x"}]}',
        ),
        ("p.jsonl:3: key 'text': must not be empty.", GOOD + '{"id": "c", "text": ""}\n'),
        ("p.jsonl:3: byte 7 is not UTF-8.", GOOD.encode() + b'{"id":"\xff"}'),
        ("p.jsonl: no prompt in this file.", ""),
    ],
)
def test_a_wrong_prompt_file_ends_the_reading_of_a_suite(tmp_path: Path, expected: str, prompts: str | bytes) -> None:
    """With the prompt file's own name and line."""
    assert expected == said(
        suite_with(tmp_path, SECTION, p=prompts) / "suite.yaml", lambda path: read_suite(path.parent)
    )


def test_prompts_in_two_sections_may_not_share_words_under_two_names(tmp_path: Path) -> None:
    """One prompt would be counted as two."""
    content = SECTION + "  - name: b\n    kind: in_domain\n    prompts: q.jsonl\n"
    folder = suite_with(tmp_path, content, p=GOOD, q='{"id": "c", "text": "y"}\n')
    assert "suite.yaml: prompts 'b' and 'c' have the same words." == said(folder / "suite.yaml", read_suite)


def test_a_suite_is_named_by_its_folder_or_its_file(tmp_path: Path) -> None:
    """Both are the same suite."""
    folder = suite_with(tmp_path, SECTION, p=GOOD)
    assert read_suite(folder) == read_suite(folder / "suite.yaml")


@pytest.mark.parametrize(
    "target",
    ["../p.jsonl", "/etc/hostname", "inner/../../p.jsonl", "outward.jsonl", "out/p.jsonl", '"a\\0b"', "loop.jsonl"],
)
def test_a_suite_cannot_reach_out_of_its_folder(tmp_path: Path, target: str) -> None:
    """Neither by a path nor through a link; a circle of links and a path that is none lead nowhere."""
    written(tmp_path, GOOD, "p.jsonl")
    folder = tmp_path / "suite"
    (folder / "inner").mkdir(parents=True)
    (folder / "outward.jsonl").symlink_to(tmp_path / "p.jsonl")
    (folder / "out").symlink_to(tmp_path)
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    suite_with(folder, SECTION.replace("p.jsonl", target))
    expected = "suite.yaml:6: key 'prompts' points out of the suite's folder. Move the file inside."
    assert expected == said(folder / "suite.yaml", read_suite)


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    """What stays inside is the suite's own business."""
    folder = suite_with(tmp_path, SECTION.replace("p.jsonl", "link.jsonl"), p=GOOD)
    (folder / "link.jsonl").symlink_to("p.jsonl")
    assert ["a", "b"] == [prompt.id for prompt in read_suite(folder).sections[0].prompts]


def test_a_folder_without_a_suite_is_told(tmp_path: Path) -> None:
    """And so is a missing prompt file, a folder where prompts belong, and a folder where the suite's file belongs."""
    assert "suite.yaml: no suite here: no such file." == said(
        tmp_path / "suite.yaml", lambda path: read_suite(path.parent)
    )
    suite_with(tmp_path, SECTION)
    assert "p.jsonl: no such file." == said(tmp_path / "suite.yaml", read_suite)
    (tmp_path / "p.jsonl").mkdir()
    assert "p.jsonl: this is a folder, a file is needed." == said(tmp_path / "suite.yaml", read_suite)
    (tmp_path / "other" / "suite.yaml").mkdir(parents=True)
    assert "suite.yaml: no suite here" in said(tmp_path / "other" / "suite.yaml", read_suite)


# a run's configuration


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("x.yaml:1: key 'judgs' is not known. Did you mean 'judges'?", "judgs: [coin]"),
        (
            "x.yaml:3: key 'sytem' in 'contenders.brie' is not known. Did you mean 'system'?",
            "contenders:\n  brie:\n    {sytem: x, model: m}",
        ),
        (
            "x.yaml:3: key 'optoins' in 'contenders.a.model' is not known. Did you mean 'options'?",
            "contenders:\n  z: m\n  a: {name: m, optoins: {}}",
        ),
        (
            f"x.yaml:2: key 'contenders.two words.name': 'two words' {NO_NAME}",
            "contenders:\n  two words: m",
        ),
        (
            "x.yaml:1: contender 'a' is named twice: before the colon and by 'name'.",
            "contenders: {a: {model: m, name: b}}",
        ),
        ("x.yaml:1: two judges are called 'coin'.", "judges: [coin, coin]"),
        ("x.yaml:1: two contenders are called 'a'.", "contenders: [{name: a, model: m}, {name: a, model: n}]"),
        ("x.yaml:1: two contenders are called 'a'.", "contenders: {a: m}\nbaseline: {name: a, model: m}"),
        ("x.yaml:3: key 'judges.1': must be keys and values.", "judges:\n  - coin\n  - 5"),
        ("x.yaml:1: key 'judges': must be a list.", "judges: coin"),
        ("x.yaml:1: key 'judges': needs at least 1 entry.", "judges: []"),
        ("x.yaml:1: key 'judges.0.judge' is missing.", "judges: [{name: a}]"),
        ("x.yaml:1: key 'judges.0.name': must not be empty.", 'judges: [""]'),
        ("x.yaml:1: key 'baseline': must be keys and values.", "baseline: null"),
        ("x.yaml:1: key 'order': input should be 'both' or 'random'.", "order: swapped"),
        ("x.yaml:1: key 'limit': input should be greater than or equal to 1.", "limit: 0"),
        ("x.yaml:1: key 'seed': a number belongs here, without quotes.", 'seed: "1"'),
        ("x.yaml:2: key 'schema_version': input should be 1.", "seed: 1\nschema_version: 2"),
        (
            "x.yaml:1: key 'baseline.model.options': nan is no JSON number.",
            "baseline: {name: b, model: {name: m, options: {x: .nan}}}",
        ),
        ("x.yaml: the file must hold keys and values.", "coin"),
        ("x.yaml:2: key 'seed' occurs twice. Remove one.", "seed: 1\nseed: 1"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_line_and_key(tmp_path: Path, expected: str, content: str) -> None:
    """Each mistake by the key that the file has, in whichever form it is written."""
    assert expected == said(written(tmp_path, content), read_config)


@pytest.mark.parametrize(
    "value",
    [
        {"seed": 1},
        {"baseline": {"name": "contender", "model": "m"}},
        {"contenders": {"baseline": "m"}},
        {"judges": ["coin"]},
    ],
)
def test_a_configuration_may_leave_out_what_flags_and_defaults_give(tmp_path: Path, value: dict[str, Any]) -> None:
    """It is returned as written; what stands in for the rest collides with no name."""
    assert value == read_config(written(tmp_path, json.dumps(value)))


def test_a_recipe_and_a_conversation_are_read_by_the_same_rules(tmp_path: Path) -> None:
    """Any noun has its did-you-mean."""
    recipe = "name: a\ntrainer: t\nbase: b\nconversations: c\nlora:\n  alhpa: 1\n"
    expected = "x.yaml:6: key 'alhpa' in 'lora' is not known. Did you mean 'alpha'?"
    assert expected == said(written(tmp_path, recipe), lambda path: read_spec(path, TrainingRecipe))
    path = written(tmp_path, '{"id": "a", "provenance": {"autor": "x"}}', "x.jsonl")
    assert [(1, "x.jsonl:1: key 'messages' is missing.")] == lines_of(path, Conversation)


# files of records


def named(*paths: Path) -> list[str]:
    """The names that a record's source is given."""
    return [source.name for source in sources(paths)]


def test_files_of_records_are_told_apart_by_as_little_as_it_takes(tmp_path: Path) -> None:
    """By the file's name, or with the folders that it takes."""
    paths = [tmp_path / "a" / "x.jsonl", tmp_path / "b" / "x.jsonl", tmp_path / "b" / "y.jsonl"]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(number))
    assert ["a/x.jsonl", "b/x.jsonl", "y.jsonl"] == named(*paths)
    assert ["x.jsonl", "y.jsonl"] == named(paths[0], paths[2])
    assert "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9" == next(sources(paths)).digest


def test_the_same_records_are_not_read_twice(tmp_path: Path) -> None:
    """Under whichever name; nor is what cannot be read twice."""
    for name in ("x", "y"):
        written(tmp_path, "same", name)
    os.mkfifo(tmp_path / "pipe")
    twice = "the same file as x: it would count twice. Name it once."
    assert f"y: {twice}" == said(tmp_path / "y", lambda path: named(tmp_path / "x", path))
    assert f"x: {twice}" == said(tmp_path / "x", lambda path: named(path, path))
    assert "pipe: no regular file, and it is read twice. Save it to a file first." == said(tmp_path / "pipe", named)
    assert "absent: no such file." == said(tmp_path / "absent", named)
    (tmp_path / "folder").mkdir()
    assert "folder: this is a folder, a file is needed." == said(tmp_path / "folder", named)


# writing


def test_a_file_is_written_whole_with_its_folders(tmp_path: Path) -> None:
    """UTF-8, line feeds as they are, and nothing left beside it."""
    path = tmp_path / "a" / "b" / "x.txt"
    write_text(path, "é\nx\r\n")
    assert b"\xc3\xa9\nx\r\n" == path.read_bytes()
    assert [path] == list(path.parent.iterdir())
    write_text(path, "other")
    assert ("other", [path]) == (path.read_text(), list(path.parent.iterdir()))


def test_a_written_file_has_the_users_permissions(tmp_path: Path) -> None:
    """Those that any new file would get, not those of a temporary one."""
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "x", "x")
    finally:
        os.umask(before)
    assert 0o640 == stat.S_IMODE((tmp_path / "x").stat().st_mode)


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_an_old_file_survives_a_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A full disk leaves the old file whole and nothing beside it."""
    path = tmp_path / "x.txt"
    write_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    assert "x.txt: cannot be written: No space left on device." == said(path, lambda path: write_text(path, "new"))
    assert ("old", [path]) == (path.read_text(), list(tmp_path.iterdir()))


def test_a_write_that_is_interrupted_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C goes on its way, the old file stays."""
    path = tmp_path / "x.txt"
    write_text(path, "old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert ("old", [path]) == (path.read_text(), list(tmp_path.iterdir()))


def test_what_no_file_can_hold_is_not_half_written(tmp_path: Path) -> None:
    """A lone surrogate fails before the old file is touched."""
    path = tmp_path / "x.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert ("old", [path]) == (path.read_text(), list(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("expected", "name"), [("Is a directory", "folder"), ("File exists", "file/x"), ("Not a directory", "file/x/y")]
)
def test_where_a_file_cannot_be_written_is_told(tmp_path: Path, expected: str, name: str) -> None:
    """A folder in its place, or a file in the place of its folder."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    assert f"cannot be written: {expected}." in said(tmp_path / name, lambda path: write_text(path, "x"))
    assert {"folder", "file"} == {path.name for path in tmp_path.iterdir()}


def test_records_are_written_as_canonical_lines() -> None:
    """Keys sorted, defaults left out."""
    assert ['{"max_tokens":5}\n', '{"seed":1,"temperature":0.5}\n'] == list(
        to_jsonl([Sampling(max_tokens=5), Sampling(temperature=0.5, seed=1)])
    )
