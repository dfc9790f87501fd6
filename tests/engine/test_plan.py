"""The plan: orders, keys and the run's name, all drawn before anything is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Completion, Judge, Model, Options, Order, Presentation, Request, Sampling, Turn, Verdict
from brie_bench.engine.plan import Plan, pair_key
from brie_bench.errors import PluginError, UsageError
from brie_bench.spec.prompt import Prompt
from brie_bench.spec.suite import Suite

from .experiments import Asked, catalog_with, config_of, plan_of, prompts_of, section_of, suite_of
from .priced import Reader, paid_model

quick = settings(max_examples=40, deadline=None)


class Tuned(Model):
    """A model with an option and every capability."""

    name = "tuned"
    supports = frozenset({"max_tokens", "temperature", "top_p", "seed"})

    class Options(Options):
        style: str = "dry"

    def complete(self, request: Request) -> Completion:
        raise AssertionError("a plan calls nothing")


class Deaf(Tuned):
    """A model that honours nothing."""

    name = "deaf"
    supports = frozenset()


class Hot(Tuned):
    """A model that cannot be cooled."""

    name = "hot"
    supports = frozenset({"max_tokens"})


class Fussy(Judge):
    """A judge with an option."""

    name = "fussy"

    class Options(Options):
        taste: int = 1

    def judge(self, shown: Presentation) -> Verdict:
        raise AssertionError("a plan calls nothing")


CATALOG = catalog_with(Asked(), classes={"models": (Tuned, Deaf, Hot), "judges": (Fussy,)})


@st.composite
def suites(draw: st.DrawFn) -> Suite:
    """One to three sections of one to six prompts each, some shared between sections, with repeats and temperatures."""
    sections = []
    for number in range(draw(st.integers(1, 3))):
        start, n = draw(st.integers(0, 4)), draw(st.integers(1, 6))
        grid: dict[str, Any] = {"repeats": draw(st.integers(1, 4)), "kind": "in_domain"}
        if draw(st.booleans()):
            grid["temperatures"] = (0.1, 0.9)
        sections.append(section_of(prompts_of(n, start=start), f"part-{number}", **grid))
    return suite_of(*sections)


def drawn(suite: Suite, **changes: Any) -> Plan:
    """A plan that shows each pair in one drawn order."""
    return plan_of(suite, CATALOG, order="random", **changes)


# orders


@quick
@given(suites(), st.integers(-3, 2**40))
def test_orders_are_balanced_to_within_one(suite: Suite, seed: int) -> None:
    """Whatever the prompts, repeats and seed, each order is drawn for half of the items."""
    counts = Counter(drawn(suite, seed=seed).first_orders["rich"].values())
    assert abs(counts[Order.BASELINE_FIRST] - counts[Order.CONTENDER_FIRST]) <= 1
    assert suite.n_items == counts.total()


@quick
@given(suites(), st.integers(0, 99))
def test_the_repeats_of_a_prompt_alternate(suite: Suite, seed: int) -> None:
    """The items of one prompt, wherever they stand in the suite, are drawn one way and the other in turn."""
    orders = drawn(suite, seed=seed).first_orders["rich"]
    by_prompt: dict[str, list[Order]] = {}
    for number, item in enumerate(suite.items()):
        by_prompt.setdefault(item.prompt.key, []).append(orders[number])
    assert all(one is not other for each in by_prompt.values() for one, other in pairwise(each))


@quick
@given(suites(), st.integers(1, 30))
def test_the_limit_changes_no_order(suite: Suite, limit: int) -> None:
    """Orders are drawn for the whole suite before it is limited."""
    assert drawn(suite).first_orders == drawn(suite, limit=limit).first_orders


def test_judges_and_other_contenders_change_no_order() -> None:
    """Every judge sees a pair in the same order, and a contender's orders do not depend on who else runs."""
    suite = suite_of(section_of(prompts_of(20)))
    alone = drawn(suite).first_orders["rich"]
    crowd = drawn(suite, judges=["first", "fussy"], contenders={"other": "tuned", "rich": "rich"}).first_orders
    assert alone == crowd["rich"]
    assert alone != crowd["other"]


@quick
@given(st.permutations(range(9)))
def test_an_order_belongs_to_the_prompt_not_to_its_place(places: list[int]) -> None:
    """Moving prompts about in a suite moves their orders with them."""
    prompts = prompts_of(9)
    orders = drawn(suite_of(section_of(prompts))).first_orders["rich"]
    moved = drawn(suite_of(section_of([prompts[place] for place in places]))).first_orders["rich"]
    assert [orders[place] for place in places] == [moved[number] for number in range(9)]


