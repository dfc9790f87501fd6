"""The ready configurations: each is valid, names models whose price is known, and can be planned before it is paid."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Result

from brie_bench.errors import SpecError
from brie_bench.files import read_config
from brie_bench.plugin import remote
from brie_bench.shipped import find_recipe, recipe_names

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The providers' own addresses, without keys; the libraries are not called, so they need not be there."""
    for variable in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(remote, "_installed", lambda module: True)


def _planned(cli: Cli, name: str) -> dict[str, list[str]]:
    """The dry run's rows: what is called to its numbers and costs."""
    done = cli("run", "in-domain13", "-c", name, "--dry-run")
    assert (0, "") == (done.status, done.err)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.out.splitlines() if "|" in line]
    return {row[0]: row[1:] for row in rows[2:]}


def test_the_readme_lists_them_all() -> None:
    """Each with its link."""
    text = (ROOT / "recipes" / "README.md").read_text()
    assert recipe_names() == sorted(re.findall(r"\[`([\w-]+)`\]\(\1\.yaml\)", text))


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_is_valid_and_says_which_schema_it_follows(name: str) -> None:
    """Its first line tells an editor; its comment says how to run it."""
    path = find_recipe(Path(name))
    first, *_ = text = path.read_text().splitlines()
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).is_file()
    assert {"judges", "schema_version"} <= read_config(path).keys()
    assert any(f"-c {name}" in line for line in text)


@pytest.mark.parametrize(("name", "n_judges"), [("panel-three-labs", 4), ("panel-cheap", 3)])
def test_a_panels_price_is_known_before_it_is_paid(cli: Cli, name: str, n_judges: int) -> None:
    """Every judge has one; the two contenders are the embedded ones, which cost nothing."""
    pytest.importorskip(
        "genai_prices", reason="the price table is not installed; `pip install 'brie-bench[providers]'`"
    )
    rows = _planned(cli, name)
    prices = [row[-2] for what, row in rows.items() if what.startswith("judgments")]
    assert n_judges == len(prices)
    assert [] == [price for price in prices if not re.fullmatch(r"\$\d+\.\d+", price) or float(price[1:]) == 0]
    assert {"$0.00"} == {row[-2] for what, row in rows.items() if what.startswith("completions")}


def test_the_cheap_panel_is_cheap(cli: Cli) -> None:
    """At most a dollar for the comprehensive suite, a tenth of the large panel's."""
    pytest.importorskip(
        "genai_prices", reason="the price table is not installed; `pip install 'brie-bench[providers]'`"
    )
    done = {name: cli("run", "comprehensive57", "-c", name, "--dry-run").out for name in recipe_names()}
    most = {name: re.findall(r"\$([\d.]+)", out.split("in all")[1])[:2] for name, out in done.items()}
    assert float(most["panel-cheap"][1]) < 1.0
    assert float(most["panel-cheap"][0]) < float(most["panel-three-labs"][0]) / 10


def test_the_local_panel_names_no_other_machine(cli: Cli) -> None:
    """Nobody can know its price."""
    text = find_recipe(Path("panel-local")).read_text()
    assert {"localhost"} == set(re.findall(r"base_url: https?://([^:/\s]+)", text))
    assert {"unknown"} == {row[-2] for row in _planned(cli, "panel-local").values()}


@pytest.mark.parametrize("name", ["panel-cheap", "panel-cheap.yaml", "recipes/panel-cheap.yaml", "recipes/panel-cheap"])
def test_a_recipe_is_found_by_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Or by the path that it has in a checkout; a file of one's own comes first."""
    monkeypatch.chdir(tmp_path)
    assert ROOT / "recipes" / "panel-cheap.yaml" == find_recipe(Path(name))
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("judges: [coin]\n")
    assert Path(name) == find_recipe(Path(name))


def test_what_is_no_recipe_stays_a_path_or_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name has its did-you-mean; a path is read, and the reader says that nothing is there."""
    monkeypatch.chdir(tmp_path)
    assert [Path("absent.yaml"), Path("a/panel-cheap")] == [
        find_recipe(Path(n)) for n in ("absent.yaml", "a/panel-cheap")
    ]
    with pytest.raises(SpecError, match=r"no configuration 'panel-chep'.*Did you mean 'panel-cheap'"):
        find_recipe(Path("panel-chep"))
    with pytest.raises(SpecError, match=r"no configuration 'a+…'"):
        find_recipe(Path("a" * 5000))
