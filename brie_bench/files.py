"""YAML and JSONL to nouns and back. Whatever is wrong with a file is said with its path, line and key."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import ValidationError

from brie_bench.errors import BrieError, SpecError, did_you_mean, plain
from brie_bench.spec.base import NAME, Spec, no_surrogates
from brie_bench.spec.config import RunConfig
from brie_bench.spec.prompt import Prompt
from brie_bench.spec.suite import Section, Suite, SuiteFile

S = TypeVar("S", bound=Spec)

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one JSONL line; a longer one is refused rather than held in memory."""


def read_text(path: Path) -> str:
    """The file's text: UTF-8, a byte order mark allowed."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SpecError(
            f"byte {error.start} is not UTF-8.", where=f"{path}:{line}", mend="Save the file as UTF-8."
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> SpecError:
    """The one line for a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return SpecError("no such file.", where=path)
    if isinstance(error, IsADirectoryError):
        return SpecError("this is a folder, a file is needed.", where=path)
    return SpecError(f"{error.strerror or error}.", where=path)


def read_lines(path: Path) -> Iterator[tuple[int, str | SpecError]]:
    """Line number and text of each line that is not blank; a line that is no UTF-8 or too long comes as the error it is.

    Streams: memory is one line, whatever the file.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None
    with file:
        number = 0
        try:
            while raw := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(raw) > LONGEST_LINE:
                    while raw and not raw.endswith(b"\n"):
                        raw = file.readline(LONGEST_LINE)
                    yield number, SpecError(f"longer than {LONGEST_LINE} bytes.", where=f"{path}:{number}")
                    continue
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    yield number, SpecError(f"byte {error.start} is not UTF-8.", where=f"{path}:{number}")
                    continue
                if line.strip():
                    yield number, line
        except OSError as error:
            raise unreadable(path, error) from None


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any] | SpecError]]:
    """Line number and JSON object of each line; a line that holds none comes as the error it is, and reading goes on."""
    for number, line in read_lines(path):
        if isinstance(line, SpecError):
            yield number, line
            continue
        where = f"{path}:{number}"
        try:
            value = json.loads(line, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            yield number, SpecError(f"not valid JSON: {error.msg} (column {error.colno}).", where=where)
            continue
        except (ValueError, RecursionError) as error:
            message = "nested too deep" if isinstance(error, RecursionError) else str(error)
            yield number, SpecError(f"not valid JSON: {message}.", where=where)
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield number, SpecError(f"a {type(value).__name__} where a JSON object belongs.", where=where)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key '{plain(twice, 60)}' occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def read_jsonl(path: Path, kind: type[S]) -> Iterator[tuple[int, S | SpecError]]:
    """Line number and `kind` of each line; a line that is none comes as the error it is, and reading goes on."""
    for number, value in read_objects(path):
        if isinstance(value, SpecError):
            yield number, value
        else:
            try:
                yield number, kind.model_validate(value)
            except ValidationError as error:
                yield number, SpecError(first_error(error, kind), where=f"{path}:{number}")


def read_yaml(path: Path) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """A YAML file's value, and the line of each key.

    What JSON cannot say is refused (tags, merged mappings, keys that are no text), and so are duplicate keys and aliases
    that explode. A date is text, as in JSON and as editors read it.
    """
    import yaml

    text = read_text(path)
    if path.suffix == ".json":
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not; no text in JSON holds a raw one
    lines: dict[tuple[str | int, ...], int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return _build(node, (), lines, path, yaml.SafeLoader(""), [0]), lines
    except yaml.reader.ReaderError as error:
        where = f"{path}:{text.count(chr(10), 0, error.position) + 1}"
        raise SpecError(
            f"not valid YAML: character U+{error.character:04X} may not stand in it.", where=where
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise SpecError(f"not valid YAML: {error.problem or error.context}.", where=where) from None
    except yaml.YAMLError as error:
        raise SpecError(f"not valid YAML: {plain(error, 120)}.", where=path) from None
    except RecursionError:
        raise SpecError("not valid YAML: nested too deep.", where=path) from None


_MOST_NODES = 100_000


def _build(
    node: Any,
    key: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    path: Path,
    loader: Any,
    seen: list[int],
) -> Any:
    """The value of a YAML node, remembering the line of each key."""
    import yaml

    seen[0] += 1
    if seen[0] > _MOST_NODES:
        raise SpecError(f"more than {_MOST_NODES} values.", where=path)
    if node is None:
        return None
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, path, loader)
    if node.tag not in (f"{_YAML}map", f"{_YAML}seq"):
        raise _refused(node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*key, index), lines, path, loader, seen) for index, child in enumerate(node.value)]
    found: dict[str, Any] = {}
    for name_node, value_node in node.value:
        name = _scalar(name_node, path, loader) if isinstance(name_node, yaml.ScalarNode) else None
        line = name_node.start_mark.line + 1
        where = f"{path}:{line}"
        if not isinstance(name, str):
            words = f" {plain(name_node.value, 40)}" if isinstance(name_node, yaml.ScalarNode) else ""
            raise SpecError(f"key{words} is no text.", where=where, mend="Put it in quotes.")
        if name in found:
            raise SpecError(f"key '{plain(name, 60)}' occurs twice.", where=where, mend="Remove one.")
        lines[*key, name] = line
        found[name] = _build(value_node, (*key, name), lines, path, loader, seen)
    return found


_YAML = "tag:yaml.org,2002:"


def _scalar(node: Any, path: Path, loader: Any) -> Any:
    """Text, a number, true, false or nothing."""
    kind = node.tag.removeprefix(_YAML)
    if kind in ("str", "timestamp"):
        return no_surrogates(node.value)
    if kind not in ("int", "float", "bool", "null"):
        raise _refused(node, path)
    try:
        return loader.construct_object(node)
    except (ValueError, KeyError):
        where = f"{path}:{node.start_mark.line + 1}"
        raise SpecError(f"'{plain(node.value, 40)}' is no {kind}.", where=where) from None


def _refused(node: Any, path: Path) -> SpecError:
    """The one line for YAML that JSON cannot say."""
    where = f"{path}:{node.start_mark.line + 1}"
    if node.tag == f"{_YAML}merge":
        return SpecError("'<<' merges mappings, which is not taken here.", where=where, mend="Write the keys out.")
    tag = plain(node.tag.replace(_YAML, "!!"), 60)
    return SpecError(f"the tag '{tag}' is not taken here.", where=where, mend="Write text, numbers, lists or mappings.")


_IN_WORDS = {
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be keys and values",
    "model_type": "must be keys and values",
    "model_attributes_type": "must be keys and values",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
}


def first_error(error: ValidationError, kind: type[Spec], written: Any = None) -> str:
    """The first thing wrong, as `key 'sections.0.kind': …`, with the nearest known name for a wrong key.

    `written` is what was validated, where a file may write it otherwise: then keys are named as it does.
    """
    first = _first(error)
    location = [str(part) for part in _as_written(first["loc"], written)]
    if first["type"] == "extra_forbidden":
        parent = ".".join(location[:-1])
        inside = f" in '{parent}'" if parent else ""
        return f"key '{plain(location[-1], 60)}'{inside} is not known.{did_you_mean(location[-1], _keys(kind, first['loc']))}"
    if first["type"] == "missing":
        return f"key '{'.'.join(location)}' is missing."
    message = _message(first)
    return f"key '{'.'.join(location)}': {message}." if location else f"{message}."


def _first(error: ValidationError) -> Any:
    """The first error; of a missing key and an unknown one beside it, which may be that key misspelt, the unknown one."""
    errors = error.errors(include_url=False)
    first = errors[0]
    if first["type"] != "missing":
        return first
    beside = (each for each in errors if each["type"] == "extra_forbidden" and each["loc"][:-1] == first["loc"][:-1])
    return next(beside, first)


def _message(first: Any) -> str:
    """What pydantic says, in our words where they are plainer."""
    if first["type"] in _IN_WORDS:
        return _IN_WORDS[first["type"]]
    context = first.get("ctx", {})
    if first["type"] == "too_short":
        fewest = context["min_length"]
        return f"needs at least {fewest} {'entry' if fewest == 1 else 'entries'}"
    if first["type"] == "string_pattern_mismatch" and not first["input"].strip():
        return "must not be empty"
    if first["type"] == "string_pattern_mismatch" and context["pattern"] == NAME:
        return f"'{plain(first['input'], 60)}' is no name: letters, digits, dot, hyphen and underscore only"
    message = str(first["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message[:1].lower() + message[1:]


def _as_written(location: tuple[str | int, ...], written: Any) -> tuple[str | int, ...]:
    """`location`, with the name of an entry where a list that was validated is written as keys and values."""
    found: list[str | int] = []
    for part in location:
        if isinstance(written, dict) and isinstance(part, int):
            part = list(written)[part]  # noqa: PLW2901  the entry's name stands for its position
        found.append(part)
        inside = isinstance(written, dict) or (isinstance(written, list) and isinstance(part, int))
        try:
            written = written[part] if inside else None
        except LookupError:
            written = None
    return tuple(found)


def _keys(kind: type[Spec], location: tuple[str | int, ...]) -> list[str]:
    """The names that `kind` takes at `location`'s parent, where that can be told."""
    fields: Any = kind.model_fields
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        inner = _inner(fields[part].annotation) if part in fields else None
        if inner is None:
            return []
        fields = inner.model_fields
    return list(fields)


