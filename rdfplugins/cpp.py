"""The only door to ROOT's interpreter: load ROOT, include our headers once, and turn compile errors into `CppError`.

cling reports a compile error by printing to file descriptor 2 and by an exception, or a false return value, that says
nothing. Everything that compiles therefore runs inside `compiling`, which captures the descriptor and raises what the
compiler said, at the line of the file in which the user wrote the code.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any

from rdfplugins import braces, interrupts
from rdfplugins.errors import CppError, MissingDependencyError, place
from rdfplugins.paths import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIAGNOSTIC = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
_SHOWN = re.compile(r"^.+?:(?P<line>\d+):\d+: \w[\w ]*: .*$", re.MULTILINE)  # errors, warnings and notes
_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")
_RENAMED = re.compile(r"\bvar\d+\b")
# what RDataFrame itself says, up to the list of overloads that PyROOT adds
_STATED = re.compile(r"(?:runtime_error|invalid_argument|logic_error): (.+?)(?=\n\s*\n|\n +\S+ \S*::|\Z)", re.DOTALL)

_included: dict[str, CppError | None] = {}
_levels = [1]  # of optimisation, the innermost last; the first is ROOT's own


def load_root() -> Any:
    """Import ROOT without its pre-release warning and without its handling of our command line, and return it."""
    ours = "ROOT" not in sys.modules  # who imported ROOT before us keeps canvases and command line as they were
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\s*This distribution of ROOT", category=UserWarning)
        try:
            # ROOT that is half imported complains at the end of the process; later, a loop has handlers of its own
            with interrupts.deferred() if ours else contextlib.nullcontext():
                import ROOT
        except ImportError as error:
            raise MissingDependencyError(
                f"ROOT cannot be imported ({error}); install it with: pip install --pre 'rdfplugins[root]'"
                " (or take ROOT from conda or LCG)"
            ) from error
        if ours:
            ROOT.PyConfig.IgnoreCommandLineOptions = True
            ROOT.gROOT.SetBatch(True)  # noqa: FBT003 (the signature is ROOT's)
    return ROOT


@contextlib.contextmanager
def optimisation(level: int) -> Iterator[None]:
    """Let the interpreter compile at this level (0 to 3) within the block, and after it as before (by itself at 1).

    Level 0 halves the start-up of a graph, level 2 makes the loop faster: they break even at about a million events.
    """
    root = load_root()
    _levels.append(level)
    root.gROOT.ProcessLine(f".O{level}")
    try:
        yield
    finally:
        _levels.pop()
        root.gROOT.ProcessLine(f".O{_levels[-1]}")


@contextlib.contextmanager
def captured_stderr() -> Iterator[list[str]]:
    """Collect what is written to file descriptor 2; the list holds one text once the block has ended."""
    captured: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with os.fdopen(os.memfd_create("stderr"), "w+b") as sink:  # memory: the disk may be what is full
        os.dup2(sink.fileno(), 2)
        try:
            yield captured
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            captured.append(sink.read().decode(errors="replace"))


@contextlib.contextmanager
def ending_cleanly(line: str, *, code: int, stated: str = "", unfinished: str = "") -> Iterator[Any]:
    """Let a crash of ROOT within the block end the process with one line, in place of ROOT's stack trace.

    Parameters
    ----------
    line
        What is printed, with the name of the signal behind it.
    code
        The exit code.
    stated
        What is printed in place of ``line``, with the compiler's error behind it, if one was captured.
    unfinished
        A file to remove; empty: none.

    Yields
    ------
    The guard, which can be told what is read (crash.h).
    """
    terminal = os.dup(2)
    try:
        guard = _crash_guard()(terminal, line, stated, unfinished, code)
        try:
            yield guard
        finally:
            guard.release()
    finally:
        os.close(terminal)


def _crash_guard() -> Any:
    """Return the class `CrashGuard` of crash.h, the one header that is compiled without a guard."""
    root = load_root()
    header = "rdfplugins/crash.h"
    if header not in _included:
        root.gInterpreter.AddIncludePath(str(shipped("macros")))
        if not root.gInterpreter.Declare(f'#include "{header}"'):
            raise CppError(f"header {header} does not compile")
        _included[header] = None
    return root.rdfp.runtime.CrashGuard


@contextlib.contextmanager
def compiling(
    what: str, *, file: str | None = None, line: int | None = None, code: str | None = None
) -> Iterator[None]:
    """Raise `CppError` with the compiler's own words if the block fails to compile something.

    Parameters
    ----------
    what
        What is compiled, for the message, e.g. ``"cut 'good_run'"``.
    file, line
        Where it was written, where the compiler does not say so itself.
    code
        What was written there, to call columns in messages by their names.
    """
    failure: Exception | None = None
    where = place(file, line)
    crash = f"{where}{what}: ROOT's compiler crashed on it; write it in another way"
    with (
        ending_cleanly(crash, stated=f"{where}{what} does not compile: ", code=CppError.exit_code),
        captured_stderr() as captured,
    ):
        try:
            yield
        except Exception as error:  # cppyy raises many types; what matters is what the compiler printed
            failure = error
    text = captured[0]
    if code is not None and line is not None:
        text = _with_columns(text, code, line)
    if failure is None:
        if text.strip():
            sys.stderr.write(text)
        return
    if isinstance(failure, CppError):
        raise failure
    raise compile_error(what, text, file=file, line=line, fallback=str(failure)) from failure


def _with_columns(text: str, code: str, first: int) -> str:
    """Return what the compiler printed with the names of columns, which ROOT renames var0, var1, ... in the code.

    The compiler shows the line of an error as it saw it; compared with the same line of ``code``, which begins in line
    ``first``, it tells which column is which.
    """
    rows = code.split("\n")
    names: dict[str, str] = {}
    for match in _SHOWN.finditer(text):
        seen, below = text[match.end() + 1 :].partition("\n")[0], int(match["line"]) - first
        if 0 <= below < len(rows):
            words, columns = _WORD.findall(seen), _WORD.findall(rows[below])
            if len(words) == len(columns):
                names |= {word: column for word, column in zip(words, columns, strict=True) if _RENAMED.fullmatch(word)}
    return _RENAMED.sub(lambda match: names.get(match[0], match[0]), text) if names else text


def compile_error(what: str, text: str, *, file: str | None, line: int | None, fallback: str) -> CppError:
    """Return the `CppError` for what the compiler printed; the user's own lines are preferred to the interpreter's."""
    text = text.replace(
        "no matching function for call to 'rdfp_value_'", "it has no value, several, or none that a column can hold"
    )
    found = list(_DIAGNOSTIC.finditer(text))
    own = [match for match in found if not match["file"].startswith(_not_the_users(file))]
    if own:
        first = next((match for match in own if file is not None and match["file"] == file), own[0])
        return CppError(f"{what} does not compile: {first['text']}", file=first["file"], line=int(first["line"]))
    if found:
        return CppError(f"{what} does not compile: {found[0]['text']}", file=file, line=line)
    stated = _STATED.search(fallback)
    reason = " ".join(stated[1].split()) if stated else fallback.strip().rpartition("\n")[2]
    if reason.startswith("Failed to tokenize expression"):
        reason = "it holds a character that C++ does not have"
    return CppError(f"{what} does not compile: {reason}", file=file, line=line)


def _not_the_users(file: str | None) -> tuple[str, ...]:
    """Return how names of files begin in which a user has nothing to mend, if it is known where he has."""
    interpreter = ("input_line", "<<<")
    if file is None:
        return interpreter
    return (*interpreter, "/usr/", str(load_root().TROOT.GetIncludeDir()), str(shipped("macros")))


def at_line(code: str, file: str | None, line: int | None) -> str:
    """Return ``code`` marked so that errors are reported at ``file`` and ``line``; CppError where braces do not fit."""
    refuse_unclosed(code, file, line)
    if file is None or line is None:
        return code
    escaped = file.replace("\\", "\\\\").replace('"', '\\"')
    # the second mark: what is left open, e.g. a bracket, is reported where the code ends and not a line below
    return f'\n#line {line} "{escaped}"\n{code}\n#line {line + code.count(chr(10))} "{escaped}"'


def refuse_unclosed(code: str, file: str | None, line: int | None) -> None:
    """Raise CppError where something is never closed, for which the interpreter would wait forever, or never opened."""
    found = braces.unbalanced(code)
    if found is not None:
        what, below = found
        raise CppError(what, file=file, line=None if line is None else line + below)


def valued(code: str) -> str:
    """Return code that does not compile where it has no value.

    RDataFrame takes such code, fails in the event loop, and with it fails every loop of the process after that. The
    header value.h must be included.
    """
    if re.search(r"\breturn\b", code):  # statements, as RDataFrame sees it
        return f"return rdfp::runtime::rdfp_value_([&]() {{{code}\n;}}());"
    return f"rdfp::runtime::rdfp_value_({code}\n)"


def declare(code: str, what: str, *, file: str | None = None, line: int | None = None) -> None:
    """Compile declarations in this process.

    Raises
    ------
    CppError
        With the compiler's first error; nothing of ``code`` may be used then.
    """
    root = load_root()
    with compiling(what, file=file, line=line):
        if not root.gInterpreter.Declare(at_line(code, file, line)):
            raise RuntimeError(f"{what}: the interpreter gave no reason")


def include(header: str, *, optimised: bool = False) -> None:
    """Include one of our headers, e.g. ``"rdfplugins/photons.h"``, once in this process.

    Its functions are compiled where they are used, but for those that are neither inline nor templates: these are
    compiled here, at level 2 where they are to be ``optimised``.
    """
    with optimisation(2) if optimised and header not in _included else contextlib.nullcontext():
        _include_once(header, header, f"header {header}", shipped("macros"))


def include_user_header(path: Path, *, file: str | None = None, line: int | None = None) -> None:
    """Include a user's header once in this process; ``file`` and ``line`` say where it was asked for."""
    if not path.is_file():
        raise CppError(f"header {path} does not exist", file=file, line=line)
    refuse_unclosed(path.read_text(errors="replace"), str(path), 1)
    _include_once(str(path.resolve()), str(path.resolve()), f"header {path}", path.resolve().parent)


def _include_once(key: str, header: str, what: str, folder: Path) -> None:
    if key in _included:
        failed = _included[key]
        if failed is not None:
            # cling remembers the include guard of a header that failed: a second try would "succeed" without functions
            raise CppError(
                f"{failed.message} (mend it and start a new Python process)", file=failed.file, line=failed.line
            )
        return
    root = load_root()
    root.gInterpreter.AddIncludePath(str(folder))
    try:
        declare(f"#include <{header}>" if '"' in header else f'#include "{header}"', what)
    except CppError as error:
        _included[key] = error
        raise
    _included[key] = None


def register_cpp() -> None:
    """Make every ``rdfp::`` function of the shipped headers known to ROOT's interpreter, for your own expressions.

    Examples
    --------
    >>> import rdfplugins as rp
    >>> rp.register_cpp()  # doctest: +SKIP
    >>> df = df.Define("theta", "rdfp::theta(photon_eta[0])")  # doctest: +SKIP
    """
    folder = shipped("macros")
    for header in sorted((folder / "rdfplugins").glob("*.h")):
        include(f"rdfplugins/{header.name}")
