"""An edit in the reviewer's own editor: checked when it comes back, opened again where it is no conversation."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brie_bench.errors import SpecError

if TYPE_CHECKING:
    from brie_bench.conversations.review import Words


def edited(id: str, words: Words, ask: Callable[[str], str | None]) -> Words | None:
    """What the reviewer made of the words in $VISUAL or $EDITOR; None where nothing changed or it was given up.

    `ask` puts a question and returns the answer, None at the end of input. A draft that was refused is deleted only where it
    is given up: after Ctrl-C it is still there, and is named.
    """
    from brie_bench.conversations.draft import read_draft, write_draft

    folder = Path(tempfile.mkdtemp(prefix="brie-bench-review-"))
    path = folder / "conversation.yaml"
    finished = False
    try:
        write_draft(path, id, words)
        while True:
            try:
                click.edit(filename=str(path))
                found = read_draft(path)
                finished = True
                return found if found != words else None
            except (SpecError, click.ClickException) as error:
                click.echo(str(error) if isinstance(error, SpecError) else error.format_message())
            answer = ask("refused: Enter opens it again, x gives it up > ")
            if answer is None:
                return None
            if answer.strip().lower() == "x":
                finished = True
                return None
    finally:
        if finished:
            shutil.rmtree(folder)
        else:
            click.echo(f"\nthe draft is {path}", err=True)
