"""The desk: where every protocol's requests are answered by one policy, or with a problem."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import replace

from brie_bench.testing.asking import Accounting, Answer, Asked, Ending, Usage, count, cut
from brie_bench.testing.drawing import fingerprint
from brie_bench.testing.fault import Form
from brie_bench.testing.policies import Policy


class Problem(Exception):  # noqa: N818  what is wrong with a request; a protocol puts it into its own words
    """A request that gets an error status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: float | None = None,
        form: Form = "seconds",
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.form: Form = form
        self.reason = reason
        """The protocol's own code, where the status alone does not say it."""


DECLINED = "I'm sorry, but I can't help with that."

ANTHROPIC_SAMPLING = ("temperature", "top_p", "top_k")
"""What anthropic's present API version answers with a 400."""


class Desk:
    """Answers what is asked: the policy's answer, cut off at `max_tokens`, counted."""

    def __init__(
        self,
        policy: Policy,
        *,
        accounting: Accounting = Accounting(),  # noqa: B008  frozen
        models: Collection[str] | None = None,
        versions: Mapping[str, str] | None = None,
        refuses: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.policy = policy
        self.accounting = accounting
        self.models = models
        self.versions = versions or {}
        self.refuses = {"anthropic": ANTHROPIC_SAMPLING} if refuses is None else refuses
        self._numbers = itertools.count(1)

    def identifier(self, prefix: str) -> str:
        """A new name: `msg_` and twenty-four characters."""
        return prefix + fingerprint(prefix, next(self._numbers)).hex()[:24]

    def check_model(self, model: str) -> None:
        """Raises Problem for a model that is not served."""
        if self.models is not None and model not in self.models:
            raise Problem(404, f"model: {model}", reason="model_not_found")

    def check_parameters(self, protocol: str, given: Collection[str]) -> None:
        """Raises Problem for a parameter that this server is told to refuse."""
        for name in self.refuses.get(protocol, ()):
            if name in given:
                raise Problem(
                    400, f"{name}: this parameter is not supported with this model.", reason="unsupported_parameter"
                )

    def version(self, model: str) -> str:
        """The answering model's id for a model's name."""
        return self.versions.get(model, model)

    def answer(self, asked: Asked, ending: Ending | None = None) -> tuple[Answer, Usage]:
        """The answer and what it took; `ending` is how it is made to end."""
        answer = _ended(asked, self.policy(asked), ending)
        if asked.max_tokens is not None and count(answer.text) > asked.max_tokens:
            answer = replace(answer, text=cut(answer.text, asked.max_tokens), ending=Ending.LENGTH)
        return answer, self.accounting.usage(asked, answer)


def _ended(asked: Asked, answer: Answer, ending: Ending | None) -> Answer:
    if ending is Ending.LENGTH and not asked.questions:
        return replace(answer, text=cut(answer.text, count(answer.text) // 2), ending=ending)
    if ending is Ending.REFUSAL:
        return Answer(DECLINED, ending, (None,) * len(asked.questions))
    if ending is Ending.BLOCK:
        return Answer("", ending, (None,) * len(asked.questions))
    return answer
