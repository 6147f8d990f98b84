"""Where an output comes from: written into each file, and read again to tell whether the file is still up to date."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from rdfplugins._version import __version__
from rdfplugins.paths import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAME = "provenance"
_CHECKSUM = "checksum"
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def stage_key(parts: Any) -> str:
    """Return the hash that changes when a stage would give another result.

    Parameters
    ----------
    parts
        JSON values: config sections, identities of the inputs, options.
    """
    text = json.dumps([parts, __version__, headers_hash()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def headers_hash() -> str:
    """Return the hash of the contents of the shipped headers."""
    return files_hash(sorted((shipped("macros") / "rdfplugins").rglob("*.h")))


def files_hash(paths: Iterable[Path]) -> str:
    """Return the hash of the contents of files, and of the headers beside them that they include."""
    total = hashlib.sha256()
    waiting: list[Path] = list(paths)
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop(0).resolve()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        content = path.read_bytes()
        total.update(f"{path.name} {len(content)} ".encode() + content)
        waiting += [path.parent / name.decode(errors="replace") for name in _INCLUDE.findall(content)]
    return total.hexdigest()


def describe(folder: Path) -> dict[str, Any]:
    """Return versions, time and the git commit of a folder, as JSON values."""
    return {
        "made_by": f"rdfplugins {__version__}",
        "python": platform.python_version(),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "git_commit": _git_commit(folder),
    }


def to_text(record: Mapping[str, Any]) -> str:
    """Return a record as JSON that `read` understands, with a checksum: ROOT's compression has none."""
    plain = json.loads(json.dumps(record, default=str))
    return json.dumps({**plain, _CHECKSUM: _checksum(plain)}, indent=1)


def read(path: Path) -> dict[str, Any] | None:
    """Return the provenance of a ROOT file; None if there is no such file, it is damaged, or not one of ours."""
    if not path.is_file():
        return None
    import uproot

    try:
        with uproot.open(path) as file:  # not ROOT, which a damaged file may crash
            found = json.loads(str(file[NAME]))  # another's object may have our name
            whole = file.file.fEND <= path.stat().st_size  # uproot reads what is left of one that was cut off
    except Exception:  # whatever is wrong with the file, it is not up to date
        return None
    if not whole or not isinstance(found, dict):
        return None
    stated = found.pop(_CHECKSUM, None)
    return found if stated is None or stated == _checksum(found) else None


def _checksum(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def is_fresh(path: Path, stage: str, key: str) -> bool:
    """Return whether a file holds the result of ``stage`` with this key."""
    stages = (read(path) or {}).get("stages")
    return isinstance(stages, dict) and stages.get(stage) == key


def substitutions_text(substitutions: Mapping[str, str]) -> str:
    """Return what stands in the place of columns as one line; those for which the same stands are named together.

    Examples
    --------
    >>> substitutions_text({"MET": "2 * met", "Flag_a": "not there", "Flag_b": "not there"})
    'MET is 2 * met; Flag_a, Flag_b are not there'
    """
    names: dict[str, list[str]] = {}
    for name, text in substitutions.items():
        names.setdefault(" ".join(text.split()), []).append(name)
    return "; ".join(f"{', '.join(each)} {'is' if len(each) == 1 else 'are'} {text}" for text, each in names.items())


def _git_commit(folder: Path) -> str | None:
    try:
        result = subprocess.run(  # noqa: S603 (no shell, and no word of it from a config)
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None if result.returncode == 0 else None
