"""The folder of a trained model: architecture, weights, inputs, card, history; as a whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
from typing import TYPE_CHECKING, Any

import yaml

from rdfplugins.errors import MissingDependencyError, OutputError
from rdfplugins.files import lock, make_folder
from rdfplugins.inference.folder import read_model
from rdfplugins.inference.hdf5 import write_legacy
from rdfplugins.inference.inputs_file import NAME as INPUTS_FILE
from rdfplugins.inference.inputs_file import write_inputs
from rdfplugins.inference.keras_config import write_json
from rdfplugins.train.plot import NAME as PLOT_FILE
from rdfplugins.train.plot import write_history_plot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.inference.network import Network

HISTORY_FILE = "history.csv"  # not .json: loaders take that for an architecture
_NEW, _OLD = "model", "replaced"


@contextlib.contextmanager
def workshop(folder: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a hidden folder beside ``folder`` for what a training needs until it is done.

    It stays if the process is killed, or the block ends with an error after a checkpoint: the next training goes on
    from there.

    Raises
    ------
    OutputError
        The folder is there and must not be replaced, another training writes it now, or nothing can be written.
    """
    place = folder.with_name(f".{folder.name}.training")
    make_folder(folder.parent)
    make_folder(place)
    with lock(place, remove=True):
        _put_back(place, folder)
        if not replace and (folder.is_file() or (folder.is_dir() and any(folder.iterdir()))):
            _discard(place)
            raise OutputError(f"{folder}: is there already; replace=True replaces it, or choose another folder")
        try:
            yield place
        except BaseException:
            shutil.rmtree(place / _NEW, ignore_errors=True)  # the next training writes all of it again
            _discard(place)
            raise
        shutil.rmtree(place, ignore_errors=True)


def write_folder(
    place: Path,
    folder: Path,
    *,
    network: Network,
    inputs: Sequence[str],
    card: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
    say: Callable[[str], None],
) -> None:
    """Write a model folder in the layout of the published mass models, with a card.

    The files are made in ``place`` and become ``folder`` by one renaming. An old one is moved away right before; where
    a kill leaves it there, `workshop` puts it back.

    Parameters
    ----------
    place
        What `workshop` yielded.
    folder
        Its name is that of the model.
    network
        Takes raw inputs.
    inputs
        Their names, in order.
    card
        Content of ``card.yaml``.
    history
        A row an epoch.
    say
        Is told if there can be no plot of it.

    Raises
    ------
    OutputError
        If the system refuses to write.
    """
    try:
        _write(place / _NEW, folder.name, network=network, inputs=inputs, card=card, history=history, say=say)
        if folder.exists():
            folder.rename(place / _OLD)
        (place / _NEW).rename(folder)
    except OSError as error:  # HDF5 puts a report of many lines into the text
        why = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0]
        raise OutputError(f"{folder}: cannot be written: {why}") from error


def _write(
    new: Path,
    name: str,
    *,
    network: Network,
    inputs: Sequence[str],
    card: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
    say: Callable[[str], None],
) -> None:
    """Write all files of a model into a new folder, and see that they can be read."""
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    (new / f"{name}.json").write_text(write_json(network, name) + "\n", encoding="utf-8")
    write_legacy(new / f"NN_weights-{name}.h5", network)
    (new / INPUTS_FILE).write_text(write_inputs(inputs), encoding="utf-8")
    (new / "card.yaml").write_text(card_text(card), encoding="utf-8")
    with (new / HISTORY_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
    try:
        write_history_plot(history, name, new, taught="teacher" in card.get("training", {}))
    except MissingDependencyError as error:
        say(f"{PLOT_FILE} is left out: {error}")
    read_model(new)  # what cannot be read shall not replace what can
    for path in new.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def card_text(card: Mapping[str, Any]) -> str:
    """Return a card as YAML: texts of several lines as such, lists of numbers in rows."""
    return yaml.dump(
        dict(card), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _put_back(place: Path, folder: Path) -> None:
    """Undo what a kill between the two renamings left."""
    old = place / _OLD
    if old.is_dir() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _discard(place: Path) -> None:
    """Remove a place in which nothing was done."""
    if not [path for path in place.iterdir() if not path.name.startswith(".")]:
        shutil.rmtree(place)