def _inner(annotation: Any) -> type[Spec] | None:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    return next((found for each in getattr(annotation, "__args__", ()) if (found := _inner(each))), None)


def read_spec(path: Path, kind: type[S]) -> S:
    """A YAML or JSON file as `kind`; what is wrong is said with the line of its key."""
    value, lines = read_yaml(path)
    return validate(value, kind, path, lines)


def validate(value: Any, kind: type[S], path: Path, lines: Mapping[tuple[str | int, ...], int]) -> S:
    """`value`, read from `path`, as `kind`."""
    if not isinstance(value, dict):
        raise SpecError("the file must hold keys and values.", where=path)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        location = _as_written(_first(error)["loc"], value)
        line = next((lines[location[:end]] for end in range(len(location), -1, -1) if location[:end] in lines), 1)
        raise SpecError(first_error(error, kind, value), where=f"{path}:{line}") from None


def read_suite(folder: Path) -> Suite:
    """The suite in `folder` (or of a `suite.yaml`), its prompts read in."""
    path = folder / "suite.yaml" if folder.is_dir() else folder
    folder = path.parent
    if not path.exists():
        raise SpecError("no suite here: no such file.", where=path)
    value, lines = read_yaml(path)
    head = validate(value, SuiteFile, path, lines)
    sections = []
    for index, section in enumerate(head.sections):
        here = f"{path}:{lines.get(('sections', index, 'prompts'), 1)}"
        target = folder / section.prompts
        if not _is_inside(target, folder):
            raise SpecError("key 'prompts' points out of the suite's folder.", where=here, mend="Move the file inside.")
        prompts = _prompts(target)
        if not prompts:
            raise SpecError("no prompt in this file.", where=target)
        sections.append(Section.model_validate({**dict(section), "prompts": prompts}))
    try:
        return Suite.model_validate({**dict(head), "sections": tuple(sections)})
    except ValidationError as error:
        raise SpecError(first_error(error, Suite), where=path) from None


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether `path`, its links followed, lies in `folder`; a circle of links and what is no path at all lie nowhere."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _prompts(path: Path) -> tuple[Prompt, ...]:
    prompts: dict[str, tuple[int, Prompt]] = {}
    words: dict[str, tuple[int, Prompt]] = {}
    for number, prompt in read_jsonl(path, Prompt):
        if isinstance(prompt, SpecError):
            raise prompt
        where = f"{path}:{number}"
        if prompt.id in prompts:
            first = prompts[prompt.id][0]
            raise SpecError(f"prompt id '{prompt.id}' is that of line {first} too.", where=where, mend="Rename one.")
        if prompt.key in words:
            raise SpecError(
                f"prompt '{prompt.id}' has the words of '{words[prompt.key][1].id}' on line {words[prompt.key][0]}.",
                where=where,
                mend="Use 'repeats' to ask a prompt again.",
            )
        prompts[prompt.id] = words[prompt.key] = number, prompt
    return tuple(prompt for _, prompt in prompts.values())


