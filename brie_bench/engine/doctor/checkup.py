"""The check-up: what is installed, set, reachable and recorded, and what to do where something is missing.

It holds nothing secret: of a key only whether it is set, of an address nothing that could carry one.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from brie_bench import __version__
from brie_bench.engine.doctor.reach import is_here, reach
from brie_bench.engine.ledger import FILE, Ledger
from brie_bench.errors import BrieError, Failed, plain
from brie_bench.plugin.catalog import KINDS, Catalog
from brie_bench.plugin.manager import DISABLE
from brie_bench.plugin.remote import RemoteModel

State = Literal["ok", "note", "warning", "error"]
"""`note`: not there, and not needed as long as nobody uses it. `error`: configured, and cannot work."""

_BUILDING = frozenset(["mutation", "test"])
_REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:>=\s*([\d.]+))?[^;]*;.*extra == ['\"]([\w-]+)['\"]")
_SMALL = 2**30
"""Bytes of free disk below which a long run may fill it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    area: str
    name: str
    state: State
    says: str
    mend: str = ""
    """What to do; empty where there is nothing to do."""


def checkup(folder: Path, catalog: Catalog, *, online: bool = False) -> list[Check]:
    """Everything. Servers on this machine are asked whether they answer; others only when `online`."""
    return [*_versions(), *_extras(), *_plugins(catalog), *_providers(catalog, online), *_runs(folder), *_machine()]


def _versions() -> Iterator[Check]:
    yield Check("versions", "brie-bench", "ok", __version__)
    yield Check("versions", "Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _extras() -> Iterator[Check]:
    """Each extra that brings libraries of its own."""
    needed: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for requirement in importlib.metadata.requires("brie-bench") or ():
        if (match := _REQUIREMENT.match(requirement)) and match[3] not in _BUILDING and match[1] != "brie-bench":
            needed[match[3]].append((match[1], match[2] or "0"))
    names = {extra: {name for name, _ in libraries} for extra, libraries in needed.items()}
    for extra, libraries in sorted(needed.items()):
        if any(other < names[extra] for other in names.values()):  # several extras in one
            continue
        found = {name: _installed(name) for name, _ in libraries}
        missing = [name for name, _ in libraries if not found[name]]
        old = [
            f"{name} >= {least}" for name, least in libraries if found[name] and _number(found[name]) < _number(least)
        ]
        says = ", ".join(f"{name} {version}" for name, version in found.items() if version)
        mend = f"pip install 'brie-bench[{extra}]'"
        if missing:
            yield Check("extras", extra, "note", f"not installed: {', '.join(missing)}", mend)
        elif old:
            yield Check("extras", extra, "warning", f"{says}; needed: {', '.join(old)}", mend)
        else:
            yield Check("extras", extra, "ok", says)


def _installed(distribution: str) -> str:
    """Its version; empty where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _plugins(catalog: Catalog) -> Iterator[Check]:
    counts = Counter({kind: len(catalog.names(kind)) for kind in KINDS})
    yield Check("plugins", "found", "ok", ", ".join(f"{n} {kind}{'s' * (n != 1)}" for kind, n in counts.items()))
    for name, reason in sorted(catalog.broken.items()):
        yield Check("plugins", plain(name, 80), "warning", f"broken: {plain(reason)}", "Mend or uninstall it.")
    for name in catalog.manager.disabled:
        yield Check("plugins", plain(name, 80), "note", f"disabled by {DISABLE}")


def _providers(catalog: Catalog, online: bool) -> Iterator[Check]:
    """For each provider its library, its key and its server."""
    models: dict[str, RemoteModel] = {}
    keys: dict[str, Check] = {}
    for name, cls in sorted(catalog.classes["model"].items()):
        if issubclass(cls, RemoteModel):
            try:
                models[name] = cast("RemoteModel", catalog.model(f"{name}/MODEL"))
                keys[name] = _key(name, models[name])
            except BrieError as error:
                keys[name] = _unbuilt(name, cls, error)
    yield from keys.values()
    wrong = reach(
        model.address
        for name, model in models.items()
        if is_here(model.address) or (online and (not model.at_home or keys[name].state == "ok"))
    )
    for name, model in models.items():
        named = _first_set(model.url_variables)
        where = model.address + (f" ({named})" if named else "")
        if model.address not in wrong:
            why = "without a key" if online else "without --online"
            yield Check("servers", name, "note", f"{where}: not asked {why}")
        elif wrong[model.address]:
            mend = "Start it, or mend the address." if named else "Check the network, the proxy and the firewall."
            yield Check("servers", name, "error", f"{where}: {wrong[model.address]}", mend)
        else:
            yield Check("servers", name, "ok", f"{where}: answers")


def _unbuilt(name: str, cls: type[RemoteModel], error: BrieError) -> Check:
    """A model that cannot be built: its address is none, which is an error, or its library is not there."""
    where = _first_set(cls.url_variables)
    if where and where in error.what:
        return Check("keys", name, "error", error.what.partition(": ")[2], error.mend)
    key = _first_set(cls.key_variables)
    says = f"{key} is set, but {cls.library} is not installed" if key else f"{cls.library} is not installed"
    return Check("keys", name, "warning" if key else "note", says, error.mend)


def _key(name: str, model: RemoteModel) -> Check:
    variable = model.key_variable
    try:
        model.key()
    except Failed as failed:
        if os.environ.get(variable, "").strip():
            return Check("keys", name, "error", failed.message, f"Set {variable} again.")
        variables = " or ".join(model.key_variables)
        return Check("keys", name, "note", "not set", f"Set {variables} to use {name}/… models.")
    given = os.environ.get(variable, "").strip()
    return Check("keys", name, "ok", f"{variable} is set" if given else "none is set; this server may need none")


def _first_set(variables: tuple[str, ...]) -> str:
    return next(filter(os.environ.get, variables), "")


def _runs(folder: Path) -> Iterator[Check]:
    """The working folder, its disk and its ledger."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        yield Check("runs", "folder", "error", f"{plain(there)} cannot be written", "Name another one with --runs.")
        return
    free = shutil.disk_usage(there).free
    state: State = "ok" if free >= _SMALL else "warning"
    yield Check(
        "runs", "disk", state, f"{free / 2**30:.1f} GiB free at {plain(there)}", "" if state == "ok" else "Make room."
    )
    path = folder / FILE
    if not path.exists():
        yield Check("runs", "ledger", "note", f"none in {plain(folder)} yet: the first run makes it")
        return
    try:
        with Ledger(folder, create=False) as ledger:
            n_runs, n_verdicts = ledger.select("SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM verdict)")[0]
    except BrieError as error:
        yield Check("runs", "ledger", "error", f"{plain(error.where)}: {error.what}", error.mend)
        return
    size = path.stat().st_size / 2**20
    yield Check(
        "runs",
        "ledger",
        "ok",
        f"{plain(path)}: {n_runs} run{'s' * (n_runs != 1)}, {n_verdicts} verdicts, {size:.1f} MiB",
    )


def _machine() -> Iterator[Check]:
    """torch and a GPU, where there is one of them; torch is not imported, which takes seconds."""
    torch, gpus = _installed("torch"), _gpus()
    for gpu in gpus:
        yield Check("machine", "GPU", "ok", plain(gpu))
    if torch:
        yield Check("machine", "torch", "ok", torch)


def _gpus() -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603  found above
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
