"""A suite expands to items; the shipped ones are what they say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brie_bench import Conversation, Prompt, Sampling
from brie_bench.errors import SpecError
from brie_bench.files import read_jsonl, read_suite
from brie_bench.shipped import find_suite, shipped, suite_names
from brie_bench.spec.suite import Section, SectionKind, Suite

PROMPTS = (Prompt(id="a", text="x"), Prompt(id="b", text="y"))


def _section(name: str = "s", kind: str = "in_domain", **fields: Any) -> Section:
    return Section.model_validate({"name": name, "kind": kind, "prompts": PROMPTS, **fields})


def _suite(*sections: Section, **fields: Any) -> Suite:
    return Suite.model_validate({"name": "t", "title": "T", "sections": sections or (_section(),), **fields})


def test_a_plain_section_asks_each_prompt_once_under_the_suites_condition() -> None:
    """Items come section by section, prompt by prompt."""
    items = list(_suite(sampling=Sampling(temperature=0.3, max_tokens=99)).items())
    assert [("a", 0.3, 99, 1), ("b", 0.3, 99, 1)] == [
        (item.prompt.id, item.sampling.temperature, item.sampling.max_tokens, item.repeat) for item in items
    ]


def test_a_grid_is_every_combination_with_repeats_side_by_side() -> None:
    """Temperatures × limits × repeats."""
    section = _section(kind="temperature", temperatures=(0.5, 1.0), max_tokens=(10, 20), repeats=2)
    found = [(i.prompt.id, i.sampling.temperature, i.sampling.max_tokens, i.repeat) for i in _suite(section).items()]
    assert [(p, t, m, r) for p in "ab" for t in (0.5, 1.0) for m in (10, 20) for r in (1, 2)] == found


def test_a_section_keeps_the_rest_of_the_suites_sampling() -> None:
    """Only what the grid varies is varied."""
    suite = _suite(_section(kind="length", max_tokens=(1, 2)), sampling=Sampling(temperature=0.1, top_p=0.9, seed=7))
    assert {(0.1, 0.9, 7)} == {(i.sampling.temperature, i.sampling.top_p, i.sampling.seed) for i in suite.items()}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(0, 2), max_size=3, unique=True),
            st.lists(st.integers(1, 9), max_size=3, unique=True),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_the_counts_are_those_of_the_items(grids: list[tuple[list[float], list[int], int]]) -> None:
    """`n_items` and `n_prompts` are known without expanding; every item's id is its own."""
    sections = [
        _section(f"s{number}", temperatures=temperatures, max_tokens=limits, repeats=repeats)
        for number, (temperatures, limits, repeats) in enumerate(grids)
    ]
    suite = _suite(*sections)
    items = list(suite.items())
    assert suite.n_items == len(items) == len({(item.section, item.id) for item in items})
    assert 2 == suite.n_prompts


@pytest.mark.parametrize(
    ("said", "kind", "grid"),
    [
        ("at least two 'temperatures'", "temperature", {}),
        ("at least two 'temperatures'", "temperature", {"temperatures": (1.0,)}),
        ("at least two 'max_tokens'", "length", {"max_tokens": (5,)}),
        ("'repeats' of 2 or more", "reproducibility", {}),
        ("'temperatures' names a value twice", "in_domain", {"temperatures": (1, 1.0)}),
        ("'max_tokens' names a value twice", "in_domain", {"max_tokens": (5, 5)}),
        ("greater than or equal to 1", "in_domain", {"repeats": 0}),
        ("less than or equal to 2", "in_domain", {"temperatures": (2.1,)}),
        ("at least 1", "in_domain", {"prompts": ()}),
        ("Input should be", "off_topic", {}),
    ],
)
def test_a_grid_that_does_not_fit_its_kind_is_refused(said: str, kind: str, grid: dict[str, Any]) -> None:
    """A temperature section varies temperature, a length section length, a reproducibility section repeats."""
    with pytest.raises(ValidationError, match=said):
        _section(kind=kind, **grid)


