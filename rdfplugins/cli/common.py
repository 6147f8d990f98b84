"""What all commands share: messages, exit codes, whole numbers, files or the terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from rdfplugins import interrupts
from rdfplugins.errors import InterruptedRunError, RdfpluginsError
from rdfplugins.files import atomic, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

_DIGITS = 25


class WholeNumber(click.types.IntParamType):
    """A whole number as people write large ones: 100000, 100_000 or 1e5."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; click says what is wrong where it is none."""
        try:
            number = Decimal(str(value).replace("_", ""))
        except ArithmeticError:
            number = Decimal("nan")
        if not number.is_finite() or number.adjusted() >= _DIGITS or number % 1:
            self.fail(f"'{value}' is not a whole number such as 100000, 100_000 or 1e5", param, ctx)
        return int(number)


def write_or_echo(text: str, path: Path | None) -> None:
    """Write a file and say so, or print the text."""
    if path is None:
        click.echo(text, nl=False)
        return
    make_folder(path.parent)
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    click.echo(path)


def say(line: str) -> None:
    """Tell the user something beside the output."""
    click.echo(line, err=True)


def silence(line: str) -> None:
    """Tell nothing, in place of `say`."""
    del line


@contextlib.contextmanager
def errors_to_exit_codes(*, verbose: bool) -> Iterator[None]:
    """Print one line for each fault and end with its exit code; SIGTERM ends as Ctrl-C does, after cleaning up."""
    with _signals_seen() as seen:
        try:
            yield
        except (RdfpluginsError, KeyboardInterrupt) as error:
            if verbose:
                traceback.print_exc()
            known = error if isinstance(error, RdfpluginsError) else InterruptedRunError("interrupted")
            if seen and not isinstance(known, InterruptedRunError):  # it says that a file cannot be read, say
                known = interrupts.by_signal(seen[0])
            click.echo(str(known), err=True)
            sys.exit(known.exit_code)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        except Exception as error:
            if verbose:
                traceback.print_exc()
            if seen:  # within a conversion of cppyy the error of a handler becomes one that the conversion failed
                interrupted = interrupts.by_signal(seen[0])
                click.echo(str(interrupted), err=True)
                sys.exit(interrupted.exit_code)
            click.echo(f"unexpected {type(error).__name__}: {error} (a fault of ours; -v shows where)", err=True)
            sys.exit(1)


@contextlib.contextmanager
def _signals_seen() -> Iterator[list[int]]:
    """Let SIGTERM end the block by an error; yield the numbers of the signals that came, SIGINT among them."""
    seen = interrupts.seen
    seen.clear()

    def terminate(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        raise interrupts.by_signal(number)

    def interrupt(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, terminate)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, or somebody's
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        seen.clear()
