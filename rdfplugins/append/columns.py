"""Reading the rows of a plan from a tree, a batch at a time, in the order of the file."""

from __future__ import annotations

import contextlib
import ctypes
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp, interrupts
from rdfplugins.append.request import entries
from rdfplugins.errors import InputError, OutputError, RdfpluginsError
from rdfplugins.nodes.mass_models import define_input, define_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.nodes.mass_inputs import Plan, Slot

BATCH = 16384
_WRITING = re.compile(r"[Ww]rit|No space|Flush")
_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")
_CONSTANT = re.compile(r"-?\d+")
_NOISE = "RDataFrame::Run: event loop was interrupted"  # ROOT says so itself, wherever a message goes
_THROWN = re.compile(r"(?:runtime_error|invalid_argument|logic_error|exception): (.+)")
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_int64)


class TreeReader:
    """An open tree: its columns, and rows of numbers of it.

    Parameters
    ----------
    path
        A file that was found to be readable.
    tree
        Name of a TTree, with its folder in the file.
    """

    def __init__(self, path: Path, tree: str) -> None:
        cpp.include("rdfplugins/rows.h", optimised=True)
        self._path, self._tree = path, tree
        with _explained(path):
            self._rows = cpp.load_root().rdfp.Rows(str(path), tree)
            self.entries = int(self._rows.entries())
            self.columns = self._columns()

    def _columns(self) -> dict[str, None]:
        names = dict.fromkeys(str(name) for name in self._rows.names())
        if self._rows.has_friends():  # recorded in the tree; RDataFrame opens them
            with self._frame() as df:
                names |= dict.fromkeys(str(name) for name in df.GetColumnNames())
        return names

    def is_number(self, name: str) -> bool:
        """Return whether a column may hold one number an entry; of friends and members that is not known."""
        return bool(self._rows.is_plain(name)) or int(self._rows.entries_of(name)) < 0

    def faults(self, slots: Sequence[Slot]) -> dict[int, RdfpluginsError]:
        """Return number of a slot -> why it cannot be read: no such column, no number, or it does not compile."""
        doubtful = [
            (number, slot)
            for number, slot in enumerate(slots)
            if slot.expression and not self._rows.is_plain(slot.expression) and not _CONSTANT.fullmatch(slot.expression)
        ]
        found: dict[int, RdfpluginsError] = {}
        if doubtful:
            with _explained(self._path), self._frame() as df, cpp.optimisation(0):
                for number, slot in doubtful:
                    try:
                        define_input(df, slot, f"rdfp_append_input_{number}_")
                    except RdfpluginsError as error:  # noqa: PERF203 (all that is wrong is to be told)
                        found[number] = error
        return found

    def refuse_half_filled(self, plan: Plan) -> None:
        """Raise InputError where a branch that is read has other entries than the tree."""
        for number in plan.read:
            for name in {plan.slots[number].expression, *_WORD.findall(plan.slots[number].expression)}:
                found = int(self._rows.entries_of(name))
                if found not in {-1, self.entries}:
                    raise InputError(
                        f"{self._path}: branch '{name}' has {entries(found)} where the tree '{self._tree}' has"
                        f" {self.entries}"
                    )

    def read(self, plan: Plan, consume: Callable[[NDArray[np.float64]], None]) -> None:
        """Call ``consume`` with rows float64[n, slots] in the order of the file, at most `BATCH` at once.

        Columns that are plain numbers are read as they are; expressions, and members of objects, through RDataFrame.

        Raises
        ------
        InputError
            Where the file cannot be read to its end.
        ConfigError, CppError
            For an expression that does not compile or is no number.
        """
        columns = {number: plan.slots[number].expression for number in plan.read}
        constants = {number: float(text) for number, text in columns.items() if _CONSTANT.fullmatch(text)}
        plain = [number for number, name in columns.items() if number not in constants]
        with _explained(self._path):
            if all(self._rows.is_plain(columns[number]) for number in plain):
                self._read_plain({number: columns[number] for number in plain}, constants, len(plan.slots), consume)
            else:
                self._read_graph(plan, consume)

    def _read_plain(
        self,
        columns: dict[int, str],
        constants: dict[int, float],
        width: int,
        consume: Callable[[NDArray[np.float64]], None],
    ) -> None:
        rows = np.zeros((min(BATCH, max(self.entries, 1)), width))
        for number, name in columns.items():
            self._rows.add(name, number)
        for number, value in constants.items():
            rows[:, number] = value
        for first in range(0, self.entries, BATCH):
            n = min(BATCH, self.entries - first)
            self._rows.read(first, n, width, rows.ctypes.data)
            consume(rows[:n])

    def _read_graph(self, plan: Plan, consume: Callable[[NDArray[np.float64]], None]) -> None:
        failure: list[BaseException] = []
        received = 0

        def receive(address: Any, n: int) -> int:
            nonlocal received
            try:
                received += n
                consume(np.ctypeslib.as_array(address, (n, len(plan.slots))))
            except BaseException as error:  # it cannot pass through C++, and is raised behind it
                failure.append(error)
                return 1
            return 0

        cpp.include("rdfplugins/graph_rows.h", optimised=True)
        callback = _CALLBACK(receive)
        with self._frame() as start, cpp.optimisation(0):
            df, row = define_row(start, plan, "append")
            try:
                with _quiet():
                    cpp.load_root().rdfp.rows_of_graph(df, row, BATCH, ctypes.cast(callback, ctypes.c_void_p).value)
            except Exception:
                if failure:
                    raise failure[0] from None
                raise
        if received != self.entries:  # a signal in front of the block that would have told it
            interrupts.refuse_lost()
            raise InputError(f"{self._path}: {received} of {self.entries} entries of '{self._tree}' were read")

    @contextlib.contextmanager
    def _frame(self) -> Iterator[Any]:
        """Yield a data frame that runs in one thread: the order of entries is that of the file then."""
        root = cpp.load_root()
        threads = int(root.GetThreadPoolSize()) if root.IsImplicitMTEnabled() else 0
        if threads:
            root.DisableImplicitMT()
        try:
            yield root.RDF.AsRNode(root.RDataFrame(self._tree, str(self._path)))
        finally:
            if threads:
                root.EnableImplicitMT(threads)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep one line of ROOT from the terminal, where the error itself is a message; all else is printed behind."""
    try:
        with cpp.captured_stderr() as captured:
            yield
    finally:
        sys.stderr.write("".join(line for line in captured[0].splitlines(keepends=True) if line.strip() != _NOISE))


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise what ROOT reports, prints or throws as one line: it goes on after a read error, with zeros."""
    root = cpp.load_root()
    cpp.include("rdfplugins/error_log.h")
    log = root.rdfp.runtime.ErrorLog()
    try:
        yield
        errors = [str(message) for message in log.messages()]
    except (RdfpluginsError, KeyboardInterrupt):
        raise
    except Exception as error:  # cppyy maps ROOT's exceptions to types of its own
        errors = [str(message) for message in log.messages()]
        thrown = _THROWN.search(str(error))
        text = thrown[1].strip() if thrown else f"cannot be read: {str(error).strip().rpartition(chr(10))[2].strip()}"
        if errors:  # what ROOT could not read
            text = f"cannot be read: {errors[0]}"
        raise InputError(f"{path}: {text}") from error
    finally:
        log.release()
    if errors:
        if _WRITING.search(errors[0]):  # what is read is written at the same time
            raise OutputError(f"the output cannot be written (is the disk full?): {errors[0]}")
        raise InputError(f"{path}: cannot be read: {errors[0]}")
