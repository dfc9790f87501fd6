"""The server's policies as plugins, without a server: what a run over the server must agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brie_bench.testing.asking import Accounting, Answer, Asked, Ending, Question, Usage
from brie_bench.testing.desk import Desk
from brie_bench.testing.policies import Judging, Policy

if TYPE_CHECKING:
    from brie_bench import Completion, Judge, Model, Presentation, Request, Verdict


def model_class(name: str, policy: Policy, *, model: str = "", accounting: Accounting = Accounting()) -> type[Model]:  # noqa: B008  frozen
    """A model plugin that answers by `policy`, in each of the shapes that can be asked for.

    `model` is the name that the policy sees; the plugin's own where it is left out.
    """
    from brie_bench import Completion, FinishReason, Model

    desk = Desk(policy, accounting=accounting)
    reasons = {Ending.STOP: FinishReason.STOP, Ending.LENGTH: FinishReason.LENGTH}

    class InProcess(Model):
        """A policy, called directly."""

        supports = frozenset({"max_tokens", "temperature", "top_p", "seed", "json_schema", "choice"})

        def complete(self, request: Request) -> Completion:
            asked = asked_of(request, model or name)
            answer, usage = desk.answer(asked)
            return Completion(
                text=answer.text,
                finish_reason=reasons.get(answer.ending, FinishReason.REFUSED),
                usage=_usage(usage),
                model=model or name,
                sampling_applied=request.sampling,
                choices=_choices(asked, answer),
                reasoning=answer.reasoning,
            )

    InProcess.name = name
    return InProcess


def judge_class(name: str, policy: Judging) -> type[Judge]:
    """A judge plugin that holds the policy's opinion."""
    from brie_bench import Failed, Judge, Label, Verdict

    class InProcess(Judge):
        """A policy's opinion, asked directly."""

        def judge(self, shown: Presentation) -> Verdict:
            opinion = policy.opinion(shown)
            if opinion is None:
                raise Failed("refused", "the judge refused to answer")
            slots: dict[Any, Any] = {Label.A: "A", Label.B: "B"}
            scores = {label: dict.fromkeys(shown.criteria, opinion.score(slot)) for label, slot in slots.items()}
            return Verdict(label=Label(opinion.label), scores=scores, rationale=opinion.reason)

    InProcess.name = name
    return InProcess


def asked_of(request: Request, model: str) -> Asked:
    """A plugin's request as a policy sees it."""
    answer: Any = request.answer
    questions = getattr(answer, "questions", ())
    return Asked(
        tuple((str(turn.role), turn.content) for turn in request.messages),
        model,
        request.sampling.max_tokens,
        getattr(answer, "definition", None),
        tuple(Question(each.name, each.instructions, tuple(each.options)) for each in questions),
        request.sampling.canonical(),
    )


def _choices(asked: Asked, answer: Answer) -> dict[str, dict[str, float]]:
    given = zip(asked.questions, answer.probabilities, strict=bool(answer.probabilities))
    return {question.name: dict(chances) for question, chances in given if chances is not None}


def _usage(usage: Usage) -> Any:
    from brie_bench import Usage as Counted

    return Counted(
        input_tokens=usage.input,
        cached_tokens=usage.cached,
        output_tokens=usage.output,
        reasoning_tokens=usage.reasoning,
    )
