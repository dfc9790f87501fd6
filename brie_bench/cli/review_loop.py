"""A review at the terminal: a page, a line typed, a decision; any terminal will do, and so will a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from brie_bench.cli.review_edit import edited
from brie_bench.cli.review_page import page
from brie_bench.conversations.lint import CODES, NEAR_DUPLICATE, lint, lint_one
from brie_bench.conversations.reading import Placed
from brie_bench.conversations.review import PHASES, Decision, Review, Reviewed, Words, decide
from brie_bench.conversations.review_log import Log
from brie_bench.conversations.spot import Spot

KEYS = "k keep, d drop, e edit, t tag, p phase, o others, n next, b back, g go, q quit, ? help"
HELP = """\
k             keep it, and go to the next one that is not decided
d             drop it, and go on
e             edit what is said, in $VISUAL or $EDITOR
t NAME, …     add patterns; t -NAME takes one away
p PHASE       its phase: authored, curated or validated
o             show the other responses to its prompt in full
n, b          the next one, the one before
g NUMBER      go to that one
q             quit; every decision is kept
Enter         the rest of the page, then the next one"""
WIDE = frozenset({NEAR_DUPLICATE, "single-turn"})
"""Lints that need the whole file."""


class Loop:
    """Where the reviewer is, and what a line that is typed does."""

    def __init__(self, review: Review, file: Path, log: Log) -> None:
        self.review, self.log = review, log
        self.position = next(iter(review.undecided()), 0)
        self.wide: dict[int, list[Spot]] = {}
        for spot in lint([file], WIDE):
            self.wide.setdefault(spot.line, []).append(spot)
        self.console = Console(highlight=False, markup=False, emoji=False)
        self.rest: list[str] = []
        self.going = True

    def run(self) -> None:
        """Until the reviewer quits, the last page is behind, or input ends."""
        commands: dict[str, Callable[[str], None]] = {
            "k": lambda _: self._keep_or_drop("keep"),
            "d": lambda _: self._keep_or_drop("drop"),
            "e": lambda _: self._edit(),
            "t": self._tag,
            "p": self._phase,
            "o": lambda _: self._show(in_full=True),
            "n": lambda _: self._go(self.position + 1),
            "b": lambda _: self._go(max(self.position - 1, 0)),
            "g": self._go_to,
            "q": lambda _: self._stop(),
            "?": lambda _: click.echo(HELP),
        }
        click.echo(KEYS)
        self._show()
        while self.going:
            typed = self._ask("… Enter for more > " if self.rest else "> ")
            if typed is None:
                click.echo()
                return
            key, _, words = typed.strip().partition(" ")
            if key.lower() in commands:
                commands[key.lower()](words.strip())
            elif key:
                click.echo(KEYS)
            elif self.rest:
                self._scroll()
            else:
                self._go(self.position + 1)

    @property
    def one(self) -> Reviewed:
        """The conversation on the page."""
        return self.review.all[self.position]

    def _ask(self, question: str) -> str | None:
        """The line that is typed; None at the end of input."""
        click.echo(question, nl=False)
        return sys.stdin.readline() or None

    def _show(self, *, in_full: bool = False) -> None:
        placed = Placed(self.one.placed.file, self.one.placed.line, self.one.conversation)
        spots = [*lint_one(placed, frozenset(CODES) - WIDE), *self.wide.get(placed.line, [])]
        self.rest = page(self.console, self.review, self.position, spots, in_full=in_full)
        self._scroll()

    def _scroll(self) -> None:
        """As many lines as the screen holds; all of them where there is no screen."""
        screen = self.console.height - 2 if self.console.is_terminal and sys.stdin.isatty() else len(self.rest)
        click.echo("\n".join(self.rest[: max(screen, 1)]))
        del self.rest[: max(screen, 1)]

    def _decide(self, decision: Decision) -> None:
        self.log.append(decision)
        self.review.apply(decision)

    def _keep_or_drop(self, action: Literal["keep", "drop"]) -> None:
        self._decide(decide(self.one, action))
        undecided = self.review.undecided()
        after = (each for each in undecided if each > self.position)
        self._go(next(after, len(self.review.all)))

    def _edit(self) -> None:
        conversation = self.one.conversation
        found = edited(conversation.id, Words(messages=conversation.messages), self._ask)
        if found is None:
            click.echo("nothing changed")
            return
        self._decide(decide(self.one, "edit", edit=found))
        self._show()

    def _tag(self, words: str) -> None:
        named = [name for each in words.split(",") if (name := each.strip())]
        away = {name[1:].strip() for name in named if name.startswith("-")}
        present = self.one.conversation.patterns
        added = [name for name in named if not name.startswith("-")]
        tags = tuple(name for name in dict.fromkeys([*present, *added]) if name not in away)
        if tags == present:
            click.echo("t NAME, … adds patterns, t -NAME takes one away: nothing changed")
            return
        self._decide(decide(self.one, "tag", tag=tags))
        self._show()

    def _phase(self, word: str) -> None:
        found = [each for each in PHASES if word and each.startswith(word.lower())]
        if len(found) != 1:
            click.echo(f"p PHASE: {', '.join(PHASES)}")
            return
        self._decide(decide(self.one, "phase", phase=found[0]))
        self._show()

    def _go_to(self, number: str) -> None:
        if number.isdecimal() and 1 <= int(number) <= len(self.review.all):
            self._go(int(number) - 1)
        else:
            click.echo(f"g NUMBER: 1 to {len(self.review.all)}")

    def _go(self, position: int) -> None:
        """To that page; past the last one the review ends."""
        if position >= len(self.review.all):
            self._stop()
        else:
            self.position = position
            self._show()

    def _stop(self) -> None:
        self.going = False
