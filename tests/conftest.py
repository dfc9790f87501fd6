"""What several tests use: the command line in process, plugins made on the spot, small suites, recorded data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brie_bench import Completion, FinishReason, Judge, Model, Presentation, Request, Verdict, hookimpl
from brie_bench.cli import main
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BRIE_BENCH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded judgments that lies beside the project; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("the recorded judgments do not lie beside this checkout")
    return SHARED


@dataclass(frozen=True)
class Result:
    """What a command did."""

    status: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `brie-bench` in process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Result:
        status = main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Path]:
    """Write a suite of `n` prompts in one section; its folder. `head` and `section` add keys."""

    def write(n: int = 3, name: str = "tiny", *, section: dict[str, Any] | None = None, **head: Any) -> Path:
        folder = tmp_path / name
        (folder / "prompts").mkdir(parents=True)
        prompts = [{"id": f"p-{number}", "text": f"What is the use of the number {number}?"} for number in range(n)]
        (folder / "prompts" / "all.jsonl").write_text("".join(json.dumps(each) + "\n" for each in prompts))
        parts = {"name": "all", "kind": "in_domain", "prompts": "prompts/all.jsonl", **(section or {})}
        content = {"name": name, "title": "A tiny suite", **head, "sections": [parts]}
        (folder / "suite.yaml").write_text(json.dumps(content))  # JSON is YAML
        return folder

    return write


def judge_class(judge_name: str, decide: Callable[[Presentation], Verdict]) -> type[Judge]:
    """A judge plugin class that does what `decide` does; it may raise Failed, hang, or return nonsense."""

    class Scripted(Judge):
        name = judge_name

        def judge(self, shown: Presentation) -> Verdict:
            return decide(shown)

    return Scripted


def model_class(model_name: str, answer: Callable[[Request], str | Completion]) -> type[Model]:
    """A model plugin class that answers what `answer` returns, a text or a whole Completion."""

    class Scripted(Model):
        name = model_name
        supports = frozenset({"max_tokens", "temperature", "seed"})

        def complete(self, request: Request) -> Completion:
            given = answer(request)
            return given if isinstance(given, Completion) else Completion(text=given, finish_reason=FinishReason.STOP)

    return Scripted


def plugin_of(*, judges: tuple[type, ...] = (), models: tuple[type, ...] = (), importers: tuple[type, ...] = ()) -> Any:
    """A plugin object that registers these classes."""

    class Plugin:
        @hookimpl
        def register_judges(self, register: Any) -> None:
            for cls in judges:
                register(cls)

        @hookimpl
        def register_models(self, register: Any) -> None:
            for cls in models:
                register(cls)

        @hookimpl
        def register_importers(self, register: Any) -> None:
            for cls in importers:
                register(cls)

    return Plugin()


@pytest.fixture
def catalog_of() -> Callable[..., Catalog]:
    """A catalog of the installed plugins and some made on the spot."""

    def make(**classes: tuple[type, ...]) -> Catalog:
        return Catalog(make_manager([plugin_of(**classes)]))

    return make
