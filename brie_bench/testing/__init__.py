"""For plugin authors and our own tests: a fake provider that anthropic's, openai's and google's libraries really talk to.

    from brie_bench.testing import FakeProvider, honest, rate_limited, share

    with FakeProvider(policy=honest(), faults=share(rate_limited(retry_after=1), 0.05)) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)          # the three libraries now find it, keys included
        ...                                          # whatever your plugin does
        assert server.counters.billed == 57
        assert "sk-secret" not in str(server.log)

- what is answered: `honest`, `position_biased`, `verbose_loving`, `noisy`, `refusing` judge; `prose` and `echo` write;
  `says` says one thing; `by_model` gives each model its own. Any function of `Asked` that returns an `Answer` will do.
- the same without a server: `honest().opinion(presentation)`, `model_class("judge", honest())`, `judge_class(…)`.
- what goes wrong: the faults (`FAULTS` has them all by name) by the rules `at`, `share`, `first_attempts`, `when`.
- how batches go: `BatchScript`, `server.clock.advance(…)`.
- what happened: `server.log`, `server.counters`, `server.traffic`, `server.wait_until(…)`.

`python -m brie_bench.testing` is a server in a process of its own. Standard library only; the plugins made by
`model_class` and `judge_class` need what brie_bench itself needs.
"""

from __future__ import annotations

from brie_bench.testing.asking import Accounting, Answer, Asked, Ending, Question, QuestionKind, Usage
from brie_bench.testing.batches import BatchScript, Fate, Row
from brie_bench.testing.fault import (
    FAULTS,
    Fault,
    bad_json,
    bad_request,
    block,
    cut_off,
    dropped,
    empty_object,
    forbidden,
    half_body,
    hang,
    held,
    html_page,
    huge,
    invalid_utf8,
    lone_surrogate,
    lost,
    not_found,
    overloaded,
    rate_limited,
    refusal,
    repeating,
    server_error,
    slow,
    status,
    too_large,
    trickling,
    unauthorized,
    unavailable,
)
from brie_bench.testing.in_process import judge_class, model_class
from brie_bench.testing.limits import RateLimit
from brie_bench.testing.log import Counters, Entry, Outcome, Traffic, digest_of
from brie_bench.testing.opinion import Opinion, Shown
from brie_bench.testing.policies import (
    Judging,
    Policy,
    by_model,
    characters,
    distinct_words,
    echo,
    honest,
    noisy,
    position_biased,
    prose,
    refusing,
    says,
    verbose_loving,
)
from brie_bench.testing.request import ANYTHING, Endpoint, Received
from brie_bench.testing.script import Rule, always, at, first_attempts, share, when
from brie_bench.testing.server import FakeProvider

__all__ = [
    "ANYTHING",
    "FAULTS",
    "Accounting",
    "Answer",
    "Asked",
    "BatchScript",
    "Counters",
    "Ending",
    "Endpoint",
    "Entry",
    "FakeProvider",
    "Fate",
    "Fault",
    "Judging",
    "Opinion",
    "Outcome",
    "Policy",
    "Question",
    "QuestionKind",
    "RateLimit",
    "Received",
    "Row",
    "Rule",
    "Shown",
    "Traffic",
    "Usage",
    "always",
    "at",
    "bad_json",
    "bad_request",
    "block",
    "by_model",
    "characters",
    "cut_off",
    "digest_of",
    "distinct_words",
    "dropped",
    "echo",
    "empty_object",
    "first_attempts",
    "forbidden",
    "half_body",
    "hang",
    "held",
    "honest",
    "html_page",
    "huge",
    "invalid_utf8",
    "judge_class",
    "lone_surrogate",
    "lost",
    "model_class",
    "noisy",
    "not_found",
    "overloaded",
    "position_biased",
    "prose",
    "rate_limited",
    "refusal",
    "refusing",
    "repeating",
    "says",
    "server_error",
    "share",
    "slow",
    "status",
    "too_large",
    "trickling",
    "unauthorized",
    "unavailable",
    "verbose_loving",
    "when",
]