def test_a_renamed_prompt_keeps_its_order() -> None:
    """Its words are what it is, not its id, domain or tags."""
    prompts = prompts_of(9)
    renamed = [prompt.replace(id=f"q-{n}", domain="maths", tags=("x",)) for n, prompt in enumerate(prompts)]
    expected = drawn(suite_of(section_of(prompts))).first_orders
    assert expected == drawn(suite_of(section_of(renamed))).first_orders


def test_another_seed_draws_other_orders() -> None:
    """Of 40 prompts some are drawn the other way."""
    suite = suite_of(section_of(prompts_of(40)))
    assert len({tuple(drawn(suite, seed=seed).first_orders["rich"].items()) for seed in range(8)}) == 8


def test_contenders_are_drawn_independently() -> None:
    """Their orders are neither the same nor each other's mirror."""
    suite = suite_of(section_of(prompts_of(40)))
    names = [f"c-{number}" for number in range(6)]
    orders = drawn(suite, contenders=dict.fromkeys(names, "rich")).first_orders
    flat = {tuple(each[number] for number in range(40)) for each in orders.values()}
    mirrored = {tuple(list(Order)[order is Order.BASELINE_FIRST] for order in each) for each in flat}
    assert 6 == len(flat)
    assert 12 == len(flat | mirrored)


def test_the_seed_decides_who_begins() -> None:
    """With one item, both orders occur over the seeds: nobody is favoured where counts cannot be equal."""
    suite = suite_of(section_of(prompts_of(1)))
    assert set(Order) == {drawn(suite, seed=seed).first_orders["rich"][0] for seed in range(20)}


def test_both_shows_each_pair_twice_and_random_once() -> None:
    """`both` is baseline first and contender first; `random` is the drawn order alone."""
    assert tuple(Order) == plan_of().orders(Order.CONTENDER_FIRST)
    assert (Order.CONTENDER_FIRST,) == plan_of(order="random").orders(Order.CONTENDER_FIRST)


@pytest.mark.parametrize(("order", "repeats", "expected"), [("both", 1, 2), ("random", 1, 1), ("both", 3, 6)])
def test_per_pair_counts_what_one_judge_is_asked_of_a_pair(order: str, repeats: int, expected: int) -> None:
    """Orders times judge repeats."""
    assert expected == plan_of(order=order, judge_repeats=repeats).per_pair


# items


def test_items_are_lazy() -> None:
    """A suite of a thousand million items is planned without making them."""
    plan = plan_of(suite_of(section_of(prompts_of(1), repeats=10**9)))
    assert 10**9 == plan.n_items
    assert [1, 2, 3] == [item.repeat for _, item in islice(plan.numbered(), 3)]


@pytest.mark.parametrize(("limit", "expected"), [(None, 3), (2, 2), (99, 3)])
def test_the_limit_takes_the_first_items(limit: int | None, expected: int) -> None:
    """And no more than there are."""
    plan = plan_of(limit=limit)
    assert expected == plan.n_items == len(list(plan.numbered()))


# the run's name

BASE: dict[str, Any] = {
    "baseline": {"name": "base", "model": {"name": "tuned", "options": {"style": "wet"}}},
    "contenders": {"rich": "rich"},
    "judges": [{"name": "fussy", "judge": {"name": "fussy", "options": {"taste": 2}}}],
}
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "limit": {"limit": 2},
    "baseline's model": {"baseline": {"name": "base", "model": "plain"}},
    "baseline's options": {"baseline": {"name": "base", "model": "tuned"}},
    "baseline's name": {"baseline": {**BASE["baseline"], "name": "basis"}},
    "baseline's system prompt": {"baseline": {**BASE["baseline"], "system": "Be brief."}},
    "contender's model": {"contenders": {"rich": "tuned"}},
    "contender's name": {"contenders": {"richer": "rich"}},
    "contender's system prompt": {"contenders": {"rich": {"model": "rich", "system": "Be brief."}}},
    "one contender more": {"contenders": {"rich": "rich", "tuned": "tuned"}},
    "judge's plugin": {"judges": [{"name": "fussy", "judge": "longer"}]},
    "judge's options": {"judges": ["fussy"]},
    "judge's name": {"judges": [{**BASE["judges"][0], "name": "fuss"}]},
    "one judge more": {"judges": [*BASE["judges"], "first"]},
    "order": {"order": "random"},
    "judge repeats": {"judge_repeats": 2},
    "seed": {"seed": 1},
}
SUITES = {
    "words": suite_of(section_of(prompts_of(3, start=1))),
    "one prompt less": suite_of(section_of(prompts_of(2))),
    "section": suite_of(section_of(prompts_of(3), "part")),
    "criteria": suite_of(criteria=("wit",)),
    "sampling": suite_of(sampling={"max_tokens": 99}),
    "name": suite_of(name="small"),
}