@pytest.mark.parametrize(
    ("said", "sections"),
    [
        ("section 's' occurs twice", [_section(), _section()]),
        ("prompt id 'a' occurs twice in section", [_section(prompts=(PROMPTS[0], PROMPTS[0]))]),
        ("prompt id 'a' names two different", [_section(), _section("u", prompts=(Prompt(id="a", text="z"),))]),
        ("'a' and 'c' have the same words", [_section(), _section("u", prompts=(Prompt(id="c", text="x"),))]),
        ("'a' and 'c' have the same words", [_section(prompts=(PROMPTS[0], Prompt(id="c", text="x")))]),
        ("'a' and 'c' have the same words", [_section(prompts=(PROMPTS[0], Prompt(id="c", text=" x\u200b ")))]),
        ("at least 1", []),
    ],
)
def test_a_prompt_has_one_name_and_a_name_one_prompt(said: str, sections: list[Section]) -> None:
    """Otherwise prompts would be counted twice, or not at all."""
    with pytest.raises(ValidationError, match=said):
        Suite.model_validate({"name": "t", "title": "T", "sections": sections})


def test_a_prompt_may_stand_in_two_sections() -> None:
    """The same name and words in another section is the same prompt, counted once."""
    suite = _suite(_section("s"), _section("u"))
    assert (4, 2) == (suite.n_items, suite.n_prompts)


def test_a_digest_is_of_the_experiment_not_of_its_blurb() -> None:
    """Title and description may be reworded; anything else makes another experiment."""
    suite = _suite()
    assert suite.content_digest() == _suite(title="Other", description="words").content_digest()
    others = [
        _suite(name="u"),
        _suite(criteria=("depth",)),
        _suite(sampling=Sampling(temperature=0.5, max_tokens=512)),
        _suite(_section("u")),
        _suite(_section(repeats=2)),
        _suite(_section(prompts=PROMPTS[::-1])),
    ]
    assert len(others) + 1 == len({suite.content_digest(), *(other.content_digest() for other in others)})


# the shipped suites

COMPOSITION = {
    "comprehensive57": (
        57,
        46,
        {
            "philosophy": ("in_domain", 10, [(0.75, 512, 1)]),
            "brainstorming": ("in_domain", 10, [(0.75, 512, 1)]),
            "contemplative": ("in_domain", 10, [(0.75, 512, 1)]),
            "creative": ("in_domain", 5, [(0.75, 512, 1)]),
            "reproducibility": ("reproducibility", 5, [(0.75, 512, 1), (0.75, 512, 2)]),
            "temperature": ("temperature", 3, [(0.5, 512, 1), (1.0, 512, 1)]),
            "length": ("length", 3, [(0.75, 256, 1), (0.75, 1024, 1)]),
        },
    ),
    "in-domain13": (
        13,
        13,
        {
            "philosophy": ("in_domain", 5, [(0.75, 512, 1)]),
            "brainstorming": ("in_domain", 4, [(0.75, 512, 1)]),
            "contemplative": ("in_domain", 4, [(0.75, 512, 1)]),
        },
    ),
    "out-of-domain15": (
        15,
        15,
        {
            name: ("out_of_domain", 3, [(0.75, 512, 1)])
            for name in ["coding", "maths", "practical", "creative", "factual"]
        },
    ),
    "temperature45": (45, 15, {"temperature": ("temperature", 15, [(0.5, 512, 1), (0.75, 512, 1), (1.0, 512, 1)])}),
    "length45": (45, 15, {"length": ("length", 15, [(0.75, 256, 1), (0.75, 512, 1), (0.75, 1024, 1)])}),
    "reproducibility45": (
        45,
        15,
        {"reproducibility": ("reproducibility", 15, [(0.75, 512, 1), (0.75, 512, 2), (0.75, 512, 3)])},
    ),
}


def test_exactly_these_suites_are_shipped() -> None:
    """Six of them."""
    assert sorted(COMPOSITION) == suite_names()


