"""What a plugin hands back, before it is recorded: only what can be read again may enter the ledger."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from brie_bench.errors import Failed, FailureKind
from brie_bench.files import first_error
from brie_bench.spec.base import Spec

S = TypeVar("S", bound=Spec)


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
