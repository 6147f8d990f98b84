"""The picture of a chart: Graphviz' program ``dot``, run on its text."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError, MissingDependencyError, OutputError, did_you_mean
from rdfplugins.files import atomic, make_folder

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (".dot", ".gv")
PICTURES = (".svg", ".png", ".pdf")
_SECONDS = 120.0
_DPI = "110"
_DATE = re.compile(rb"D:[0-9]{14}")
_NO_DATE = b"D:19700101000000"


def render(text: str, path: Path) -> None:
    """Write a graph: as it is into ``.dot`` or ``.gv``, as a picture into ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ConfigError
        For a file name that ends in something else.
    MissingDependencyError
        For a picture without Graphviz.
    OutputError
        If the file cannot be written, or Graphviz fails.
    """
    kind = path.suffix.lower()
    if kind not in (*TEXT, *PICTURES):
        hint = did_you_mean(kind, [*PICTURES, *TEXT])
        raise ConfigError(f"{path}: the name must end in one of {', '.join((*PICTURES, *TEXT))}{hint}")
    program = shutil.which("dot")
    if kind in PICTURES and program is None:
        raise MissingDependencyError(
            f"{path}: a picture needs the program 'dot': apt install graphviz, or conda install graphviz;"
            " a file that ends in .dot needs nothing"
        )
    make_folder(path.parent)
    with atomic(path) as part:
        if program is None or kind in TEXT:
            part.write_text(text, encoding="utf-8")
        else:
            _run(program, text, kind.removeprefix("."), part, path)


def _run(program: str, text: str, kind: str, part: Path, path: Path) -> None:
    command = [program, f"-T{kind}", "-o", str(part), *([f"-Gdpi={_DPI}"] if kind == "png" else [])]
    try:
        done = subprocess.run(  # noqa: S603 (the program is Graphviz, the text goes through its input)
            command, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise OutputError(
            f"{path}: Graphviz took longer than {_SECONDS:g} s; write a .dot file, or fewer samples"
        ) from None
    except OSError as error:
        raise OutputError(f"{path}: {program} cannot be run: {error.strerror}") from error
    if done.returncode != 0 or not part.is_file():
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise OutputError(f"{path}: Graphviz failed: {said or f'exit code {done.returncode}'}")
    if kind == "pdf":  # the same graph, the same bytes: what replaces the date is as long, so that no offset changes
        part.write_bytes(_DATE.sub(_NO_DATE, part.read_bytes()))
