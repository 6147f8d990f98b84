"""A folder or file -> a model: which files are what, and what they say together."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

from rdfplugins.errors import ModelError
from rdfplugins.inference import archive, card, hdf5, inputs_file, keras_config, saved_model
from rdfplugins.inference.card import Card
from rdfplugins.inference.description import Description, Outline
from rdfplugins.inference.find import find
from rdfplugins.inference.fold import fold
from rdfplugins.inference.tmva.reader import read_weights

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from rdfplugins.inference.architecture import Architecture
    from rdfplugins.inference.description import Format
    from rdfplugins.inference.tmva.reader import Weights

_HDF5 = (".h5", ".hdf5")
_TMVA = ".xml"
_KINDS = "*.json with its *.h5, one *.h5 or *.keras of a whole model, saved_model.pb, or one *.xml of TMVA"


@dataclasses.dataclass(frozen=True)
class _Files:
    """What was found: ``config`` describes the network, ``weights`` holds its numbers; None where it is not there."""

    folder: Path
    name: str
    format: Format
    config: Path
    weights: Path | None
    missing: Path | None = None


def read_model(model: str | os.PathLike[str] | None = None) -> Description:
    """Read a model with its weights.

    Parameters
    ----------
    model
        A name or a path, see `find`.

    Raises
    ------
    ModelError
        If there is none, its weights are not there, or something in it does not fit or is not safe to read.
    """
    return with_weights(read_outline(find(model)))


def read_outline(path: Path) -> Outline:
    """Read all of a model but its weights.

    Parameters
    ----------
    path
        Folder or file.

    Raises
    ------
    ModelError
        If something in it does not fit or is not safe to read.
    """
    files = _files_of(path)
    weights = read_weights(files.config) if files.format == "tmva" else None
    architecture = None if weights is not None else _architecture(files)
    read = card.read_card(files.folder / card.NAME) if (files.folder / card.NAME).is_file() else Card()
    if weights is not None:
        inputs, outputs = _declared(weights, read)
    else:
        inputs, outputs = _inputs(files.folder, read, architecture), _outputs(read, architecture)
    read.check(inputs, outputs)
    return Outline(
        *(files.name, path, files.format, inputs, outputs, read, architecture, files.weights, files.missing, weights)
    )


def with_weights(outline: Outline) -> Description:
    """Read the weights of an outline; ModelError if they are not there, do not fit or are not safe to read."""
    if outline.weights is None:
        raise ModelError(f"{outline.path}: the weights of this model are not here; {how_to_get(outline)}")
    network, method = None, None
    if outline.tmva is not None:
        method = outline.tmva.method
        digest = method.fingerprint()
    elif outline.architecture is None:
        digest = saved_model.digest(outline.weights)
    else:
        where = str(outline.weights)
        if outline.format == "keras":
            arrays = archive.read_weights(outline.weights, outline.architecture)
        else:
            arrays = hdf5.read_weights(outline.weights, outline.architecture, where)
        network = fold(outline.architecture, arrays, where)
        digest = network.fingerprint()
    whole = hashlib.sha256("\n".join([digest, *outline.inputs, "", *outline.outputs]).encode()).hexdigest()
    saved = outline.weights if outline.format == "saved_model" else None
    return Description(
        *(outline.name, outline.path, outline.format, outline.inputs, outline.outputs, outline.card),
        *(network, saved, whole, method, outline.variables, outline.tmva.remarks if outline.tmva else ()),
    )


def how_to_get(outline: Outline) -> str:
    """Return what to do where the weights are not there."""
    source = outline.card.weights_from
    return (
        f"get them from {source}, and save them as {outline.missing}" if source else f"save them as {outline.missing}"
    )


def _files_of(path: Path) -> _Files:
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        raise ModelError(f"{path}: this is neither a folder nor a file; a model is {_KINDS}")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _beside(path, sole=False)
    if suffix == ".keras":
        return _Files(path.parent, path.stem, "keras", path, path)
    if suffix in _HDF5:
        return _Files(path.parent, path.stem, "keras-h5", path, path)
    if path.name == saved_model.NAME:
        return _saved(path.parent)
    if suffix == _TMVA or _begins_as_tmva(path):
        return _Files(path.parent, _title(path), "tmva", path, path)
    if suffix == ".c":
        raise ModelError(f"{path}: this is C++; give the weight file that TMVA wrote beside it, NAME.weights.xml")
    raise ModelError(f"{path}: this is no model that can be read; it is {_KINDS}")


def _in_folder(path: Path) -> _Files:
    try:
        names = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    jsons = [entry for entry in names if entry.suffix == ".json" and entry.is_file()]
    if len(jsons) > 1:
        raise ModelError(f"{path}: several models ({_listed(jsons)}); give the path of one *.json")
    saved = (path / saved_model.NAME).is_file()
    if jsons:
        found = _beside(jsons[0], sole=True)
        # repositories hold one network as JSON, whose weights are somewhere else, and as a SavedModel
        return _saved(path) if found.weights is None and saved else dataclasses.replace(found, name=_name(path))
    if saved:
        return _saved(path)
    whole = [entry for entry in names if entry.suffix in (".keras", _TMVA, *_HDF5) and entry.is_file()]
    if len(whole) != 1:
        several = f"several models ({_listed(whole)}); give the path of one"
        raise ModelError(f"{path}: {several if whole else f'there is no model here; it is {_KINDS}'}")
    return dataclasses.replace(_files_of(whole[0]), name=_name(path))


def _name(folder: Path) -> str:
    return folder.resolve().name or "model"


def _begins_as_tmva(path: Path) -> bool:
    """Return whether a file of any name is a weight file."""
    try:
        with path.open("rb") as file:
            return b"<MethodSetup" in file.read(1 << 16)
    except OSError:
        return False


def _title(path: Path) -> str:
    """Return the name of a weight file: TMVA writes X.weights.xml; one that says nothing is called after its folder."""
    name = path.name.removesuffix(path.suffix).removesuffix(".weights")
    return _name(path.parent) if name.lower() in ("", "weights") else name


def _declared(weights: Weights, read: Card) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return inputs and outputs of a weight file, whose outputs a card may name."""
    if read.inputs is not None and read.inputs != weights.inputs:
        raise read.fault("these are not the variables that the weight file declares; leave them out", "inputs")
    if read.outputs is not None and len(read.outputs) != len(weights.outputs):
        message = f"{len(read.outputs)} outputs, and the method has {len(weights.outputs)}; name each of them once"
        raise read.fault(message, "outputs")
    return weights.inputs, read.outputs or weights.outputs


