"""`Spec`: what every noun shares. Frozen, closed, with canonical JSON and a content digest."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

SCHEMA_VERSION: Final[Literal[1]] = 1


class Spec(BaseModel):
    """A frozen noun: unknown keys are errors, numbers are finite, equal content has an equal digest."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )

    def canonical(self) -> dict[str, Any]:
        """The content as plain JSON values, fields at their default left out: a new optional field changes no digest."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def content_digest(self) -> str:
        """The content's digest, 32 hexadecimal digits (see `digest`)."""
        return digest(self.canonical())

    def replace(self, **changes: Any) -> Self:
        """A copy with `changes`, validated anew."""
        return type(self).model_validate({**{name: getattr(self, name) for name in self.model_fields_set}, **changes})


def canonical_json(value: Any) -> str:
    """One text for one content: keys sorted, no spaces, UTF-8 kept, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """The first 128 bits of the SHA-256 of `canonical_json(value)`, as 32 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def freeze(value: Any) -> Any:
    """`value` with every mapping key a string, sorted: so that two spellings of one option are one configuration."""
    if isinstance(value, Mapping):
        return {str(key): freeze(value[key]) for key in sorted(value, key=str)}
    return [freeze(each) for each in value] if isinstance(value, list | tuple) else value


def no_surrogates(value: Any) -> Any:
    """A text with its pairs of surrogates joined and each lone one replaced; anything else as it is."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _no_words(value: Any) -> Any:
    """JSON tells numbers from text and truth, and so do the published schemas: `"2"` and `true` are no numbers."""
    if isinstance(value, str | bytes | bool):
        raise ValueError("a number belongs here, without quotes")
    return value


def _plain_json(value: Any) -> Any:
    """`value` as JSON can say it; ValueError where it cannot."""
    if isinstance(value, Mapping):
        return {no_surrogates(str(key)): _plain_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    if value is None or isinstance(value, str | int | float):
        return no_surrogates(value)
    raise ValueError(f"a {type(value).__name__} is no JSON value; put it in quotes")


Prose = Annotated[str, BeforeValidator(no_surrogates)]
"""Text somebody wrote, any text: a lone surrogate, which no file can hold, becomes U+FFFD."""

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=100)]
"""A short name: letters, digits, dot, hyphen and underscore."""

NonEmpty = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), BeforeValidator(no_surrogates)]
"""Text with at least one character that is not white space."""

NUMERIC: Final = BeforeValidator(_no_words)
"""Marks a number that may not be written as text."""

Whole = Annotated[int, Field(ge=-(2**53), le=2**53), NUMERIC]
Positive = Annotated[int, Field(ge=1, le=1_000_000_000), NUMERIC]
Temperature = Annotated[float, Field(ge=0.0, le=2.0), NUMERIC]
Flag = Annotated[bool, Field(strict=True)]
Version = Annotated[Literal[1], NUMERIC]

JsonObject = Annotated[dict[str, Any], BeforeValidator(_plain_json)]
"""Keys and values that JSON can say."""
