"""`brie-bench publish`: what it says, how it ends, and that the leaderboards and the workflow we ship hold."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Result

from brie_bench.cli.publish_command import command


def _publish(cli: Callable[..., Result], suite: Callable[..., Path], *args: object) -> Path:
    assert 0 == cli("run", suite(3), "--judge", "variety").status
    (run,) = (path.name for path in Path("runs").glob("*/"))
    done = cli("publish", run, *args)
    assert (0, f"leaderboards/tiny: {run}\n", "") == (done.status, done.out, done.err)
    return Path("leaderboards/tiny")


def test_what_is_published_passes_the_check(cli: Callable[..., Result], suite: Callable[..., Path]) -> None:
    """By default in `leaderboards`; the check says what it went through and ends with 0."""
    _publish(cli, suite)
    done = cli("publish", "--check")
    assert (0, "") == (done.status, done.err)
    assert done.out.startswith("leaderboards/tiny: every number and word is what the records give (1 run, 6 judgments,")


def test_a_changed_digit_ends_with_100_and_its_cell(cli: Callable[..., Result], suite: Callable[..., Path]) -> None:
    """One line for each difference on stdout, their number on stderr."""
    readme = _publish(cli, suite) / "README.md"
    text = readme.read_text()
    rate = re.search(r"\| +(\d+\.\d %) \|", text)
    assert rate is not None
    readme.write_text(f"{text[: rate.start(1)]}{'99.9 %':>{len(rate[1])}}{text[rate.end(1) :]}")
    done = cli("publish", "--check")
    assert 100 == done.status
    assert f"column 'win rate': expected '{rate[1]}', found '99.9 %'" in done.out
    assert done.out.startswith("leaderboards/tiny/README.md:")
    assert "brie-bench: 1 difference between what is published and its records\n" == done.err


def test_many_differences_are_cut_short(cli: Callable[..., Result], suite: Callable[..., Path]) -> None:
    """The first ones explain the others."""
    readme = _publish(cli, suite) / "README.md"
    begin, *inside, end = readme.read_text().splitlines()
    readme.write_text("\n".join([begin, *(["never"] * 400), *inside, end]))
    done = cli("publish", "--check")
    assert 51 == len(done.out.splitlines())
    assert "leaderboards/tiny: and 350 more" == done.out.splitlines()[-1]


def test_a_hostile_folder_moves_no_cursor(cli: Callable[..., Result], suite: Callable[..., Path]) -> None:
    """Whatever is in the files is printed plain, one line for each difference."""
    readme = _publish(cli, suite) / "README.md"
    readme.write_text(readme.read_text().replace("variety", "v\x1b[2Jariety\u202e"))
    done = cli("publish", "--check")
    assert 100 == done.status
    assert not re.search("[\x1b\u202e]", done.out + done.err)
    assert "v\\x1b[2Jariety" in done.out


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ((), 2, "which runs?"),
        (("--check", "some-run"), 2, "they take neither runs, --with-texts nor each other"),
        (("--refresh", "--with-texts"), 2, "they take neither runs, --with-texts nor each other"),
        (("--check", "--refresh"), 2, "they take neither runs, --with-texts nor each other"),
        (("--refresh",), 1, "no leaderboard is published here."),
        (("--check",), 1, "no leaderboard is published here."),
        (("--check", "--to", "nowhere"), 1, "nowhere: no leaderboard is published here."),
        (("some-run",), 1, "no ledger here yet."),
    ],
)
def test_wrong_usage_is_one_line(cli: Callable[..., Result], args: tuple[str, ...], status: int, said: str) -> None:
    """What is wrong, and the mend."""
    done = cli("publish", *args)
    assert (status, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert said in done.err


def test_another_suite_of_that_name_is_kept_apart_and_said_so(
    cli: Callable[..., Result], suite: Callable[..., Path], tmp_path: Path
) -> None:
    """On stderr; both folders pass."""
    _publish(cli, suite)
    (tmp_path / "tiny" / "prompts" / "all.jsonl").write_text('{"id": "p", "text": "What else?"}\n')
    known = {path.name for path in Path("runs").glob("*/")}
    assert 0 == cli("run", tmp_path / "tiny", "--judge", "variety").status
    (run,) = {path.name for path in Path("runs").glob("*/")} - known
    done = cli("publish", run)
    assert (
        "leaderboards/tiny holds another suite of that name: they may not be compared and are kept apart\n" == done.err
    )
    assert 2 == len(cli("publish", "--check").out.splitlines())


def test_a_leaderboard_is_made_again_from_its_records(cli: Callable[..., Result], suite: Callable[..., Path]) -> None:
    """`--refresh` needs no ledger: after a run was taken out, or in the words of another version."""
    folder = _publish(cli, suite)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "leaderboard.json").unlink()
    (folder / "README.md").write_text((folder / "README.md").read_text().replace("win rate", "rate of wins"))
    assert 100 == cli("publish", "--check").status
    assert 0 == cli("publish", "--refresh").status
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_leaderboards_we_ship_pass(cli: Callable[..., Result]) -> None:
    """Every number and word of them is what their records give, by the code of today."""
    done = cli("publish", "--check", "--to", ROOT / "leaderboards")
    assert (0, "") == (done.status, done.err), done.out
    assert (ROOT / "leaderboards" / "comprehensive57" / "README.md").exists()


# the workflow


def _workflow() -> dict[object, dict[str, object]]:
    text = (ROOT / ".github" / "workflows" / "leaderboard.yml").read_text("utf-8")
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def _steps() -> list[tuple[str, dict[str, str]]]:
    return [(name, step) for name, job in _workflow()["jobs"].items() for step in job["steps"]]  # type: ignore[attr-defined]


def test_the_workflow_calls_the_command_as_it_is() -> None:
    """Its options are options of the command."""
    (line,) = [line for _, step in _steps() for line in step.get("run", "").splitlines() if "publish" in line]
    options = set(re.findall(r"--\w[\w-]*", line))
    assert {"--check", "--to"} == options & {each for param in command.params for each in param.opts}


def test_the_workflow_runs_nothing_of_the_contribution() -> None:
    """Only the tool's folder is installed, no text of the event is put into a script, and what reads the contribution may
    not write."""
    scripts = [step["run"] for _, step in _steps() if "run" in step]
    assert [] == [script for script in scripts if "${{" in script or ("install" in script and "contribution" in script)]
    jobs = _workflow()["jobs"]
    assert {"contents": "read"} == jobs["check"]["permissions"]  # type: ignore[index]
    assert {"comment"} == {name for name, step in _steps() if "GH_TOKEN" in step.get("env", {})}


def test_the_workflows_scripts_are_scripts() -> None:
    """The shell can parse each of them."""
    for _, step in _steps():
        if "run" in step:
            assert 0 == subprocess.run(["bash", "-n"], input=step["run"], text=True).returncode


def test_our_own_checks_include_the_leaderboards() -> None:
    """`.ci/run` checks what we ship."""
    assert "brie-bench publish --check" in (ROOT / ".ci" / "run").read_text("utf-8")
