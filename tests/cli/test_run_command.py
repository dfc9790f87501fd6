"""`brie-bench run`: the whole line, in one command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, judge_class, model_class

from brie_bench import Completion, Failed, Usage, Verdict
from brie_bench.cli.run_command import configured, gate
from brie_bench.errors import UsageError
from brie_bench.spec.leaderboard import Interval, Leaderboard, Standing

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Plug = Callable[..., None]


def files(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def error(done: Result, status: int = 1) -> str:
    """The one line of a command that failed, without its prefix."""
    assert (status, "", 1) == (done.status, done.out, done.err.count("\n")), done
    assert done.err.startswith("brie-bench: ")
    return done.err.removeprefix("brie-bench: ").rstrip("\n")


# what it prints


def test_a_run_prints_its_leaderboard_and_nothing_else(cli: Cli, suite: Suite) -> None:
    """Results on stdout, progress on stderr; what is printed is what is kept."""
    done = cli("run", suite(7))
    assert 0 == done.status
    assert done.out.startswith("# tiny: authored against plain\n\n7 items from 7 distinct prompts.")
    (folder,) = Path("runs").glob("*/")
    assert done.out == (folder / "leaderboard.md").read_text("utf-8")
    assert f"run {folder.name}: {folder}" in done.err
    assert [] == [line for line in done.out.splitlines() if line in done.err.splitlines() and line]


def test_the_tables_lines_begin_with_a_bar_and_rates_are_percent_with_one_decimal(cli: Cli, suite: Suite) -> None:
    """As every reader of the output may rely on."""
    out = cli("run", suite(7)).out
    table = [line for line in out.splitlines() if "|" in line]
    assert [] == [line for line in table if not line.startswith("|")]
    rates = re.findall(r"([^\s(]+) %", out)
    assert len(rates) > 20
    wrong = [rate for rate in rates if not re.fullmatch(r"(\d+\.\d–)?\d{1,3}\.\d|95", rate)]
    assert [] == wrong


def test_a_repeated_run_calls_nothing_and_prints_the_same_bytes(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """Whatever was asked is found again."""
    called: list[str] = []
    models = [model_class(name, lambda _: called.append("model") or f"answer {len(called)}") for name in ("m", "n")]
    judge = judge_class("j", lambda shown: called.append("judge") or Verdict(label="A"))
    plugged(models=tuple(models), judges=(judge,))
    args = ("run", suite(3), "--baseline", "b=m", "--contender", "c=n", "--judge", "j")
    first = cli(*args)
    before, kept = len(called), files(Path("runs"))
    again = cli(*args)
    assert (0, 0, first.out) == (first.status, again.status, again.out)
    assert (2 * 3 + 2 * 3, before) == (before, len(called))
    assert kept.keys() == files(Path("runs")).keys()
    assert "6 already recorded" in again.err


def test_nothing_of_the_clock_is_printed_or_published(cli: Cli, suite: Suite) -> None:
    """The same run in another folder, later, is the same to the byte."""
    folder = suite(7)
    one, other = cli("run", folder, "--runs", "one"), cli("run", folder, "--runs", "other")
    assert one.out == other.out
    kept = [
        {name: each for name, each in files(Path(name)).items() if "ledger" not in name} for name in ("one", "other")
    ]
    assert kept[0] == kept[1]
    assert {"leaderboard.json", "leaderboard.md", "run.json"} <= {Path(name).name for name in kept[0]}


def test_the_shipped_suite_is_the_demonstration(cli: Cli) -> None:
    """57 items, three judges, both orders; the contender that learned the domain wins in it."""
    done = cli("run", "suites/comprehensive57")
    assert 0 == done.status
    assert "57 items from 46 distinct prompts." in done.out
    (path,) = Path("runs").glob("*/leaderboard.json")
    panel = json.loads(path.read_text())["standings"][0]
    assert (46, 57, 342, 0, "better") == tuple(
        panel[key] for key in ("n_prompts", "n_pairs", "n_judgments", "n_failures", "verdict")
    )


def test_the_record_of_a_run_names_all_that_decides_it(cli: Cli, suite: Suite) -> None:
    """Resolved, with digests, without a clock."""
    cli("run", suite(2), "--judge", "coin", "--seed", "5", "--limit", "1", "--order", "random", "--judge-repeats", "2")
    (path,) = Path("runs").glob("*/run.json")
    record = json.loads(path.read_text())
    expected = {"seed": 5, "limit": 1, "order": "random", "judge_repeats": 2, "replicate": 0, "parent": None}
    assert expected == {key: record[key] for key in expected}
    assert (path.parent.name, "plain", ["authored"], ["coin"]) == (
        record["run"],
        record["baseline"]["name"],
        [each["name"] for each in record["contenders"]],
        [each["name"] for each in record["judges"]],
    )


# flags


def test_a_dry_run_says_what_would_be_called_and_writes_nothing(cli: Cli, suite: Suite) -> None:
    """Before anything is recorded, and after."""
    folder = suite(3)
    done = cli("run", folder, "--judge", "coin", "--dry-run")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")][:4]
        for line in done.out.splitlines()
        if line.startswith("|")
    ]
    assert [
        ["completions by plain", "3", "0", "3"],
        ["completions by authored", "3", "0", "3"],
        ["judgments by coin", "6", "0", "6"],
        ["in all", "12", "0", "12"],
    ] == rows[2:]
    assert (0, "", False) == (done.status, done.err, Path("runs").exists())
    cli("run", folder, "--judge", "coin", "--limit", "2")
    before = files(Path("runs"))
    done = cli("run", folder, "--judge", "coin", "--dry-run")
    assert "| in all                  |        12 |          8 |         4 |" in done.out
    assert before == files(Path("runs"))


def test_a_limit_takes_the_first_items_and_is_a_run_of_its_own(cli: Cli, suite: Suite) -> None:
    """What the two share is asked once."""
    folder = suite(5)
    assert "2 items from 2 distinct prompts." in cli("run", folder, "--judge", "coin", "--limit", "2").out
    done = cli("run", folder, "--judge", "coin")
    assert "5 items from 5 distinct prompts." in done.out
    assert "completions: 10, 4 already recorded" in done.err
    assert 2 == len(list(Path("runs").glob("*/")))


def test_a_fresh_run_asks_everything_again(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """As the next replicate, beside the first."""
    called: list[int] = []
    plugged(judges=(judge_class("j", lambda shown: called.append(1) or Verdict(label="A")),))
    args = ("run", suite(2), "--judge", "j")
    cli(*args)
    cli(*args, "--fresh")
    assert (8, [0, 1]) == (
        len(called),
        sorted(json.loads(path.read_text())["replicate"] for path in Path("runs").glob("*/run.json")),
    )


@pytest.mark.parametrize(("expected", "rate"), [(0, "0"), (0, "0.2"), (100, "0.9"), (100, "1")])
def test_a_gate_that_is_not_met_is_status_100(cli: Cli, suite: Suite, expected: int, rate: str) -> None:
    """Every headline's lower bound must reach the rate; the leaderboard is printed all the same."""
    done = cli("run", suite(12), "--judge", "cadence", "--fail-under", rate)
    assert expected == done.status
    assert done.out.startswith("# tiny")
    assert (expected == 100) == ("brie-bench: below" in done.err)


