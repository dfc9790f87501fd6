"""Floor 4: the command line. One file a command, options and handler together; each is imported when it is typed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from brie_bench.errors import BrieError, plain

TRACEBACK = "--traceback"


def main(args: Sequence[str] | None = None) -> int:
    """Run a command; its exit status. Whatever goes wrong is one line on stderr, unless `--traceback` is given."""
    given = list(sys.argv[1:] if args is None else args)
    traceback = TRACEBACK in given
    given = [arg for arg in given if arg != TRACEBACK]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the arrays are small: threads only cost time
    from brie_bench.cli.group import cli

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a narrow encoding is no reason to fail after the work
    try:
        status = cli.main(args=given, prog_name="brie-bench", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _told("interrupted", 130)
    except click.ClickException as error:
        if traceback:
            raise
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # its message is the whole help
            print(error.format_message(), file=sys.stderr)  # noqa: T201
            return error.exit_code
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "brie-bench"
        message = plain(error.format_message(), 600)
        return _told(f"{message}{'' if message.endswith(('.', '?')) else '.'} See '{where} --help'.", error.exit_code)
    except BrieError as error:
        if traceback:
            raise
        return _told(str(error), error.exit_status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at exit
        return 141
    except Exception as error:  # a fault of ours: one line, and how to see the rest
        if traceback:
            raise
        line = f"{type(error).__name__}: {plain(error)} This is a fault in brie-bench. Repeat with {TRACEBACK} and report it."
        return _told(line, 1)
    return status if isinstance(status, int) else 0


def _told(line: str, status: int) -> int:
    print(f"brie-bench: {line}", file=sys.stderr)  # noqa: T201
    return status
