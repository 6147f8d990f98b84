"""One event loop: progress on a terminal, a clean end at Ctrl-C, ROOT's errors raised, not printed and passed over."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from rdfplugins import cpp
from rdfplugins.errors import DamagedFileError, InputError, InterruptedRunError, OutputError, RdfpluginsError
from rdfplugins.select.samples.inputs import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdfplugins.select.samples.inputs import Inputs

EVENTS_BETWEEN_LOOKS = 1000
REFRESHES_PER_SECOND = 4
# of "TFile::WriteBuffer: error writing to file ...": names of files are in the second part and may hold any word
_WRITING = re.compile(r"^\S*(Write|Flush|Snapshot)|: error writing|No space")


@dataclasses.dataclass(frozen=True)
class Source:
    """What a loop reads.

    Attributes
    ----------
    chain
        The TChain of the data frame.
    inputs
        Its files.
    """

    chain: Any
    inputs: Inputs

    def place(self, number: int | None) -> str:
        """Return the file at fault for a message: that with this number in the chain, or what is known of it."""
        files = self.inputs.files
        if len(files) == 1 or number is not None:
            return shown(files[min(max(0, number or 0), len(files) - 1)].path)
        return f"one of {len(files)} files (-j 1 tells which)"


def run(df: Any, entries: int, name: str, *, source: Source, unfinished: Path, progress: bool) -> None:
    """Run the loop for everything that is booked on the data frame.

    Parameters
    ----------
    df
        Any node of the graph's beginning: all ``entries`` pass it.
    entries
        How many events the loop must see.
    name
        The sample, for the progress bar and messages.
    source
        Chain and files of the data frame.
    unfinished
        The file that the loop writes; removed if ROOT ends the process.
    progress
        Whether to draw a bar on the terminal.

    Raises
    ------
    InterruptedRunError
        After Ctrl-C or SIGTERM.
    InputError, OutputError
        When ROOT reports that it cannot read or write something, or saw another number of events, or a file changed.
    """
    root = cpp.load_root()
    runtime = root.rdfp.runtime
    runtime.run.__release_gil__ = True  # lets the progress bar's thread draw
    count = df.Count()
    monitor = runtime.LoopMonitor()
    monitor.watch(count, EVENTS_BETWEEN_LOOKS)
    log = runtime.ErrorLog()
    in_order = not root.IsImplicitMTEnabled()  # threads have chains of their own
    if in_order:
        log.watch(source.chain)
    terminal = os.dup(2)
    end = runtime.CleanEnd(
        terminal, f"sample '{name}': the output cannot be written, is the disk full?", str(unfinished)
    )
    failure: Exception | None = None
    try:
        with (
            _crash_told(name, source, unfinished, in_order=in_order),
            _bar(name, entries, monitor, shown=progress),
            cpp.captured_stderr() as captured,
        ):
            try:
                runtime.run(count)
            except Exception as error:  # cppyy maps C++ exceptions to several types
                failure = error
    finally:
        stopped = bool(monitor.stopped())
        errors = [str(message) for message in log.messages()]
        place = source.place(int(log.tree_number()) if in_order else None)
        monitor.release()
        log.release()
        end.release()
        os.close(terminal)
    if stopped:
        raise InterruptedRunError(f"sample '{name}': interrupted; its output was not written")
    if failure is not None or errors:
        raise _explained(name, failure, errors, captured[0], place)
    if captured[0].strip():
        sys.stderr.write(captured[0])
    if count.GetValue() != entries:
        raise InputError(
            f"sample '{name}': ROOT read {count.GetValue()} of {entries} entries; {source.place(None)} changed or is"
            " damaged"
        )
    source.inputs.refuse_changed()


@contextlib.contextmanager
def reading(name: str, source: Source) -> Iterator[None]:
    """Raise InputError where a loop of the block, which writes nothing and runs in one thread, meets a damaged file."""
    log = cpp.load_root().rdfp.runtime.ErrorLog()
    log.watch(source.chain)
    failure: Exception | None = None
    try:
        with _crash_told(name, source, None, in_order=True), cpp.captured_stderr() as captured:
            try:
                yield
            except Exception as error:  # cppyy maps C++ exceptions to several types
                failure = error
    finally:
        errors = [str(message) for message in log.messages()]
        place = source.place(int(log.tree_number()))
        log.release()
    if isinstance(failure, RdfpluginsError):
        raise failure
    if failure is not None or errors:
        raise _explained(name, failure, errors, captured[0], place)


@contextlib.contextmanager
def _crash_told(name: str, source: Source, unfinished: Path | None, *, in_order: bool) -> Iterator[None]:
    """Say of a crash within the block which file was read; the unfinished output, if there is one, is removed."""
    line = f"sample '{name}': a damaged input, or C++ code of the config, crashed the event loop"
    by_tree = in_order and len(source.inputs.files) > 1
    if not by_tree:
        line += f" while it read {source.place(None)}"
    with cpp.ending_cleanly(line, code=RdfpluginsError.exit_code, unfinished=str(unfinished or "")) as guard:
        if by_tree:
            guard.reads(source.chain, [shown(file.path) for file in source.inputs.files])
        yield


def _explained(name: str, failure: Exception | None, errors: list[str], printed: str, place: str) -> RdfpluginsError:
    """Return the error for what went wrong in the loop: ROOT's first error, the compiler's, or a C++ exception."""
    if errors:
        said = " ".join(errors[0].split())
        if _WRITING.search(errors[0]):
            return OutputError(f"sample '{name}': the output cannot be written: {said}")
        return DamagedFileError(f"sample '{name}': {place} is damaged, or changed while it was read: {said}")
    if ": error: " in printed:
        return cpp.compile_error(f"the graph of sample '{name}'", printed, file=None, line=None, fallback=str(failure))
    text = str(failure)
    if "bad_alloc" in text or "length_error" in text:
        return DamagedFileError(
            f"sample '{name}': {place} is damaged (it holds a size that cannot be), or memory ran out"
        )
    found = re.findall(r"(?:runtime_error|exception|_error): (.+)", text)
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    return InputError(f"sample '{name}': {(found or rows[-1:] or ['the event loop failed'])[-1]}")


@contextlib.contextmanager
def _bar(name: str, entries: int, monitor: Any, *, shown: bool) -> Iterator[None]:
    """Draw how many events the monitor has counted, from a thread of the progress bar's own."""
    if not shown:
        yield
        return
    # the loop's own stderr is captured: draw on a copy of the descriptor made before
    with os.fdopen(os.dup(2), "w") as terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("events"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        bar = _PolledProgress(
            *columns, console=Console(file=terminal), refresh_per_second=REFRESHES_PER_SECOND, transient=True
        )
        bar.add_task(name, total=entries)
        bar.poll(monitor)
        with bar:
            yield


class _PolledProgress(Progress):
    """A progress bar that asks the monitor each time it is drawn."""

    _source: Any = None

    def poll(self, monitor: Any) -> None:
        self._source = monitor

    def get_renderables(self) -> Any:
        if self._source is not None:
            self.tasks[0].completed = min(float(self._source.events()), float(self.tasks[0].total or 0.0))
        return super().get_renderables()
