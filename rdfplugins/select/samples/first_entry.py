"""Value of an alias in the first entry of a file, before there is a graph: how aliases of constants are checked."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from rdfplugins import cpp
from rdfplugins.errors import CppError
from rdfplugins.random import text_hash

if TYPE_CHECKING:
    from rdfplugins.config import Config
    from rdfplugins.select.samples.inputs import InputFile

_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")


def words(expression: str) -> set[str]:
    """Return what may be the names of branches in an expression."""
    return set(_WORD.findall(expression))


def evaluate(config: Config, alias: str, file: InputFile) -> float | None:
    """Return the value of an alias of ``input.aliases`` in the first entry of a file.

    The expression is compiled with the types of the branches, as the graph does it, with the headers of the config.

    Returns
    -------
    None where the file has no entry, where the alias uses a branch that holds more than a number, and where it does not
    compile: the graph, which sees all columns, tells why.
    """
    expression = config.input.aliases[alias]
    used = sorted(words(expression) & set(file.branches))
    if not file.entries or any(name not in file.constants for name in used):
        return None
    for number, header in enumerate(config.select.include):
        at, line = config.position("select", "include", number)
        cpp.include_user_header(config.folder / header, file=at, line=line)
    function = _compiled(expression, tuple((name, file.branches[name][0]) for name in used))
    if function is None:
        return None
    return float(getattr(cpp.load_root().rdfp_alias, function)(*(file.constants[name] for name in used)))


@functools.lru_cache(maxsize=256)
def _compiled(expression: str, branches: tuple[tuple[str, str], ...]) -> str | None:
    """Return the name of a function of doubles in namespace ``rdfp_alias``, or None for what does not compile."""
    parameters = ", ".join(f"double rdfp_{name}" for name, _ in branches)
    typed = "".join(f"const auto {name} = static_cast<{kind}>(rdfp_{name}); " for name, kind in branches)
    # statements with a return are an expression to RDataFrame, too
    value = f"[&]() {{ {expression}\n; }}()" if re.search(r"\breturn\b", expression) else f"({expression}\n)"
    body = f"({parameters}) {{ {typed}return static_cast<double>({value}); }}"
    name = f"value_{text_hash(body):016x}"
    try:
        cpp.declare(f"namespace rdfp_alias {{ inline double {name}{body} }}", f"alias '{expression}'")
    except CppError:
        return None
    return name
