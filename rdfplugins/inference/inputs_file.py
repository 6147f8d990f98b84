"""Names of the inputs of a model: ``inputs = [...]`` in a Python file that is read and never run."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "inputs_for_models_in_this_dir.py"
_MAX_BYTES = 1_000_000
_FORM = 'it is inputs = ["first", "second", ...]'


def read_inputs(path: Path) -> tuple[str, ...]:
    """Return the names that a file assigns to ``inputs``, in their order.

    Parameters
    ----------
    path
        A Python file. Comments, docstrings and assignments of other plain values may stand in it; all else is refused.

    Raises
    ------
    ModelError
        With file and line of what is not understood.
    """
    found: tuple[str, ...] | None = None
    for statement in _parsed(path).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        target, value = _assignment(statement, path)
        if target != "inputs":
            _check_plain(value, path)
            continue
        if found is not None:
            raise _fault(path, statement, "'inputs' is assigned twice; leave one")
        found = _names(value, path)
    if found is None:
        raise ModelError(f"{path}: nothing is assigned to 'inputs'; {_FORM}")
    return found


def _parsed(path: Path) -> ast.Module:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise ModelError(f"{path}: larger than {_MAX_BYTES // 1_000_000} MB, which no list of inputs is")
    try:
        return ast.parse(raw.decode("utf-8-sig"))
    except SyntaxError as error:
        raise ModelError(f"{path}:{error.lineno or 1}: this is not Python: {error.msg}; {_FORM}") from error
    except (ValueError, RecursionError, MemoryError) as error:  # not UTF-8, a null byte, nested too deeply
        raise ModelError(f"{path}: this is no Python file in UTF-8; {_FORM}") from error


def _assignment(statement: ast.stmt, path: Path) -> tuple[str, ast.expr]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        raise _fault(path, statement, f"only assignments can stand here, the file is not run; {_FORM}")
    if not isinstance(target, ast.Name):
        raise _fault(path, statement, f"only names can be assigned to here, the file is not run; {_FORM}")
    return target.id, value


def _check_plain(value: ast.expr, path: Path) -> None:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise _fault(path, value, f"only plain values can be assigned here, the file is not run; {_FORM}") from error


def _names(value: ast.expr, path: Path) -> tuple[str, ...]:
    if not isinstance(value, (ast.List, ast.Tuple)):
        raise _fault(path, value, f"'inputs' must be a list of texts, the file is not run; {_FORM}")
    names: list[str] = []
    lines: dict[str, int] = {}
    for item in value.elts:
        if not isinstance(item, ast.Constant) or not isinstance(item.value, str):
            raise _fault(path, item, f"an input must be a text in quotes, the file is not run; {_FORM}")
        fault = fault_of_name(item.value)
        if fault:
            raise _fault(path, item, fault)
        if item.value in lines:
            raise _fault(path, item, f"'{item.value}' stands twice, first in line {lines[item.value]}; leave one")
        names.append(item.value)
        lines[item.value] = item.lineno
    if not names:
        raise _fault(path, value, f"'inputs' is empty; {_FORM}")
    return tuple(names)


def fault_of_name(name: str) -> str | None:
    """Return what is wrong with the name of an input, None if nothing."""
    if not name or name != name.strip() or not name.isprintable():
        return f"'{shortened(name)}' cannot be the name of a branch; remove blanks and line ends around it"
    return None


def write_inputs(names: Sequence[str]) -> str:
    """Return the text of such a file."""
    return "inputs = [\n" + "".join(f"    {json.dumps(name, ensure_ascii=False)},\n" for name in names) + "]\n"


def _fault(path: Path, node: ast.stmt | ast.expr, message: str) -> ModelError:
    return ModelError(f"{path}:{node.lineno}: {message}")
