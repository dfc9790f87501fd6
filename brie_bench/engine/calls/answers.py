"""What a plugin hands back, before it is recorded: only what can be read again may enter the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from brie_bench.errors import Failed, FailureKind
from brie_bench.files import first_error
from brie_bench.plugin.kinds import failure_of, unexpected
from brie_bench.spec.base import Spec
from brie_bench.spec.judgment import Failure

S = TypeVar("S", bound=Spec)

LONGEST_RAW = 1024 * 1024
"""Characters of an answer that are read and kept."""


def checked(answer: Any, kind: type[S], who: str) -> S:
    """`answer`, if it is a whole `kind`, as the ledger will give it back.

    An instance proves little: `model_construct` and `model_copy(update=…)` validate nothing, and what they let through
    could never be read again. Raises Failed, kind `error`, for anything else.
    """
    if not isinstance(answer, kind):
        raise Failed(FailureKind.ERROR, f"the {who} returned a {type(answer).__name__}, no {kind.__name__}")
    try:
        return kind.model_validate_json(answer.model_dump_json(exclude_defaults=True, warnings=False))
    except ValidationError as error:
        reason = first_error(error, kind)
    except (ValueError, TypeError, AttributeError) as error:
        reason = str(error)
    raise Failed(FailureKind.ERROR, f"the {who} returned no valid {kind.__name__}: {reason}")


def answer_of(work: Callable[[], Any]) -> Any:
    """What `work` returns, or the Failure for whatever it raises."""
    try:
        return work()
    except BaseException as error:  # a plugin's SystemExit or KeyboardInterrupt is its own failure, not ours
        return told(error)


def told(error: BaseException) -> Failure:
    """The Failure for whatever a plugin raised, with as much of its text as is kept."""
    try:
        failure = failure_of(error) if isinstance(error, Failed) else unexpected(error)
    except Exception:  # an exception that cannot even be told
        return Failure(kind=FailureKind.ERROR, message=f"{type(error).__name__}, without words")
    if max(len(failure.raw), len(failure.message)) <= LONGEST_RAW:
        return failure
    return failure.replace(raw=failure.raw[:LONGEST_RAW], message=failure.message[:LONGEST_RAW])