def base_id(suite: Suite | None = None, replicate: int = 0, **changes: Any) -> str:
    """The id of the same run but for what is changed."""
    return plan_of(suite, CATALOG, replicate=replicate, **{**BASE, **changes}).id


def test_every_ingredient_of_a_run_makes_its_name() -> None:
    """Suite, limit, baseline, contenders, judges, order, judge repeats, seed and replicate: each change is another run."""
    ids = {f"{what} of the suite": base_id(suite) for what, suite in SUITES.items()}
    ids |= {what: base_id(**changes) for what, changes in CHANGES.items()}
    ids |= {"replicate": base_id(replicate=1)}
    assert [] == [what for what, id in ids.items() if list(ids.values()).count(id) > 1]


@pytest.mark.parametrize("what", [Tuned, Fussy])
def test_a_plugin_s_revision_makes_another_run(what: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same options that begin to give other answers are another configuration."""
    before = base_id()
    monkeypatch.setattr(what, "revision", "2")
    assert before != base_id()


def test_a_reworded_suite_is_the_same_run() -> None:
    """Title and description are for people."""
    assert base_id() == base_id(suite_of(title="Otherwise", description="More of it."))


def test_a_run_s_name_begins_with_its_suite_s() -> None:
    """So that a folder of runs can be read."""
    name, _, digits = base_id().rpartition("-")
    assert ("tiny", 10) == (name, len(digits))


NAMED = """
from brie_bench.engine.plan import make_plan
from brie_bench.plugin.catalog import Catalog
from brie_bench.spec.config import RunConfig
from brie_bench.spec.suite import Suite
prompts = [{"id": f"p-{n}", "text": f"What is {n} good for?", "tags": ["b", "a"]} for n in range(3)]
suite = Suite.model_validate(
    {"name": "s", "title": "S", "sections": [{"name": "all", "kind": "in_domain", "prompts": prompts}]}
)
judges = [{"name": "coin", "judge": {"name": "coin", "options": {"seed": 3}}}, "first"]
config = RunConfig.model_validate(
    {"baseline": "ngram/plain", "contenders": {"a": "ngram/authored", "b": "ngram/plain"}, "judges": judges}
)
plan = make_plan(suite, config, Catalog())
keys = [side.request(item, 0)[0] for side in plan.sides for _, item in plan.numbered()]
print(plan.id, *keys, [str(order) for each in plan.first_orders.values() for order in each.values()])
"""


def test_names_keys_and_orders_are_the_same_in_every_process() -> None:
    """Python's own hashes differ from process to process; nothing of a plan does."""
    said = {
        subprocess.run(
            [sys.executable, "-c", NAMED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert 1 == len(said)


# completion keys


def completion_key(side: int = 1, item: int = 0, suite: Suite | None = None, replicate: int = 0, **changes: Any) -> str:
    """The key of one completion."""
    plan = plan_of(suite, CATALOG, **{**BASE, **changes})
    return plan.sides[side].request(list(plan.numbered())[item][1], replicate)[0]


@pytest.mark.parametrize(
    "what",
    [
        "limit",
        "seed",
        "order",
        "judge repeats",
        "judge's plugin",
        "one judge more",
        "one contender more",
        "contender's name",
        "baseline's model",
    ],
)
def test_a_completion_is_what_it_is_whatever_run_asks_for_it(what: str) -> None:
    """Its key does not depend on the run's seed, limit, judges, opponent or name: no other run pays for it again."""
    assert completion_key() == completion_key(**CHANGES[what])


CONDITIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "other words": {"item": 1},
    "another model": {"side": 0},
    "a system prompt": CHANGES["contender's system prompt"],
    "a temperature": {"suite": suite_of(sampling={"temperature": 0.1, "max_tokens": 512})},
    "a limit": {"suite": suite_of(sampling={"temperature": 0.75, "max_tokens": 99})},
    "a repeat": {"suite": suite_of(section_of(prompts_of(1), repeats=2)), "item": 1},
    "a replicate": {"replicate": 1},
}


def test_a_completion_s_key_is_all_that_decides_it() -> None:
    """Configuration, messages, sampling, repeat and replicate: each change is another completion."""
    keys = [completion_key(**conditions) for conditions in CONDITIONS.values()]
    assert len(CONDITIONS) == len(set(keys))


def test_a_prompt_in_two_sections_is_one_completion() -> None:
    """A section is no part of what a model is asked."""
    twice = suite_of(section_of(prompts_of(1), "one"), section_of(prompts_of(1), "two"))
    assert completion_key(suite=twice, item=0) == completion_key(suite=twice, item=1)


def request(model: str, *, system: str | None = None, prompt: Prompt | None = None, **sampling: Any) -> Request:
    """What a contender's model is asked for the suite's first item."""
    contender = {"model": model, **({"system": system} if system else {})}
    suite = suite_of(section_of([prompt or prompts_of(1)[0]]), sampling={"max_tokens": 7, **sampling})
    plan = plan_of(suite, CATALOG, contenders={"c": contender})
    return plan.contenders[0].request(next(plan.numbered())[1], 0)[1]


def test_a_wish_that_a_model_cannot_honour_is_left_out() -> None:
    """Its request holds what it supports, and nothing else."""
    assert Sampling(max_tokens=7) == request("hot", temperature=0.3, top_p=0.9).sampling


def test_a_model_that_can_repeat_itself_gets_a_seed_of_the_key() -> None:
    """A completion is a function of what it is: the seed is the same whenever and wherever it is drawn."""
    seeds = [request("tuned", temperature=0.3).sampling.seed, request("tuned", temperature=0.3).sampling.seed]
    assert seeds[0] is not None
    assert seeds[0] == seeds[1] != request("tuned", temperature=0.4).sampling.seed


def test_a_suite_s_own_seed_is_kept() -> None:
    """Where the suite names one, that is what the model gets."""
    assert 5 == request("tuned", seed=5).sampling.seed


def test_a_contender_s_system_prompt_replaces_the_prompt_s_own() -> None:
    """It comes first, and there is one."""
    turns = (Turn(role="system", content="Be kind."), Turn(role="user", content="Hello?"))
    asked = request("tuned", system="Be brief.", prompt=Prompt(id="p", messages=turns))
    assert [("system", "Be brief."), ("user", "Hello?")] == [(turn.role, turn.content) for turn in asked.messages]


def test_a_prompt_s_own_system_turn_stays_where_a_contender_has_none() -> None:
    """It is part of what is asked."""
    turns = (Turn(role="system", content="Be kind."), Turn(role="user", content="Hello?"))
    assert turns == request("tuned", prompt=Prompt(id="p", messages=turns)).messages


def test_contenders_with_one_model_share_its_instance() -> None:
    """What is heavy is loaded once."""
    plan = plan_of(suite_of(), CATALOG, baseline="tuned", contenders={"kind": {"model": "tuned", "system": "Be kind."}})
    assert plan.baseline.model is plan.contenders[0].model
    assert plan.baseline.digest != plan.contenders[0].digest


# judgment keys

SHOWN = Presentation(messages=(Turn(role="user", content="Hello?"),), a="Yes.", b="No.")


def judgment_key(shown: Presentation = SHOWN, repeat: int = 1, replicate: int = 0, **changes: Any) -> str:
    """The key of one judgment."""
    return plan_of(suite_of(), CATALOG, **{**BASE, **changes}).seats[0].key(shown, repeat, replicate)


@pytest.mark.parametrize("what", ["limit", "seed", "order", "judge's name", "one judge more", "contender's model"])
def test_a_judgment_is_what_it_is_whatever_run_asks_for_it(what: str) -> None:
    """Its key is made of the judge's configuration and what it is shown."""
    assert judgment_key() == judgment_key(**CHANGES[what])


def test_a_judgment_s_key_is_all_that_decides_it() -> None:
    """Judge, prompt, both texts and their order, criteria, repeat and replicate: each change is another judgment."""
    keys = [
        judgment_key(),
        judgment_key(**CHANGES["judge's plugin"]),
        judgment_key(**CHANGES["judge's options"]),
        judgment_key(SHOWN.replace(a="No.", b="Yes.")),
        judgment_key(SHOWN.replace(a="Yes!")),
        judgment_key(SHOWN.replace(messages=(Turn(role="user", content="Hallo?"),))),
        judgment_key(SHOWN.replace(criteria=("wit",))),
        judgment_key(repeat=2),
        judgment_key(replicate=1),
    ]
    assert len(keys) == len(set(keys))


# demands


@pytest.mark.parametrize("side", ["baseline", "contenders"])
def test_a_model_that_cannot_be_limited_is_refused(side: str) -> None:
    """Every item demands max_tokens; the error names contender, model and suite, and nothing has been called."""
    changed: dict[str, Any] = {side: "deaf"} if side == "baseline" else {side: {"mute": "deaf"}}
    name = "baseline" if side == "baseline" else "mute"
    with pytest.raises(UsageError, match=rf"'{name}' \(deaf\) cannot honour max_tokens, .* 'tiny'") as caught:
        plan_of(suite_of(), CATALOG, **changed)
    assert 2 == caught.value.exit_status


def test_a_temperature_section_demands_temperature() -> None:
    """There it is the experiment; elsewhere it is a wish."""
    prompts = prompts_of(1)
    warm = suite_of(section_of(prompts, kind="temperature", temperatures=(0.5, 1.0)))
    with pytest.raises(UsageError, match=r"'rich' \(hot\) cannot honour temperature, .* 'tiny'"):
        plan_of(warm, CATALOG, contenders={"rich": "hot"})
    assert 1 == len(plan_of(suite_of(), CATALOG, contenders={"rich": "hot"}).contenders)


# the record


def test_the_record_is_plain_json_without_a_clock() -> None:
    """Two plans of one run write the same record."""
    first, second = (json.dumps(plan_of(suite_of(), CATALOG, **BASE).record(), sort_keys=True) for _ in range(2))
    assert first == second


def test_the_record_says_what_a_side_could_not_honour() -> None:
    """So that the two sides' unequal sampling can be reported."""
    suite = suite_of(sampling={"max_tokens": 9, "temperature": 0.5, "top_p": 0.9})
    for model, omitted in {"hot": ["temperature", "top_p"], "tuned": []}.items():
        record = plan_of(suite, CATALOG, contenders={"c": model}).record()
        assert omitted == record["contenders"][0].get("omitted", [])


def test_equal_texts_to_equal_words_are_one_pair() -> None:
    """Whatever section, condition or repeat they come from; who wrote which still counts."""
    prompt = prompts_of(1)
    one, two = suite_of(section_of(prompt, "one"), section_of(prompt, "two", repeats=2)).items(), Completion
    keys = {pair_key(item, two(text="a"), two(text="b")) for item in one}
    item = next(suite_of(section_of(prompt)).items())
    assert {pair_key(item, two(text="a"), two(text="b"))} == keys
    assert pair_key(item, two(text="b"), two(text="a")) not in keys


def test_a_configuration_needs_a_contender_and_a_judge() -> None:
    """An experiment without either is refused where it is configured."""
    for missing in ("contenders", "judges"):
        with pytest.raises(ValueError, match=missing):
            config_of(**{missing: []})


# what plugins say of themselves


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (lambda: 1 / 0, "cannot say its configuration: ZeroDivisionError"),
        (lambda: {"weights": object()}, "cannot say its configuration: TypeError"),
        (lambda: {"rate": float("nan")}, "cannot say its configuration: ValueError"),
        (lambda: ["a"], "says a list in place of its configuration"),
    ],
)
def test_a_configuration_that_cannot_be_kept_is_the_plugins_fault(said: Any, words: str) -> None:
    """It says which plugin; nothing has been called."""
    plan = plan_of(suite_of(), catalog_with(Asked()))
    for plugin, who in ((plan.seats[0].judge, "judge '"), (plan.baseline.model, "the model of '")):
        plugin.configuration = said  # type: ignore[method-assign]
        with pytest.raises(PluginError, match=f"^{who}.*{words}"):
            _ = plan_again(plan).base


def plan_again(plan: Plan) -> Plan:
    """The same plan, with nothing remembered."""
    return replace(
        plan, seats=tuple(map(replace, plan.seats)), baseline=replace(plan.baseline), contenders=plan.contenders
    )


def test_the_record_says_whose_calls_cost_money() -> None:
    """Or that it is not known; a judge's are its model's. Nothing is said of those that are free."""
    models = (paid_model("dear"), paid_model("remote", paid=None))
    catalog = catalog_with(Asked(), classes={"models": models, "judges": (Reader,)})
    judges = [
        {"name": name, "judge": {"name": "reader", "options": {"model": name}}} for name in ("dear", "remote", "rich")
    ]
    plan = plan_of(catalog=catalog, contenders={"d": "dear", "r": "remote"}, judges=judges)
    record = plan.record()
    said = [each.get("paid", False) for each in (record["baseline"], *record["contenders"], *record["judges"])]
    assert [False, True, None, True, None, False] == said