def _headline(low: float | None) -> Leaderboard:
    numbers = dict.fromkeys(["n_prompts", "n_pairs", "n_judgments", "n_failures", "wins", "ties", "losses"], 0)
    names = {"suite": "s", "contender": "c", "baseline": "b", "judge": None, "section": None, "soft": False}
    rest = [
        "win_rate",
        "failure_bounds",
        "row_rate",
        "strict_rate",
        "p_value",
        "p_adjusted",
        "detectable_rate",
        "reason",
    ]
    interval = None if low is None else Interval(low=low, high=1.0, confidence_level=0.95, method="m")
    row = Standing.model_validate(
        {**names, **numbers, **dict.fromkeys(rest), "interval": interval, "verdict": "better"}
    )
    return Leaderboard(suites=(), runs=(), baseline="b", standings=(row,))


@pytest.mark.parametrize(("expected", "low"), [(0, 0.5), (100, 0.4999), (0, 0.6), (100, None)])
def test_the_lower_bound_must_reach_the_gate(
    capsys: pytest.CaptureFixture[str], expected: int, low: float | None
) -> None:
    """Equal is enough; unknown is not."""
    assert expected == gate(_headline(low), 0.5)
    assert (expected == 100) == ("below 0.5: c on s" in capsys.readouterr().err)


# precedence


def flags(**given: Any) -> dict[str, Any]:
    """The flags of a run, all of them unset but those given."""
    unset = {
        "baseline": None,
        "contenders": (),
        "judges": (),
        "order": None,
        "judge_repeats": None,
        "seed": None,
        "limit": None,
    }
    return {**unset, **given}


