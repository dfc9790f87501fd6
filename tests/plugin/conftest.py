"""Distributions made on the spot: real metadata and modules in a folder on the path, as an installer leaves them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

JUDGE = """
    from brie_bench import Judge, Verdict, hookimpl

    class {cls}(Judge):
        \"\"\"Prefers what is shown second.\"\"\"

        name = "{name}"

        def judge(self, shown):
            return Verdict(label="B", rationale="it was second")

    @hookimpl
    def register_judges(register):
        register({cls})
"""


def judge_source(name: str, cls: str = "Second") -> str:
    """The source of a plugin module with one judge."""
    return JUDGE.format(name=name, cls=cls)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Install a distribution with one entry point; the folder that it lies in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    made: list[str] = []

    def install(module: str, source: str, *, entry: str = "", distribution: str = "", target: str = "") -> Path:
        (folder / f"{module}.py").write_text(textwrap.dedent(source))
        distribution = distribution or f"dist-{module.replace('_', '-')}"
        metadata = folder / f"{distribution.replace('-', '_')}-1.5.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n")
        points = metadata / "entry_points.txt"
        before = points.read_text() if points.exists() else "[brie_bench]\n"
        points.write_text(f"{before}{entry or module} = {target or module}\n")
        made.append(module)
        return folder

    yield install
    for module in made:
        sys.modules.pop(module, None)