def _saved(folder: Path) -> _Files:
    return _Files(folder, _name(folder), "saved_model", folder, folder)


def _beside(config: Path, *, sole: bool) -> _Files:
    """Return a JSON with its weights: by their name, or the only ones in a folder with one JSON."""
    folder, stem = config.parent, config.stem
    usual = folder / f"NN_weights-{stem}.h5"
    candidates = [usual, folder / f"{stem}.weights.h5", folder / f"{stem}.h5"]
    weights = next((path for path in candidates if path.is_file()), None)
    if weights is None and sole:
        others = sorted(path for path in folder.glob("*.h5") if path.is_file())
        if len(others) > 1:
            raise ModelError(f"{folder}: several files of weights ({_listed(others)}); call the right one {usual.name}")
        weights = others[0] if others else None
    return _Files(folder, stem, "keras-json+h5", config, weights, None if weights else usual)


def _listed(paths: Sequence[Path]) -> str:
    names = [path.name for path in paths]
    return ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and {len(names) - 5} more"  # noqa: PLR2004


def _architecture(files: _Files) -> Architecture | None:
    if files.format == "saved_model":  # only TensorFlow knows its layers
        return None
    where = str(files.config)
    if files.format == "keras":
        return keras_config.read_architecture(archive.read_config(files.config), where)
    if files.format == "keras-json+h5":
        return keras_config.read_architecture(keras_config.read_text(files.config), where)
    text = hdf5.model_config(files.config)
    if text is None:
        raise ModelError(f"{where}: weights only; put the description (model.to_json()) beside it as a *.json")
    return keras_config.read_architecture(text, where)


def _inputs(folder: Path, read: Card, architecture: Architecture | None) -> tuple[str, ...]:
    path = folder / inputs_file.NAME
    if path.is_file():
        names = inputs_file.read_inputs(path)
        if read.inputs is not None and read.inputs != names:
            raise read.fault(f"these are not the inputs that stand in {path}; leave one of the two lists", "inputs")
    elif read.inputs is not None:
        path, names = folder / card.NAME, read.inputs
    else:
        raise ModelError(f'{path}: there is no such file; write it: inputs = ["first", "second", ...]')
    if architecture is not None and len(names) != architecture.inputs:
        message = f"{len(names)} inputs, and the network has {architecture.inputs}; name each of them once"
        raise ModelError(f"{path}: {message}")
    return names


def _outputs(read: Card, architecture: Architecture | None) -> tuple[str, ...]:
    count = 1 if architecture is None else architecture.outputs
    if read.outputs is None:
        # of a SavedModel the card must say it, if there are more
        return ("ml_mass",) if count == 1 else tuple(f"ml_mass_{number}" for number in range(count))
    if architecture is not None and len(read.outputs) != count:
        raise read.fault(f"{len(read.outputs)} outputs, and the network has {count}; name each of them once", "outputs")
    return read.outputs
