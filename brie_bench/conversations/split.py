"""Train and validation by prompt group: no prompt, and no near-duplicate of one, on both sides.

A group is drawn for validation when the digest of the seed and its name falls into the lowest share of the scale: what
others there are has no say, so data that is added moves nothing. Groups whose prompts nearly repeat each other go together,
to validation where any of them is drawn. Every domain gets about its share, the nearer the more groups it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brie_bench.conversations.duplicates import Duplicates
from brie_bench.conversations.lints import first_turn
from brie_bench.conversations.reading import Placed
from brie_bench.errors import UsageError
from brie_bench.spec.base import digest
from brie_bench.spec.conversation import Conversation, Provenance

_SCALE = 2**64


def split(placed: Sequence[Placed], *, share: float, seed: int = 0) -> list[Conversation]:
    """Every conversation with its `split`: `validation` for about `share` of the prompt groups of every domain.

    Stable: a conversation's side does not depend on what else is there, except that near-duplicates go
    together: a group in train moves when a near-duplicate that is drawn for validation joins it.
    Raises UsageError for a share outside (0, 1).
    """
    if not 0.0 < share < 1.0:
        raise UsageError(f"a validation share of {share:g}.", mend="It must lie between 0 and 1.")
    cluster = clusters(placed)
    side = {}
    for name in set(cluster.values()):
        drawn = min(int(digest([seed, group])[:16], 16) for group, root in cluster.items() if root == name)
        side[name] = "validation" if drawn < share * _SCALE else "train"
    return [
        each.conversation.model_copy(update={"split": side[cluster[each.conversation.prompt_group]]}) for each in placed
    ]


def clusters(placed: Iterable[Placed]) -> dict[str, str]:
    """From every prompt group to the name of the cluster of groups whose prompts nearly repeat each other."""
    root: dict[str, str] = {}

    def find(group: str) -> str:
        while root[group] != group:
            group = root[group]
        return group

    seen, groups = Duplicates(), []
    for each in placed:
        group = each.conversation.prompt_group
        root.setdefault(group, group)
        found = seen.add(first_turn(each.conversation).content)
        groups.append(group)
        if found is not None:
            one, other = find(group), find(groups[found[0]])
            root[max(one, other)] = min(one, other)
    return {group: find(group) for group in root}


def public_sample(placed: Sequence[Placed], n: int, *, seed: int = 0) -> list[Conversation]:
    """About `n` conversations that stand for the whole: each domain in its proportion, one of a prompt group, drawn by
    digest; authors are left out, and conversations without consent or licence are never taken."""
    domains: dict[str, list[Conversation]] = {}
    groups: set[str] = set()
    fit = [
        each.conversation
        for each in placed
        if each.conversation.provenance.consent and each.conversation.provenance.licence
    ]
    for each in sorted(fit, key=lambda each: digest([seed, each.id])):
        if each.prompt_group not in groups:
            groups.add(each.prompt_group)
            domains.setdefault(each.domain, []).append(each)
    total = sum(map(len, domains.values()))
    if not total:
        raise UsageError("no conversation has both consent and a licence.", mend="Complete the provenance first.")
    taken = []
    for domain in sorted(domains):
        share = max(1, round(n * len(domains[domain]) / total))
        taken += domains[domain][:share]
    return [_public(each) for each in sorted(taken, key=lambda each: digest([seed, each.id]))[:n]]


def _public(conversation: Conversation) -> Conversation:
    kept = conversation.provenance
    provenance = Provenance(
        author="withheld", model=kept.model, lab=kept.lab, licence=kept.licence, consent=kept.consent
    )
    return conversation.model_copy(update={"provenance": provenance})
