"""The pages on findings and statistics: complete, and every line, command and number in them is what the tool gives."""

from __future__ import annotations

import ast
import contextlib
import difflib
import doctest
import functools
import gzip
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import comb
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import ROOT, judge_class, model_class, plugin_of

from brie_bench import Failed, Presentation, Verdict
from brie_bench.cli import main
from brie_bench.cli.group import cli as brie_bench_group
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import make_plan
from brie_bench.engine.run import run
from brie_bench.engine.settings import Settings
from brie_bench.files import read_suite
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.shipped import find_suite
from brie_bench.spec.config import JudgeRef, RunConfig
from brie_bench.stats import agreement, anchored_ci, detectable_rate, prompt_means, sign_flip_p, win_rate

FINDINGS = ROOT / "docs" / "what-can-go-wrong.md"
STATISTICS = ROOT / "docs" / "statistics.md"

PROMISED = {
    "pseudo-replication",
    "duplicate-judgments",
    "label-confounded",
    "order-unbalanced",
    "position-bias",
    "winner-mismatch",
    "failure-recorded-as-verdict",
    "unparsed-verdict",
    "contradictory-verdict",
    "judge-unverifiable",
    "judge-mixed",
    "identical-judges",
    "truncated-completions",
    "refused-completions",
    "score-contradicts-verdict",
    "agreement-near-chance",
    "sample-too-small",
    "time-travel",
    "same-lab",
    "self-identification",
    "sampling-unequal",
}
"""Codes that others rely on: more may be added, none is renamed."""

PARTS = ["How it arises.", "A real case.", "How the tool shows it.", "What to do."]


# --- the pages --------------------------------------------------------------------------------------------------------


@functools.cache
def page(path: Path) -> str:
    return path.read_text("utf-8")