def test_flags_come_before_the_file_and_the_file_before_defaults(tmp_path: Path) -> None:
    """Key by key; a flag's 0 is a value."""
    path = tmp_path / "run.yaml"
    path.write_text("seed: 3\nlimit: 4\njudges: [coin, first]\nbaseline: m/x\ncontenders: {a: m/y}\n")
    config = configured(path, flags(seed=0, judges=("longer",)))
    assert (0, 4, ["longer"], ["a"]) == (
        config.seed,
        config.limit,
        [judge.name for judge in config.judges],
        [each.name for each in config.contenders],
    )
    assert (0, None, "both", 1) == tuple(
        getattr(configured(None, flags()), key) for key in ("seed", "limit", "order", "judge_repeats")
    )


def test_the_environment_stands_between_flags_and_file(cli: Cli, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key that a flag sets can be set by `BRIE_BENCH_…`."""
    folder = suite(4)
    Path("run.yaml").write_text("seed: 1\nlimit: 1\norder: both\njudges: [coin]\n")
    environment = {"SEED": "2", "LIMIT": "2", "ORDER": "random", "JUDGE_REPEATS": "2", "JUDGE": "first longer"}
    environment |= {
        "BASELINE": "b=ngram/plain",
        "CONTENDER": "c=ngram/authored d=ngram/plain",
        "CONFIG": "run.yaml",
        "RUNS": "elsewhere",
    }
    for name, value in {**environment, "SUITE": str(folder), "MAX_CONNECTIONS": "1", "TIMEOUT": "5"}.items():
        monkeypatch.setenv(f"BRIE_BENCH_{name}", value)
    done = cli("run", "--seed", "3")
    assert 0 == done.status, done.err
    (path,) = Path("elsewhere").glob("*/run.json")
    record = json.loads(path.read_text())
    expected = {"seed": 3, "limit": 2, "order": "random", "judge_repeats": 2}
    assert expected == {key: record[key] for key in expected}
    assert ("b", ["c", "d"], ["first", "longer"]) == (
        record["baseline"]["name"],
        [each["name"] for each in record["contenders"]],
        [each["name"] for each in record["judges"]],
    )


def test_an_empty_variable_is_no_value(cli: Cli, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell script whose variable is not set."""
    for name in ("SEED", "LIMIT", "JUDGE", "CONTENDER", "BASELINE", "CONFIG", "ORDER"):
        monkeypatch.setenv(f"BRIE_BENCH_{name}", "")
    assert 0 == cli("run", suite(1)).status


def test_a_judge_may_have_a_name_of_its_own(cli: Cli, suite: Suite) -> None:
    """`NAME=J`; without one it is called as it is written."""
    out = cli("run", suite(1), "--judge", "mine=coin", "--judge", "rubric/ngram/plain").out
    assert "| mine " in out
    assert "| rubric/ngram/plain " in out


# wrong usage and other errors


@pytest.mark.parametrize(
    ("expected", "args"),
    [
        (
            "a contender without a baseline. Add --baseline MODEL, or 'baseline:' to the file.",
            ["--contender", "x=ngram/plain"],
        ),
        (
            "a baseline without a contender. Add --contender NAME=MODEL, or 'contenders:' to the file.",
            ["--baseline", "ngram/plain"],
        ),
        ("--contender 'x' names no model. Write --contender NAME=MODEL.", ["--baseline", "m", "--contender", "x"]),
        (
            "--contender 'a/b=m' names no model. Write --contender NAME=MODEL.",
            ["--baseline", "m", "--contender", "a/b=m"],
        ),
        (
            "--contender '=m' lacks a name or a model. Write --contender NAME=MODEL.",
            ["--baseline", "m", "--contender", "=m"],
        ),
        (
            "--contender 'x=' lacks a name or a model. Write --contender NAME=MODEL.",
            ["--baseline", "m", "--contender", "x="],
        ),
        ("key 'contenders.0.name': 'x y' is no name: letters, digits,", ["--baseline", "m", "--contender", "x y=m"]),
        ("two contenders are called 'x'.", ["--baseline", "m", "--contender", "x=m", "--contender", "x=n"]),
        ("two contenders are called 'baseline'.", ["--baseline", "m", "--contender", "baseline=m"]),
        ("two judges are called 'coin'.", ["--judge", "coin", "--judge", "coin"]),
        ("key 'judges.0.name': must not be empty.", ["--judge", ""]),
        ("key 'limit': input should be less than or equal to 1000000000.", ["--limit", "99999999999999999999"]),
        ("Invalid value for '--limit' (env var: 'BRIE_BENCH_LIMIT'): 0 is not in the range x>=1.", ["--limit", "0"]),
        ("Invalid value for '--order' (env var: 'BRIE_BENCH_ORDER'): 'ab' is not one of", ["--order", "ab"]),
        ("Invalid value for '--fail-under': nan is not finite.", ["--fail-under", "nan"]),
        ("Invalid value for '--fail-under': 1.5 is not in the range 0.0<=x<=1.0.", ["--fail-under", "1.5"]),
        ("Invalid value for '--timeout' (env var: 'BRIE_BENCH_TIMEOUT'): inf is not finite.", ["--timeout", "inf"]),
        ("Invalid value for '--timeout' (env var: 'BRIE_BENCH_TIMEOUT'): 0.0 is not in the range", ["--timeout", "0"]),
        ("Invalid value for '--attempts' (env var: 'BRIE_BENCH_ATTEMPTS'): 0 is not in the range", ["--attempts", "0"]),
        ("Invalid value for '--cost-limit' (env var: 'BRIE_BENCH_COST_LIMIT'): nan is not", ["--cost-limit", "nan"]),
        ("Invalid value for '--cost-limit' (env var: 'BRIE_BENCH_COST_LIMIT'): -1.0 is not", ["--cost-limit", "-1"]),
        ("Invalid value for '--requests-per-minute' (env var", ["--requests-per-minute", "0"]),
        (
            "Invalid value for '--runs' (env var: 'BRIE_BENCH_RUNS'): Directory 'a-file' is a file.",
            ["--runs", "a-file"],
        ),
    ],
)
def test_wrong_usage_of_a_run_is_status_2(cli: Cli, expected: str, args: list[str]) -> None:
    """In one line, before anything is called or written."""
    Path("a-file").write_text("")
    assert error(cli("run", "comprehensive57", *args), 2).startswith(expected)
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("expected", "args"),
    [
        ("no suite 'comprehensive75'. Did you mean 'comprehensive57'?", ["comprehensive75"]),
        (
            "no judge 'coinn'. Did you mean 'coin'? See 'brie-bench plugins list'.",
            ["comprehensive57", "--judge", "coinn"],
        ),
        (
            "judge 'rubric': key 'model' is missing. See 'brie-bench plugins show rubric'.",
            ["comprehensive57", "--judge", "rubric"],
        ),
        ("judge 'coin' takes nothing after a slash. Write 'coin'.", ["comprehensive57", "--judge", "coin/x"]),
        (
            "model 'ngram/plian': key 'model': input should be 'plain' or 'authored'.",
            ["comprehensive57", "--judge", "ngram/plian"],
        ),
        ("model 'ngram': key 'model' is missing.", ["comprehensive57", "--judge", "ngram"]),
        ("absent.yaml: no such file.", ["comprehensive57", "-c", "absent.yaml"]),
        (".: this is a folder, a file is needed.", ["comprehensive57", "-c", "."]),
        ("run.yaml:1: key 'judgs' is not known. Did you mean 'judges'?", ["comprehensive57", "-c", "run.yaml"]),
        ("bad/prompts/all.jsonl:2: prompt id 'p-0' is that of line 1 too. Rename one.", ["bad"]),
    ],
)
def test_what_cannot_be_run_is_status_1(cli: Cli, suite: Suite, expected: str, args: list[str]) -> None:
    """In one line, before anything is called or written."""
    Path("run.yaml").write_text("judgs: [coin]\n")
    path = suite(2, "bad") / "prompts" / "all.jsonl"
    path.write_text(path.read_text().replace("p-1", "p-0"))
    assert error(cli("run", *args)).startswith(expected)
    assert not Path("runs").exists()


