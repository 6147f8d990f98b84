"""Names and paths of models -> the folder or file that is meant."""

from __future__ import annotations

import os
from pathlib import Path

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ModelError, did_you_mean
from rdfplugins.paths import shipped

DEFAULT_MODEL = "ditau_3x256"
"""The model that is taken where none is named: trained by this project on its own simulation."""

FOLDERS_VARIABLE = "RDFPLUGINS_MODELS"
_FILES = (".h5", ".keras", ".hdf5", ".json", ".pb", ".xml")


def find(model: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder or file of a model.

    Parameters
    ----------
    model
        None: the shipped default. What has a separator, or ends as a file of Keras or TMVA does: a path. All else is a
        name: that of a folder in ``./models``, in the folders of the variable ``RDFPLUGINS_MODELS``, or in those that
        are shipped, in this order.

    Raises
    ------
    ModelError
        If there is none, with near names and the folders that were searched.
    """
    if model is not None and not isinstance(model, str | os.PathLike):
        raise ModelError(f"a model is a name or a path, not {type(model).__name__}")
    name = DEFAULT_MODEL if model is None else os.fspath(model)
    if not name.strip() or "\0" in name:
        raise ModelError("the name of a model is empty; 'rdfrun models' lists them")
    path = Path(name).expanduser()
    if isinstance(model, os.PathLike) or os.sep in name or name.endswith(_FILES) or name in {".", ".."}:
        if not os.path.exists(path):  # noqa: PTH110 (answers for names that no file can have)
            raise ModelError(
                f"{path}: there is no such model; give a folder, a file of Keras or TMVA, or a name (rdfrun models)"
            )
        return path
    for folder in folders():
        if (folder / name).is_dir():
            return folder / name
    if os.path.exists(path):  # noqa: PTH110
        return path
    searched = ", ".join(str(folder) for folder in folders())
    hint = did_you_mean(name, known()) or "; 'rdfrun models' lists them"
    raise ModelError(f"there is no model '{shortened(name)}' in {searched}{hint}")


def folders() -> list[Path]:
    """Return the folders that hold models, in the order in which they are searched."""
    named = [Path(part).expanduser() for part in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if part]
    return [Path("models"), *named, shipped("models")]


def known() -> dict[str, Path]:
    """Return name -> folder of all models that a name can mean."""
    found: dict[str, Path] = {}
    for folder in folders():
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_dir() and not path.name.startswith((".", "_")):
                found.setdefault(path.name, path)
    return found