@functools.cache
def sections() -> dict[str, str]:
    """The text under each heading that is a code."""
    parts = re.split(r"^## (.+)$", page(FINDINGS), flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {title.strip("`"): text for title, text in pairs if re.fullmatch(r"`[a-z-]+`", title)}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def commands(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Every command shown on a page, and the lines that are shown below it."""
    for block in blocks(page(path), "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = part.splitlines()
            yield command, [line for line in printed if line]


SHOWN = [(path.name, *shown) for path in (FINDINGS, STATISTICS) for shown in commands(path)]


# --- what the tool can emit -------------------------------------------------------------------------------------------


def codes_in(source: str) -> set[str]:
    """The codes of the findings that a module makes: literals, and, where a code is a variable, the module's tables."""
    made = [
        value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and "Finding" in ast.unparse(node.func)
        for value in [
            *(word.value for word in node.keywords if word.arg == "code"),
            *(
                value
                for each in node.args
                if isinstance(each, ast.Dict)
                for key, value in zip(each.keys, each.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "code"
            ),
        ]
    ]
    found = {each.value for value in made for each in ast.walk(value) if isinstance(each, ast.Constant)}
    if any(isinstance(value, ast.Name) for value in made):
        constants = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
        found |= {each for each in constants if isinstance(each, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", each)}
    return found


@functools.cache
def emitted() -> set[str]:
    paths = [*(ROOT / "brie_bench").rglob("*.py"), *(ROOT / "plugins").glob("*.py")]
    return set().union(*(codes_in(path.read_text("utf-8")) for path in paths))


# --- small made-up records that show each finding ---------------------------------------------------------------------


class Bench:
    """A folder with made-up records, and the tool run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, folder / "runs"
        self.printed: dict[str, str] = {}

    def tool(self, *args: object) -> str:
        """What a command prints; it must not fail."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([*map(str, args), "--runs", str(self.runs)])
        assert (status, "" if status == 0 else err.getvalue()) == (0, "")
        return out.getvalue()

    def audit(self, name: str) -> None:
        self.printed[name] = self.tool("audit", name)

    def file(self, name: str, lines: list[dict[str, Any]]) -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    def imported(self, run: str, **files: list[dict[str, Any]]) -> None:
        paths = [self.file(f"{name}.jsonl", lines) for name, lines in files.items()]
        self.tool("import", "brie-exports", *paths, "--run", run)
        self.audit(run)

    def suite(self, name: str, n: int = 24, **head: Any) -> Path:
        folder = self.folder / name
        folder.mkdir()
        prompts = [{"id": f"p-{number}", "text": question(number)} for number in range(1, n + 1)]
        (folder / "all.jsonl").write_text("".join(json.dumps(each) + "\n" for each in prompts))
        section = {"name": "all", "kind": "in_domain", "prompts": "all.jsonl"}
        (folder / "suite.yaml").write_text(
            json.dumps({"name": name, "title": "Made up", "sections": [section], **head})
        )
        return folder

    def answers(self, name: str, text: Callable[[int], str], n: int = 24, **more: Callable[[int], str]) -> str:
        """Recorded completions, as a model's name."""
        lines = [
            {"prompt": question(i), "text": text(i), **{key: value(i) for key, value in more.items()}}
            for i in range(1, n + 1)
        ]
        return f"recorded/{self.file(f'{name}.jsonl', lines)}"

    def ran(self, suite: Path, baseline: str, contender: str, *judges: str) -> None:
        """A run over recorded completions before judges that come with the tool."""
        sides = ["--baseline", f"plain={baseline}", "--contender", contender]
        self.tool("run", suite, *sides, *(arg for judge in judges for arg in ("--judge", judge)))
        (record,) = self.runs.glob(f"{suite.name}-*/run.json")
        self.printed[suite.name] = self.tool("audit", json.loads(record.read_text())["run"])


def question(number: int) -> str:
    return f"What is the use of the number {number}?"


def reply(winner: str, a: int = 3, b: int = 4) -> str:
    """A judge's words."""
    return f"Response A - Creativity: {a}\nResponse B - Creativity: {b}\nWinner: {winner}\nReasoning: it is made up"


def judged(
    number: int, words: str, *, answer: int = 1, order: str = "AB", winner: str = "brie", judge: str = "judge-1"
) -> dict[str, Any]:
    """A line of a study whose labels are fixed: A is the baseline, whoever is printed first."""
    return {
        "config_name": "all",
        "prompt": question(number),
        "temperature": 0.75,
        "max_tokens": 512,
        "baseline_response": f"A plain answer, number {number}.{answer}.",
        "brie_response": f"A tuned answer, number {number}.{answer}.",
        "judge_model": judge,
        "judgment": words,
        "presentation_order": order,
        "winner": winner,
        "timestamp": "2025-03-01T10:00:00",
    }


def a_careless_study(bench: Bench) -> None:
    """Winners written down by the printing order, failures filed as verdicts, a pair twice, seven prompts."""
    study = [
        judged(1, reply("B")),
        judged(2, reply("B"), order="BA", winner="baseline"),
        judged(3, reply("B")),
        judged(4, reply("B"), order="BA", winner="baseline"),
        judged(5, reply("A", 4, 3), order="BA", winner="brie"),
        judged(6, reply("B")),
        judged(7, reply("A", 3, 4), winner="baseline"),
        judged(8, "Both have their merits.", winner="tie"),
        judged(1, reply("B"), answer=2),
        judged(2, "Winner: B\nOn reflection:\nWinner: A", answer=2, order="BA"),
        judged(1, reply("B"), order="BA"),
        judged(3, "ERROR: 429 Too Many Requests", answer=2, winner="baseline"),
    ]
    bench.imported("study", study=study)


def a_pass_of_two_judges(bench: Bench) -> None:
    rows = [
        judged(n, reply("B"), order="BA" if n in (3, 6, 9) else "AB", judge="judge-1" if n < 13 else "judge-2")
        for n in range(1, 21)
    ]
    bench.imported("mixed", mixed=rows)


def two_passes_of_unknown_judges(bench: Bench) -> None:
    """The second pass was made eight days after the times in its records; the third names no judge."""
    copied = [judged(n, reply("B", n % 3 + 1, 4), order="BA" if n % 2 else "AB") for n in range(1, 9)]
    nameless = [{**judged(n, reply("B", 2, n % 3 + 3)), "judge_model": "", "timestamp": ""} for n in range(1, 9)]
    bench.imported("passes", study_20250301_judged_20250309=copied, nameless=nameless)


def texts_of_all_kinds(bench: Bench) -> None:
    """A sixth each: an answer, nothing, a refusal, a text that names its maker, the baseline's text, a cut-off text."""
    kinds = [
        lambda i: f"A tuned answer, number {i}.",
        lambda i: "",
        lambda i: f"I'm sorry, I can't help with question {i}.",
        lambda i: f"As a model made by OpenAI, I like number {i}.",
        lambda i: f"A plain answer, number {i}.",
        lambda i: f"A tuned answer, number {i}, that goes on and",
    ]
    plain = bench.answers("plain", lambda i: f"A plain answer, number {i}.", finish_reason=lambda i: "stop")
    tuned = bench.answers(
        "tuned", lambda i: kinds[i % 6](i), finish_reason=lambda i: "length" if i % 6 == 5 else "stop"
    )
    suite = bench.suite("texts", sampling={"temperature": 0.75, "max_tokens": 512, "top_p": 0.9})
    bench.ran(suite, plain, f"tuned={tuned}", "first", "coin", "toss=coin")


def a_judge_of_the_contender_s_lab(bench: Bench) -> None:
    plain, tuned = (
        bench.answers(f"kin-{name}", lambda i, name=name: f"A {name} answer, number {i}.")
        for name in ("plain", "tuned")
    )
    bench.ran(bench.suite("kin"), plain, f"gemma-tuned={tuned}", "gemini-judge=longer")


def a_contender_that_was_trained_on_the_suite(bench: Bench) -> None:
    """Two of 24 prompts are in its training data, which a model of the judge's lab helped to write."""
    plain, tuned = (
        bench.answers(f"learnt-{name}", lambda i, name=name: f"A {name} answer, number {i}.")
        for name in ("plain", "tuned")
    )
    data = [
        {
            "id": f"c-{number}",
            "messages": [
                {"role": "user", "content": question(number) if number < 3 else f"Say something of day {number}."},
                {"role": "assistant", "content": "It is made up."},
            ],
            "prompt_group": f"g-{number}",
            "domain": "numbers",
            "provenance": {"author": "A. Author", "model": "gemini-pro"},
        }
        for number in range(1, 11)
    ]
    config = {
        "baseline": {"name": "plain", "model": plain},
        "contenders": {"tuned": {"model": tuned, "trained_on": str(bench.file("training.jsonl", data))}},
        "judges": [{"name": "gemini-judge", "judge": "longer"}],
    }
    path = bench.folder / "learnt.json"
    path.write_text(json.dumps(config))
    suite = bench.suite("learnt")
    bench.tool("run", suite, "--config", path)
    (record,) = bench.runs.glob("learnt-*/run.json")
    bench.printed["learnt"] = bench.tool("audit", json.loads(record.read_text())["run"])


def sides_that_are_not_sampled_alike(bench: Bench) -> None:
    """Only the contender's model takes `top_p`; the judge fails on a sixth of the prompts."""
    plain = model_class("plain-model", lambda request: f"Plainly: {request.messages[-1].content}")
    tuned = model_class("tuned-model", lambda request: f"With care: {request.messages[-1].content}")
    tuned.supports = tuned.supports | {"top_p"}

    def flaky(shown: Presentation) -> Verdict:
        if int(re.findall(r"\d+", shown.messages[-1].content)[0]) % 6 == 0:
            raise Failed("timeout", "no answer in time")
        return Verdict(label="A" if shown.a.startswith("With care") else "B")

    catalog = Catalog(make_manager([plugin_of(models=(plain, tuned), judges=(judge_class("judge-1", flaky),))]))
    sides = {"baseline": {"name": "plain", "model": "plain-model"}, "contenders": {"tuned": "tuned-model"}}
    config = RunConfig.model_validate({**sides, "judges": ["judge-1"]})
    suite = bench.suite("unlike", sampling={"temperature": 0.75, "max_tokens": 512, "top_p": 0.9})
    plan = make_plan(read_suite(suite), config, catalog)
    with Ledger(bench.runs) as ledger:
        run(plan, ledger, Settings(attempts=1), folder=bench.runs)
    bench.printed["unlike"] = bench.tool("audit", plan.id)


def judgments_before_their_completions(bench: Bench) -> None:
    """All were judged at noon; three of the completions were made an hour later."""
    lines = [
        {
            "prompt": question(number),
            "contender": "tuned",
            "baseline": "plain",
            "contender_text": f"A tuned answer, number {number}.",
            "baseline_text": f"A plain answer, number {number}.",
            "judge": "judge-1",
            "labels": "contender_first",
            "label": "A",
            "judged_at": "2025-03-01T12:00:00Z",
            "completed_at": f"2025-03-01T{13 if number < 4 else 11}:00:00Z",
        }
        for number in range(1, 25)
    ]
    bench.tool("import", "jsonl", bench.file("times.jsonl", lines), "--run", "times")
    bench.audit("times")


def files_that_are_broken_or_copied(bench: Bench) -> None:
    """Losses written in another form than wins; a file beside its copy."""

    def line(number: int, label: str, order: str = "baseline_first") -> dict[str, Any]:
        texts = {"contender_text": f"A tuned answer, number {number}.", "baseline_text": f"A plain answer, {number}."}
        said = {"judge": "judge-1", "labels": order, "label": label, "contender": "tuned", "baseline": "plain"}
        return {"prompt": question(number), **texts, **said}

    lost = [line(n, "B") for n in range(1, 13)] + [line(n, "a") for n in range(13, 61)]
    bench.tool("import", "jsonl", bench.file("lost.jsonl", lost), "--run", "lost")
    bench.audit("lost")
    lines = [line(n, "AB"[n % 2]) for n in range(1, 9)]
    first, second = bench.file("pass.jsonl", lines), bench.file("pass-2.jsonl", lines)
    second.write_text(second.read_text() + "\n")
    bench.tool("import", "jsonl", first, second, "--run", "copied")
    bench.audit("copied")


EXPERIMENTS = (
    a_careless_study,
    a_pass_of_two_judges,
    two_passes_of_unknown_judges,
    texts_of_all_kinds,
    a_judge_of_the_contender_s_lab,
    a_contender_that_was_trained_on_the_suite,
    sides_that_are_not_sampled_alike,
    judgments_before_their_completions,
    files_that_are_broken_or_copied,
)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `brie-bench audit` prints of the made-up records, by run."""
    bench = Bench(tmp_path_factory.mktemp("made-up"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RUNS", "CONFIG", "ORDER", "SEED", "LIMIT", "JUDGE", "JUDGE_REPEATS"):
            patch.delenv(f"BRIE_BENCH_{name}", raising=False)
        for experiment in EXPERIMENTS:
            experiment(bench)
    return bench.printed


def shown_codes(text: str) -> set[str]:
    """The codes of the findings that `brie-bench audit` printed."""
    return set(re.findall(r"^- (?:error|warning|note) `([a-z-]+)` \(\d+\): ", text, flags=re.MULTILINE))


def flat(text: str) -> str:
    return " ".join(text.split())


# --- the findings page ------------------------------------------------------------------------------------------------


def test_codes_are_read_from_literals_conditions_mappings_and_tables() -> None:
    """A code is found however a module writes it, and a word that is no finding's code is not."""
    direct = 'Finding(code="one-thing", severity="note", message="other-thing")\nwhere = "no-code"'
    either = 'Finding(code="one-thing" if bad else "two-things", message="")'
    table = (
        'KINDS = {"x": ("three-things", "words with-hyphens")}\nFinding.model_validate({"code": code, "message": ""})'
    )
    assert [{"one-thing"}, {"one-thing", "two-things"}, {"three-things"}] == [*map(codes_in, (direct, either, table))]


def test_no_promised_code_was_renamed() -> None:
    """The tool can still emit every code that others rely on."""
    assert emitted() >= PROMISED


def test_every_code_has_a_section_and_every_section_a_code() -> None:
    """The page explains what the tool can emit, all of it and nothing else."""
    assert sorted(emitted()) == sorted(sections())


def test_the_contents_list_every_section_once_and_in_order() -> None:
    """A reader finds each code from the top of the page."""
    contents = page(FINDINGS).partition("## Contents")[2].partition("\n## ")[0]
    links = re.findall(r"\[`([a-z-]+)`\]\(#([a-z-]+)\)", contents)
    assert [(code, code) for code in sections()] == links


@pytest.mark.parametrize("code", sections())
def test_a_section_has_a_title_and_four_parts(code: str) -> None:
    """How it arises, a real case, how the tool shows it, what to do: in this order, none of them empty."""
    heads = re.findall(r"^\*\*(.+?\.)\*\*", sections()[code], flags=re.MULTILINE)
    bodies = re.split(r"^\*\*.+?\.\*\*", sections()[code], flags=re.MULTILINE)[2:]
    assert heads[1:] == PARTS
    assert [head for head, body in zip(PARTS, bodies, strict=True) if len(body.split()) < 8] == []


@pytest.mark.parametrize("code", sections())
def test_a_real_case_names_its_source_or_says_that_there_is_none(code: str) -> None:
    """Nothing is called real without a source that the end of the page lists with its licence."""
    told = flat(sections()[code].partition("**A real case.**")[2].partition("**How the tool")[0])
    listed = page(FINDINGS).partition("\n## Sources")[2]
    known = {
        "Brie": "efficient-domain-adaptation",
        **{name: name for name in ("LLMBar", "JudgeBench", "PandaLM", "FastChat")},
    }
    known |= {"AlpacaEval": "alpaca_eval", "LLMFAO": "llmfao"}
    named = [name for name in known if name in told]
    assert named or told.startswith("We know of no public case")
    assert [name for name in named if known[name] not in listed] == []


def test_every_source_has_a_licence() -> None:
    """Each row of the sources says what was used and under which licence."""
    rows = re.findall(r"^\| \[.*$", page(FINDINGS).partition("\n## Sources")[2], flags=re.MULTILINE)
    assert len(rows) == 7
    assert [row for row in rows if len([cell for cell in row.strip("|").split(" | ") if cell.strip()]) != 3] == []


@pytest.mark.parametrize("code", sections())
def test_a_section_shows_what_the_tool_prints(code: str, printed: dict[str, str]) -> None:
    """Every line under "How the tool shows it" comes out of the tool for the made-up records, and is about this code.

    `python tests/test_what_can_go_wrong.py` puts findings that are worded anew into the page.
    """
    shown = blocks(sections()[code], "text")
    assert len(shown) == 1
    assert {code} == shown_codes(shown[0])
    everything = "\n".join(printed.values()).splitlines()
    assert [line for line in shown[0].splitlines() if line not in everything] == []


def test_the_made_up_records_show_every_finding(printed: dict[str, str]) -> None:
    """No code is dead: for each there are records that bring it about."""
    assert sorted(emitted()) == sorted(set().union(*map(shown_codes, printed.values())))


def test_the_leaderboard_shows_the_findings_of_the_audit(tmp_path: Path) -> None:
    """The same finding stands in the leaderboard, with its code at the end."""
    bench = Bench(tmp_path)
    a_careless_study(bench)
    board = bench.tool("leaderboard", "study")
    codes = set(re.findall(r"^- (?:error|warning|note): .* \(`([a-z-]+)`\)$", board, flags=re.MULTILINE))
    assert shown_codes(bench.printed["study"]) == codes


def test_strict_tells_an_error_by_its_exit_status(tmp_path: Path, cli: Callable[..., Any]) -> None:
    """`--strict` exits with 100 where a finding is an error, and with 0 where none is."""
    bench = Bench(tmp_path)
    a_careless_study(bench)
    bench.imported("sound", sound=[judged(n, reply("B"), order="AB" if n % 2 else "BA") for n in range(1, 13)])
    assert [cli("audit", run, "--strict", "--runs", bench.runs).status for run in ("study", "sound")] == [100, 0]


# --- commands on both pages -------------------------------------------------------------------------------------------

PLACEHOLDERS = {"my-suite"}


def parsed(command: click.Command, args: list[str], parent: click.Context | None = None) -> dict[str, Any]:
    """What the command would be called with; raises where a name, a flag or a value is not known."""
    if not isinstance(command, click.Group):
        with command.make_context(command.name, list(args), parent=parent) as context:
            return context.params
    context = click.Context(command, parent=parent, info_name="brie-bench")
    _, found, rest = command.resolve_command(context, list(args))
    assert found is not None
    return parsed(found, rest, context)


@pytest.mark.parametrize("command", sorted({command for _, command, _ in SHOWN if command.startswith("brie-bench ")}))
def test_a_command_that_is_shown_exists(command: str) -> None:
    """Its flags are known and their values in range; suites, judges and formats that it names come with the tool."""
    params = parsed(brie_bench_group, shlex.split(command)[1:])
    catalog = Catalog()
    suite = params.get("suite")
    if suite is not None and suite not in PLACEHOLDERS:
        find_suite(suite)
    for judge in params.get("judges") or ():
        catalog.judge(JudgeRef.model_validate(judge.rpartition("=")[2]).judge)
    if "paths" in params:
        catalog.importer(params["form"])


@pytest.mark.parametrize(
    "command", ["brie-bench audit study --strickt", "brie-bench judge study", "brie-bench ordit study"]
)
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    """An unknown flag, a missing option and an unknown command do not parse."""
    with pytest.raises(click.UsageError):
        parsed(brie_bench_group, shlex.split(command)[1:])


@pytest.mark.parametrize(("name", "command", "lines"), [shown for shown in SHOWN if shown[2]])
def test_what_is_shown_below_a_command_is_what_it_prints(
    name: str, command: str, lines: list[str], cli: Callable[..., Any]
) -> None:
    """Each line that a page shows below a command is a line of the command's output."""
    program, *args = shlex.split(command)
    if program == "python":
        done = subprocess.run([sys.executable, *args], cwd=ROOT, check=True, capture_output=True, text=True)
        out = done.stdout
    else:
        out = cli(*args).out
    assert [line for line in lines if line not in out.splitlines()] == []


def test_every_program_that_is_shown_is_the_tool_or_a_file_of_the_project() -> None:
    """A page shows no command that a reader does not have."""
    others = [shlex.split(command) for _, command, _ in SHOWN if not command.startswith("brie-bench ")]
    assert [words for words in others if words[0] != "python" or not (ROOT / words[1]).is_file()] == []


# --- the statistics page ----------------------------------------------------------------------------------------------


def test_the_examples_on_the_statistics_page_are_true() -> None:
    """Every `>>>` line gives the line below it."""
    examples = "\n".join(blocks(page(STATISTICS), "python"))
    test = doctest.DocTestParser().get_doctest(examples, {}, STATISTICS.name, str(STATISTICS), 0)
    report = io.StringIO()
    found = doctest.DocTestRunner(verbose=False).run(test, out=report.write)
    assert (found.failed, found.attempted > 5, report.getvalue()) == (0, True, "")


def table_below(heading: str) -> list[list[str]]:
    """The cells of the first table after these words."""
    lines = page(STATISTICS).partition(heading)[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_planning_table_is_what_the_tool_computes() -> None:
    """The rate that so many prompts detect four times in five."""
    (_, *sizes), _, (_, *rates) = table_below("## Is the sample large enough?")
    assert [f"{100 * (detectable_rate(int(n)) or 0):.0f} %" for n in sizes] == rates


EDGES: dict[str, tuple[list[int], list[float]]] = {
    "nothing, or all failed": ([1, 1], [float("nan")] * 2),
    "one prompt, won": ([1], [1.0]),
    "one prompt, six judgments, five won": ([1] * 6, [1.0] * 5 + [0.0]),
    "13 prompts, all won": ([*range(13)], [1.0] * 13),
    "13 prompts, all ties": ([*range(13)], [0.5] * 13),
}
"""What the records of each row of the table are: prompts and scores."""


@pytest.mark.parametrize("row", table_below("## At the edges")[2:], ids=lambda row: row[0])
def test_the_table_of_edges_is_what_the_tool_computes(row: list[str]) -> None:
    """Win rate, interval and p at the edges of what can be known."""
    name, rate, interval, p = row
    prompts, scores = EDGES[name]
    pairs = [*range(len(scores))]
    z = prompt_means(prompts, pairs, None, scores).z
    estimate, bounds, tested = win_rate(prompts, pairs, None, scores).estimate, anchored_ci(z), sign_flip_p(z - 0.5)
    if estimate is None or bounds is None or tested is None:
        assert (estimate, bounds, tested) == (None, None, None)
        assert [rate, interval, p] == ["none"] * 3
        return
    assert f"{estimate:.3f}" == rate
    assert f"{bounds[0]:.3f} to {bounds[1]:.3f}" == interval
    assert (f"{tested:.5f}" if tested < 0.001 else f"{tested:.3f}") == p.partition(",")[0]


def test_the_rule_that_the_page_warns_of_cries_wolf_as_often_as_it_says() -> None:
    """At 13 prompts "the interval leaves out 50 %" is wrong 9.2 % of the time, the test 2.2 %."""
    z = [[1.0] * wins + [0.0] * (13 - wins) for wins in range(14)]
    chances = [comb(13, wins) / 2**13 for wins in range(14)]
    outside = [not low <= 0.5 <= high for low, high in (anchored_ci(each) or (0.0, 1.0) for each in z)]
    rejected = [(sign_flip_p([score - 0.5 for score in each]) or 1.0) <= 0.05 for each in z]
    shares = [
        sum(chance for chance, alarm in zip(chances, alarms, strict=True) if alarm) for alarms in (outside, rejected)
    ]
    assert f"would cry wolf {100 * shares[0]:.1f} % of the time, the test {100 * shares[1]:.1f} %." in flat(
        page(STATISTICS)
    )


def test_no_judge_s_luck_is_called_agreement() -> None:
    """Nine wins in ten for both judges give the chance level that the findings page computes by hand."""
    two = agreement([[1, 1]] * 81 + [[1, 0]] * 9 + [[0, 1]] * 9 + [[0, 0]]).pairs[0, 1]
    assert f"0.9 × 0.9 + 0.1 × 0.1 = {100 * (two.expected or 0):.0f} %" in flat(sections()["agreement-near-chance"])


# --- the real cases, where their data are at hand ---------------------------------------------------------------------

BRIE = "comprehensive_eval_3b_final_20251018_175044"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> dict[str, str]:
    """What the tool prints of the Brie 3B study: the first file, the four passes, the last two, the out-of-domain test."""
    bench = Bench(tmp_path_factory.mktemp("brie"))
    raw = shared / "brie_3b" / "raw"
    passes = {
        "first": [raw / f"{BRIE}.jsonl"],
        "four": sorted(raw.glob(f"{BRIE}_CORRECTED*.jsonl")),
        "later": sorted(raw.glob(f"{BRIE}_CORRECTED_judged_g*.jsonl")),
        "elsewhere": sorted(raw.glob("out_of_domain*.jsonl")),
    }
    return {name: bench.tool("import", "brie-exports", *paths, "--run", name) for name, paths in passes.items()}


STUDIED = [
    ("winner-mismatch", "first", ["In 32 of 57 records the winner"], "32 of 57 recorded winners contradict"),
    (
        "pseudo-replication",
        "first",
        ["57 judgments come from 42 pairs of 25 "],
        "42 distinct pairs of answers to 25 prompts",
    ),
    (
        "pseudo-replication",
        "first",
        ["rate 90.0 %", "76.3–96.4 %"],
        "it is 90.0 %, and the interval of this tool is 76.3 to 96.4 %",
    ),
    ("duplicate-judgments", "first", ["15 pairs of comprehensive_eval"], "15 of the 42 pairs stand twice"),
    ("sample-too-small", "elsewhere", ["win rate 50.0 %", "27.3–72.7 %", "15 prompts"], "from 27.3 to 72.7 %"),
    ("sample-too-small", "elsewhere", ["only a win rate of 84.3 % or more"], "the true win rate is 84.3 % or more"),
    ("label-confounded", "first", ["In all 57 judgments of compre"], "in all 57 rows of each of its four passes"),
    ("label-confounded", "elsewhere", ["In all 15 judgments of out_of_"], "in all 15 of the out-of-domain test"),
    ("order-unbalanced", "four", ["shown first in 20 of 57 verdicts of gemini"], "in 20 of 57 rows (35 %)"),
    ("order-unbalanced", "four", ["shown first in 26 of 42 verdicts of claude-3"], "Sonnet's 42 rows in 26 (62 %)"),
    ("agreement-near-chance", "four", ["lite and gpt-4o", "90.0 %", "86.6 %"], "90.0 % against 86.6 % by chance"),
    ("agreement-near-chance", "later", ["lite and gpt-4o", "0.25 (0.00 to 0.65)"], "kappa = 0.25 (0.00 to 0.65)"),
    ("judge-mixed", "first", ["sonnet-20241022 42, claude-opus-4-20250514 15)"], "Sonnet judged 42 of the rows"),
    (
        "judge-unverifiable",
        "elsewhere",
        ["15 judgments of out_of_domain"],
        "The out-of-domain file (15 rows) names no judge",
    ),
    ("judge-unverifiable", "four", ["vouches for the judge (gpt-4o)"], "the file's name vouches for the judge"),
    (
        "truncated-completions",
        "first",
        ["baseline 19 of 42 (45.2 %)", "brie 19 of 42 (45.2 %)"],
        "19 of the 42 answers of each side (45 %)",
    ),
]
"""A section, a run, what stands in one line of its leaderboard, and what the section says of it."""


@pytest.mark.parametrize(("code", "run", "told", "on_the_page"), STUDIED)
def test_the_brie_study_reads_as_the_page_says(
    code: str, run: str, told: list[str], on_the_page: str, study: dict[str, str]
) -> None:
    """What the page says of the study is what the tool says of its files."""
    assert any(all(each in line for each in told) for line in study[run].splitlines())
    assert on_the_page in flat(sections()[code])


def test_the_brie_study_s_counts_are_what_the_page_says(shared: Path) -> None:
    """Wins by the recorded winners and by the replies, verdicts repeated, scores against verdicts."""
    found = json.loads((shared / "brie_3b" / "expected.json").read_text("utf-8"))
    again = {judge: each["same_outcome"] for judge, each in found["repeat_judgments_15_pairs"].items()}
    wrong, right = (found["parser"][f"tuned_wins_{which}"] for which in ("buggy", "fixed"))
    kinds = ("consistent", "winner_but_equal_scores", "tie_but_unequal_scores", "contradict")
    same, equal, tied, against = (found["score_vs_verdict"][kind]["count"] for kind in kinds)
    rows = found["agreement"]["rows_57"]["gpt-4o | gemini-2.5-flash-lite"]
    facts = [
        ("winner-mismatch", f"wins {wrong} of 57 (49.1 %), by the replies {right} of 57 (91.2 %)"),
        (
            "duplicate-judgments",
            f"agree for {again['gpt-4o']} of the 15; in Gemini's for {again['gemini-2.5-flash-lite']}",
        ),
        (
            "score-contradicts-verdict",
            f"in the {same + equal + tied + against} judgments of the Brie 3B study that hold scores",
        ),
        (
            "score-contradicts-verdict",
            f": {same} scores and verdicts agree, in {equal} a winner is named at equal scores",
        ),
        ("score-contradicts-verdict", f"in {tied} a tie at unequal ones, and in none the loser scored higher"),
        ("agreement-near-chance", f"the same verdict on {rows['agree']} of 57 rows, and this 91.2 %"),
    ]
    assert against == 0
    assert [fact for code, fact in facts if fact not in flat(sections()[code])] == []


def test_other_public_cases_are_what_the_page_says(shared: Path) -> None:
    """Figures from LLMBar, MT-Bench, PandaLM, LLMFAO and AlpacaEval, against the values expected of their data."""

    def expected(name: str) -> Any:
        return json.loads((shared / name / "expected.json").read_text("utf-8"))

    def percent(rate: float) -> str:
        return f"{100 * rate:.1f} %"

    llmbar, panda, fao = expected("llmbar")["groups"], expected("pandalm"), expected("llmfao_gpt")["files"]
    mtbench, alpaca = expected("mtbench_gpt4_pair"), expected("alpaca_eval_2")["models"]
    palm = [llmbar[f"{name}/PaLM2/CoT"] for name in ("Natural", "Neighbor")]
    against, both = (sum(each[f"{key}"] for each in palm) for key in ("stored_verdict_contradicts_the_text", "items"))
    either = sum(each["completions_matching_both_patterns"] for each in palm)
    read, stored = palm[0]["if_parsed_from_the_text"]["accuracy_average"], palm[0]["accuracy_average"]
    unread = llmbar["MT-Bench-200/PaLM2/Metrics_Reference"]
    failed = unread["unparsed_order_1"] + unread["unparsed_order_2"]
    gpt4 = llmbar["Natural/GPT-4/Vanilla"]
    published, right, correct = (
        gpt4["kappa_published"][0],
        gpt4["kappa_correct_order_1_vs_gold"],
        gpt4["correct_order_1"],
    )
    judge = panda["judges_vs_human_majority"]["gpt-3.5-turbo"]
    wrong, parsed_only = judge["accuracy_unparsed_wrong"], judge["agreement_on_parsed"]["percent_agreement"]
    left = [fao[f"{name}-crowd-comparisons.csv"]["left_rate_of_decisive"] for name in ("gpt3", "gpt4")]
    kappas = [f"{each['cohen_kappa']:.2f}" for each in panda["human_kappa"].values()]
    itself, fuse = alpaca["gpt4_1106_preview"], alpaca["FuseChat-Gemma-2-9B-Instruct"]
    facts = [
        ("winner-mismatch", f"{against} of {2 * both} stored verdicts"),
        ("winner-mismatch", f"{percent(read)} instead of {percent(stored)}"),
        ("contradictory-verdict", f"{either} of {2 * both} replies"),
        (
            "failure-recorded-as-verdict",
            f"{failed} of {2 * unread['items']} replies could not be read, and all {failed} count",
        ),
        ("failure-recorded-as-verdict", f"the published kappa is {published:.2f}, the right one {right:.2f}"),
        ("failure-recorded-as-verdict", f"with the same {correct} of 100 answers correct"),
        ("unparsed-verdict", f"{judge['unparsed']} of {panda['n']} replies"),
        (
            "unparsed-verdict",
            f"agrees with the human majority on {percent(wrong)}; left out, on {percent(parsed_only)}",
        ),
        ("unparsed-verdict", f"{mtbench['errors']} of {mtbench['judgments']} replies"),
        ("agreement-near-chance", f"their kappas are {kappas[0]}, {kappas[1]} and {kappas[2]}"),
        ("position-bias", f"in {percent(left[0])} of its decided cases, GPT-4 in {percent(left[1])}"),
        ("identical-completions", f"{itself['n_draws']} draws, {itself['win_rate']:.1f} %"),
        ("identical-completions", f"{fuse['n_draws']} of 805 answers of FuseChat-Gemma-2-9B"),
    ]
    assert [(code, fact) for code, fact in facts if fact not in flat(sections()[code])] == []
    null = alpaca["NullModel"]
    told = f"in {null['n_wins']} of {null['n_total']} cases ({null['discrete_win_rate']:.1f} %)"
    assert told in flat(page(FINDINGS).partition("## What no finding shows")[2])


def test_the_texts_of_alpaca_eval_are_what_the_page_says(shared: Path, tmp_path: Path) -> None:
    """Cut-off, refusing, empty and telling completions, counted by the tool."""
    folder = shared / "alpaca_eval_2"

    def outputs(name: str) -> dict[int, dict[str, Any]]:
        content = (folder / name).read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8")
        return {line["index"]: line for line in map(json.loads, text.splitlines())}

    baseline = outputs("instructions_and_baseline.jsonl.gz")
    models = ("claude", "gpt-3.5-turbo-1106", "gpt35_turbo_instruct")
    lines = [
        {
            "prompt": f"Instruction {index}",
            "contender": model,
            "baseline": "gpt4-turbo",
            "contender_text": line["output"],
            "baseline_text": baseline[index]["output"],
            "judge": "nobody",
            "winner": "tie",
        }
        for model in models
        for index, line in outputs(f"outputs/{model}.jsonl.gz").items()
    ]
    bench = Bench(tmp_path)
    bench.tool("import", "jsonl", bench.file("outputs.jsonl", lines), "--run", "outputs")
    audit = bench.tool("audit", "outputs")
    told = {code: line for line in audit.splitlines() for code in shown_codes(line)}
    assert "empty-completions" not in told
    assert "gpt4-turbo 20 of 805" in told["truncated-completions"]
    assert "gpt35_turbo_instruct 112 of 804" in told["truncated-completions"]
    assert "gpt4-turbo 3 of 805" in told["refused-completions"]
    assert "gpt-3.5-turbo-1106 18 of 805" in told["refused-completions"]
    assert "claude 19 of 805" in told["self-identification"]
    assert "gpt4-turbo 4 of 805" in told["self-identification"]
    facts = [
        (
            "truncated-completions",
            "112 of the 804 answers of GPT-3.5 Turbo Instruct (14 %) do, against 20 of 805 (2 %) of the baseline",
        ),
        (
            "refused-completions",
            "18 refusals among the 805 answers of GPT-3.5 Turbo (1106) and 3 among those of the baseline",
        ),
        ("self-identification", "19 of the 805 answers of Claude (v1)"),
        ("self-identification", "4 of the 805 answers of the baseline"),
    ]
    assert [fact for code, fact in facts if fact not in flat(sections()[code])] == []


# --- a mend -----------------------------------------------------------------------------------------------------------


def refreshed(text: str, printed: dict[str, str]) -> str:
    """`text` with every finding that it shows as the tool words it now."""
    now = [line for each in printed.values() for line in each.splitlines() if line.startswith("- ")]

    def wording(match: re.Match[str]) -> str:
        same_code = [line for line in now if f" `{match['code']}` (" in line]
        return max(same_code, key=lambda line: difflib.SequenceMatcher(None, match[0], line).ratio(), default=match[0])

    return re.sub(r"^- \w+ `(?P<code>[a-z-]+)` \(\d+\): .*$", wording, text, flags=re.MULTILINE)


def test_a_finding_that_is_worded_anew_is_shown_anew() -> None:
    """Refreshing takes the tool's line of the same code that is most like the old one, and leaves the rest."""
    text = "Words.\n- note `same-lab` (1): red is kin of blue\n  - place\n- error `gone-code` (1): old"
    now = ["note `same-lab` (1): the lab of one made the other", "warning `same-lab` (2): red is close kin of blue"]
    printed = {"run": "".join(f"- {line}\n" for line in [*now, "error `other-code` (1): a"])}
    assert refreshed(text, printed) == text.replace(
        "note `same-lab` (1): red is kin of blue", "warning `same-lab` (2): red is close kin of blue"
    )


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        made_up = Bench(Path(name))
        for each in EXPERIMENTS:
            each(made_up)
        FINDINGS.write_text(refreshed(page(FINDINGS), made_up.printed), "utf-8")