def test_the_flags_mistakes_are_not_blamed_on_the_file(tmp_path: Path) -> None:
    """The file is right; the flag is not."""
    (tmp_path / "run.yaml").write_text("seed: 1\n")
    with pytest.raises(UsageError) as caught:
        configured(tmp_path / "run.yaml", flags(judges=("",)))
    assert "key 'judges.0.name': must not be empty." == str(caught.value)


def test_a_model_that_cannot_do_what_a_suite_demands_is_told_before_anything_is_called(cli: Cli, plugged: Plug) -> None:
    """With whose it is and what it lacks."""

    class Deaf(model_class("deaf", lambda _: "x")):  # type: ignore[misc]
        supports = frozenset({"max_tokens"})

    plugged(models=(Deaf,))
    done = cli("run", "temperature45", "--baseline", "deaf", "--contender", "c=ngram/plain")
    assert "'baseline' (deaf) cannot honour temperature, which the suite 'temperature45' demands." in error(done, 2)


def test_a_judge_that_can_do_nothing_is_status_1_and_the_others_are_heard(
    cli: Cli, suite: Suite, plugged: Plug
) -> None:
    """Its failure is told once, with the mend; the leaderboard is printed."""

    def fatal(_: object) -> Verdict:
        raise Failed("fatal", "no key: set\n\x1b[2JKEY")

    plugged(judges=(judge_class("mute", fatal),))
    done = cli("run", suite(3), "--judge", "mute", "--judge", "coin")
    assert 1 == done.status
    assert 1 == done.err.count("mute could not work: no key: set \\x1b[2JKEY Mend it and repeat the command.")
    assert "| coin " in done.out
    assert "\x1b" not in done.out + done.err