def read_config(path: Path) -> dict[str, Any]:
    """A run's configuration file as written, checked key by key; what it leaves out, flags and defaults fill."""
    value, lines = read_yaml(path)
    if not isinstance(value, dict):
        raise SpecError("the file must hold keys and values.", where=path)
    unknown = next((name for name in value if name not in RunConfig.model_fields), None)
    if unknown is not None:
        where = f"{path}:{lines[(unknown,)]}"
        raise SpecError(
            f"key '{plain(unknown, 60)}' is not known.{did_you_mean(unknown, RunConfig.model_fields)}", where=where
        )
    absent = "stands-in-for-what-flags-and-defaults-give"
    stand_in: dict[str, Any] = {
        "baseline": {"name": f"baseline-{absent}", "model": absent},
        "contenders": {f"contender-{absent}": absent},
        "judges": [absent],
    }
    validate({**stand_in, **value}, RunConfig, path, lines)
    return value


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write in place of `path`, which it replaces at once when all is written: a reader sees the old file or
    the new one, never half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise BrieError(f"cannot be written: {error.strerror or error}.", where=path) from None
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise BrieError(f"cannot be written: {error.strerror or error}.", where=path) from None
        raise


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text` at once."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


class Source(NamedTuple):
    """A file of records, as their importer names it."""

    path: Path
    name: str
    digest: str


def sources(paths: Sequence[Path]) -> Iterator[Source]:
    """Each file with its SHA-256 and a name of its own: the file's, with as many folders as tell it from the others.

    Raises SpecError for a file that cannot be read, or not twice, and for the same bytes given twice: they would count twice.
    """
    seen: dict[str, str] = {}
    for path, name in zip(paths, _told_apart(paths), strict=True):
        try:
            if path.exists() and not path.is_file() and not path.is_dir():
                raise SpecError("no regular file, and it is read twice.", where=path, mend="Save it to a file first.")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise unreadable(path, error) from None
        if digest in seen:
            raise SpecError(f"the same file as {seen[digest]}: it would count twice.", where=path, mend="Name it once.")
        seen[digest] = name
        yield Source(path, name, digest)


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """The last part of each path, and as many before it as it takes for different paths to have different names."""
    parts = [path.absolute().parts for path in paths]
    found = []
    for mine in parts:
        others = [each for each in parts if each != mine]
        length = next(n for n in range(1, len(mine) + 1) if all(each[-n:] != mine[-n:] for each in others))
        found.append(Path(*mine[-length:]).as_posix())
    return found


def to_jsonl(records: Iterable[Spec]) -> Iterator[str]:
    """One canonical line a record, with its line feed."""
    from brie_bench.spec.base import canonical_json

    for record in records:
        yield canonical_json(record.canonical()) + "\n"
