"""The files that come with the tool are found, wherever it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from brie_bench import shipped as module
from brie_bench.errors import SpecError
from brie_bench.shipped import find_suite, shipped, suite_names


@pytest.mark.parametrize("folder", ["suites", "schemas", "samples"])
def test_a_checkout_uses_its_own_folders(folder: str) -> None:
    """They lie beside the package."""
    assert ROOT / folder == shipped(folder)


def test_a_wheel_uses_the_folders_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie in the package."""
    (tmp_path / "suites" / "tiny").mkdir(parents=True)
    (tmp_path / "suites" / "tiny" / "suite.yaml").write_text("")
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    assert (["tiny"], tmp_path / "suites" / "tiny") == (suite_names(), find_suite("tiny"))


@pytest.mark.parametrize(
    "name", ["comprehensive57", "suites/comprehensive57", "suites/comprehensive57/", "./suites/comprehensive57"]
)
def test_a_shipped_suite_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """By its name, or by the path that it has in a checkout."""
    monkeypatch.chdir(tmp_path)
    assert ROOT / "suites" / "comprehensive57" == find_suite(name)


def test_a_folder_of_ones_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is there is that path; a file is one too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "comprehensive57").mkdir()
    (tmp_path / "suite.yaml").write_text("")
    assert (Path("comprehensive57"), Path("suite.yaml")) == (find_suite("comprehensive57"), find_suite("suite.yaml"))


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("no suite 'comprehensiv57'. Did you mean 'comprehensive57'?", "comprehensiv57"),
        ("no suite 'suites/temprature45'. Did you mean 'temperature45'?", "suites/temprature45"),
        ("no suite 'nowhere/at/all'. Known: comprehensive57, in-domain13,", "nowhere/at/all"),
        ("no suite 'other/comprehensive57'. Did you mean 'comprehensive57'?", "other/comprehensive57"),
        ("no suite '\\x1b[31m'. Known: ", "\x1b[31m"),
        (f"no suite '{'a' * 119}…'. Known: ", "a" * 5000),
        ("no suite 'suites/absent/..'. Known: ", "suites/absent/.."),
    ],
)
def test_an_unknown_suite_has_its_did_you_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: str, name: str
) -> None:
    """In one line, however long or strange the name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as caught:
        find_suite(name)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)
