"""Which files of a folder an earlier report wrote, so that those of removed histograms do not stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rdfplugins.files import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# no histogram and no category has a name that begins with a dot
NAME = ".manifest.json"
_MADE_BY = "rdfplugins report"


def read(folder: Path) -> list[str]:
    """Return the names of the files that we wrote; none where there is no manifest of ours, or it is damaged."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    names = found.get("files") if isinstance(found, dict) and found.get("made_by") == _MADE_BY else None
    return [name for name in names if _is_ours(name)] if isinstance(names, list) else []


def add(folder: Path, names: Iterable[str]) -> None:
    """Name files before they are written: a run that is killed leaves nothing that no later one would find."""
    _write(folder, {*read(folder), *names})


def finish(folder: Path, names: Iterable[str]) -> None:
    """Remove the files that earlier reports wrote and this one did not; others than those named stay."""
    kept = set(names)
    for name in read(folder):
        path = folder / name
        if name not in kept and (path.is_file() or path.is_symlink()):
            path.unlink(missing_ok=True)
    _write(folder, kept)


def _is_ours(name: object) -> bool:
    """Return whether this is the name of a file in the folder itself: a manifest may have been edited."""
    return isinstance(name, str) and bool(name) and not name.startswith(".") and not {"/", "\\", "\0"} & set(name)


def _write(folder: Path, names: Iterable[str]) -> None:
    with atomic(folder / NAME) as part:
        text = json.dumps({"made_by": _MADE_BY, "files": sorted(names)}, indent=1)
        part.write_text(f"{text}\n", encoding="utf-8")