@pytest.mark.parametrize("name", COMPOSITION)
def test_a_shipped_suite_has_its_documented_composition(name: str) -> None:
    """So many items from so many distinct prompts, each prompt under the documented conditions."""
    n_items, n_prompts, sections = COMPOSITION[name]
    suite = read_suite(find_suite(name))
    items = list(suite.items())
    found: dict[str, tuple[str, int, list[Any]]] = {}
    for section in suite.sections:
        mine = [item for item in items if item.section == section.name]
        conditions = Counter((i.sampling.temperature, i.sampling.max_tokens, i.repeat) for i in mine)
        assert set(conditions.values()) == {len(section.prompts)}
        found[section.name] = (str(section.kind), len({item.prompt.key for item in mine}), list(conditions))
    assert (name, n_items, n_prompts, sections) == (suite.name, len(items), len({i.prompt.key for i in items}), found)


def test_the_comprehensive_suite_says_plainly_how_many_prompts_it_has() -> None:
    """57 items are 46 prompts, and its description says so."""
    assert "57 items from 46 distinct prompts" in " ".join(
        read_suite(find_suite("comprehensive57")).description.split()
    )


def _words(text: str) -> str:
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def _prompts_by_suite() -> dict[str, set[str]]:
    suites = [read_suite(find_suite(name)) for name in suite_names()]
    return {
        suite.name: {_words(turn.content) for section in suite.sections for p in section.prompts for turn in p.turns}
        for suite in suites
    }


def test_no_prompt_stands_in_two_suites() -> None:
    """Whatever their case and punctuation: a suite tests nothing that another one has tested."""
    counted = Counter(words for prompts in _prompts_by_suite().values() for words in prompts)
    assert [] == [words for words, count in counted.items() if count > 1]
    assert len(counted) == 46 + 13 + 15 + 45


def test_the_sample_conversations_are_disjoint_from_the_suites() -> None:
    """The demonstration's contender has not learned the questions: no turn holds a prompt, no prompt holds a user turn."""
    prompts = set().union(*_prompts_by_suite().values())
    found = [each for _, each in read_jsonl(shipped("samples") / "conversations.jsonl", Conversation)]
    conversations = [each for each in found if isinstance(each, Conversation)]
    turns = [(turn.role, _words(turn.content)) for each in conversations for turn in each.messages]
    assert [] == [
        (prompt, turn)
        for prompt in prompts
        for role, turn in turns
        if prompt in turn or (role == "user" and turn in prompt)
    ]


def test_the_samples_are_forty_valid_conversations() -> None:
    """Two answers to each of twenty prompts, as the samples' own page says; fifteen go on."""
    read = list(read_jsonl(shipped("samples") / "conversations.jsonl", Conversation))
    assert not [error for _, error in read if isinstance(error, SpecError)]
    conversations = [each for _, each in read if isinstance(each, Conversation)]
    assert list(Counter(each.prompt_group for each in conversations).values()) == [2] * 20
    assert 40 == len({each.id for each in conversations})
    assert 15 == sum(len(each.messages) > 2 for each in conversations)


@pytest.mark.parametrize("name", COMPOSITION)
def test_a_shipped_suite_names_its_schema_for_editors(name: str) -> None:
    """The first line of the file leads to the published schema."""
    path = find_suite(name) / "suite.yaml"
    first = path.read_text("utf-8").splitlines()[0]
    marker, _, target = first.partition("=")
    assert "# yaml-language-server: $schema" == marker
    assert Path(path.parent, target).resolve() == (shipped("schemas") / "suite.schema.json").resolve()


def test_every_kind_of_section_is_shipped() -> None:
    """No kind is only theory."""
    kinds = {section.kind for name in suite_names() for section in read_suite(find_suite(name)).sections}
    assert set(SectionKind) == kinds


@pytest.mark.parametrize("name", COMPOSITION)
def test_a_prompt_file_is_plain_json_lines(name: str) -> None:
    """One object a line, UTF-8, no blank line, no byte order mark."""
    for path in sorted((find_suite(name) / "prompts").glob("*.jsonl")):
        text = path.read_bytes().decode("utf-8")
        assert text.endswith("\n")
        assert [] == [line for line in text[:-1].split("\n") if not isinstance(json.loads(line), dict)]