def test_a_contender_that_can_do_nothing_is_status_1(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """The leaderboard says that there is no result, and why."""

    def fatal(_: object) -> str:
        raise Failed("fatal", "no such model")

    plugged(models=(model_class("gone", fatal),))
    done = cli("run", suite(3), "--baseline", "b=ngram/plain", "--contender", "c=gone", "--judge", "coin")
    assert 1 == done.status
    assert "c could not work: no such model" in done.err
    assert "**c**: no result against b" in done.out


def test_a_cost_limit_without_a_price_is_status_2(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """Before anything is called; the line says whose price is missing, and how to name it. With one, the limit holds."""
    asked: list[Any] = []

    def answer(request: Any) -> Completion:
        asked.append(request)
        return Completion(text=f"{len(asked)}", usage=Usage(input_tokens=0, output_tokens=100))

    dear = model_class("dear", answer)
    dear.paid = True
    plugged(models=(dear,))
    args = ("run", suite(3), "--baseline", "dear", "--contender", "odd=dear", "--skip-exam", "--cost-limit")
    told = error(cli(*args, 5), 2)
    assert "the price of 'baseline' is not known: no table knows what this server charges" in told
    assert "--prices: 'dear'" in told
    assert [] == asked
    Path("prices.yaml").write_text(
        "prices: {dear: {input: 1000.0, output: 1000.0}}"
    )  # a dime an answer, at most 65 cents
    done = cli(*args, 0.8, "--prices", "prices.yaml", "--max-connections", 1)
    assert (1, 2) == (done.status, len(asked))
    assert "the cost limit of $0.8 leaves no room for another call: $0.2000 is spent. 12 of 18 judgments" in done.err


def test_failures_are_counted_and_retried_when_asked(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """Never a tie, never a loss; a repeated command leaves them, `--retry-failures` asks again."""
    moods = iter(["unlucky"] * 6)

    def moody(_: object) -> Verdict:
        if next(moods, None):
            raise Failed("timeout", "too slow")
        return Verdict(label="A")

    plugged(judges=(judge_class("moody", moody),))
    args = ("run", suite(3), "--judge", "moody", "--attempts", 1)

    def counts() -> tuple[int, int]:
        (path,) = Path("runs").glob("*/leaderboard.json")
        panel = json.loads(path.read_text())["standings"][0]
        return panel["n_judgments"], panel["n_failures"]

    assert (1, (0, 6)) == (cli(*args).status, counts())
    assert (1, (0, 6)) == (cli(*args).status, counts())
    assert (0, (6, 0)) == (cli(*args, "--retry-failures").status, counts())


def test_why_calls_failed_is_said_once_a_kind(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """Of contenders and judges, in the words of the first such failure; what nobody can judge is no result, status 1."""

    def sour(_: object) -> Verdict:
        raise ValueError("no taste\x1b[2J")

    def short(request: Any) -> str:
        if "0" in request.messages[-1].content:
            raise Failed("refused", "not that one")
        return "x"

    plugged(judges=(judge_class("sour", sour),), models=(model_class("short", short),))
    tiny = suite(3)
    done = cli("run", tiny, "--baseline", "b=ngram/plain", "--contender", "c=short", "--judge", "sour")
    assert 1 == done.status
    assert "c: 1 completion failed (refused): not that one\n" in done.err
    assert "sour: 4 judgments failed (error): ValueError: no taste\\x1b[2J\n" in done.err
    assert "no verdict at all: there is no result. --retry-failures asks again." in done.err
    mixed = cli("run", tiny, "--baseline", "b=ngram/plain", "--contender", "c=short", "--judge", "coin")
    assert 0 == mixed.status
    assert "no verdict" not in mixed.err
