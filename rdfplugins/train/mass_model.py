"""Training of a network that estimates the mass of a di-tau resonance."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.nodes import ditau
from rdfplugins.train import card
from rdfplugins.train import folder as folders
from rdfplugins.train.balance import Balance
from rdfplugins.train.checkpoint import NAME as STATE_FILE
from rdfplugins.train.events import Columns, read_events
from rdfplugins.train.fit import Sample, fit
from rdfplugins.train.masses import masses_of
from rdfplugins.train.scaling import fold, scaling_of
from rdfplugins.train.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rdfplugins.inference.network import Activation
    from rdfplugins.train.events import Data, Events
    from rdfplugins.train.scaling import Scaling
    from rdfplugins.train.settings import FlatIn

PathLike = str | os.PathLike[str]


def train_mass_model(
    files: PathLike | Sequence[PathLike],
    folder: PathLike,
    *,
    tree: str = "events",
    inputs: Sequence[str] = ditau.INPUTS,
    target: str = "genMass",
    split: str = "split",
    output: str = "ml_mass",
    widths: Sequence[int] = (128, 128, 128),
    activation: Activation = "softplus",
    epochs: int = 100,
    batch: int = 1024,
    learning_rate: float = 1e-3,
    patience: int = 20,
    mass_range: tuple[float, float] = (50.0, 1000.0),
    flat_in: FlatIn = "mass",
    cap: float = 10.0,
    seed: int = 1,
    about: Mapping[str, Any] | None = None,
    replace: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Train a dense network to estimate the true mass, and write it as a model folder.

    The training split is trained on, the validation split says when to stop, the test split is not looked at. A run
    that was killed is taken up again by the same call: the state stands in ``.NAME.training`` beside the folder. On
    one machine and with one number of threads the result is the same as without the kill, and the same for each seed.

    Parameters
    ----------
    files
        Trees with a true mass that ``rdfrun`` wrote, with ``select.split``; a few mass points or, better, a continuum.
    folder
        The model to write; its last part is the name of the model. It appears when the training is complete.
    tree
        Name of the tree in each file.
    inputs
        Columns that the network takes, in this order.
    target
        Column of the true mass, GeV.
    split
        Column that is 0 for training, 1 for validation, 2 for test.
    output
        Name of the output.
    widths
        Number of nodes of each hidden layer.
    activation
        Of the hidden layers: linear, relu, elu, softplus, tanh or sigmoid. The output is linear.
    epochs
        How often each event is seen at most. The learning rate falls to a hundredth over all of them.
    batch
        Events of a step.
    learning_rate
        Of Adam in the first epoch.
    patience
        Epochs without a smaller validation loss after which the training ends. The weights of the best epoch are kept.
    mass_range
        Events with a true mass outside are left out; also the limits in the loss (`mass_loss`). GeV. The card names the
        masses that there are.
    flat_in
        Events are weighted so that the distribution of the true mass is flat in ``mass`` or in ``log_mass``; ``none``
        takes it as it is. Weights of the tree are not used: cross-sections say nothing about masses to be estimated.
    cap
        The largest of these weights.
    seed
        0 <= seed < 2^64; of initial weights and of the order of events.
    about
        Keys of ``card.yaml`` with your own content: title, origin, license, citation, training.
    replace
        Replace a folder that is there.
    say
        Takes a line of progress at a time.

    Returns
    -------
    Path
        The folder: ``NAME.json``, ``NN_weights-NAME.h5``, ``inputs_for_models_in_this_dir.py`` (as the published mass
        models), ``card.yaml``, and ``history.csv`` with the losses of each epoch.

    Raises
    ------
    ConfigError
        A parameter that makes no sense.
    InputError
        Files that cannot be read, without a true mass, or with an empty training or validation split.
    MissingColumnError
        Columns that a file does not have.
    MissingDependencyError
        If TensorFlow is not installed.
    ModelError
        If the training diverges.
    OutputError
        The folder is there and must not be replaced, another training writes it, or nothing can be written.

    Notes
    -----
    Inputs and output are scaled for the training. The stored network takes raw inputs and gives GeV: the scaling is
    folded into its first and last layer.
    """
    settings = Settings(
        inputs=tuple(inputs),
        output=output,
        widths=tuple(widths),
        activation=activation,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        patience=patience,
        mass_range=(float(mass_range[0]), float(mass_range[1])),
        flat_in=flat_in,
        cap=cap,
        seed=seed,
    )
    card.check_about(about or {})
    load_tensorflow()  # before minutes of reading
    tell = say or _silent
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 (a name that is a link stays)
    paths = [Path(files)] if isinstance(files, str | os.PathLike) else [Path(file) for file in files]
    with folders.workshop(folder, replace=replace) as place:
        data = read_events(paths, Columns(tree, settings.inputs, target, split, settings.mass_range))
        tell(_summary(data))
        remark = masses_of(data.training.mass, settings.mass_range).remark()
        if remark is not None:
            tell(f"warning: {remark}")
        scaling = scaling_of(data.training.inputs, data.training.mass)
        balance = Balance(data.training.mass, settings.mass_range, settings.flat_in, settings.cap)
        state = fit(
            _sample(data.training, scaling, balance),
            _sample(data.validation, scaling, balance),
            settings,
            scaling,
            state_file=place / STATE_FILE,
            key=_key(settings, data),
            say=tell,
        )
        network = fold(state.best, settings.activation, scaling)
        folders.write_folder(
            place,
            folder,
            network=network,
            inputs=settings.inputs,
            card=card.make_card(network, data, settings, state, about=about or {}),
            history=state.history,
        )
    tell(f"{folder}: written; validation loss {state.history[state.best_epoch - 1]['val_loss']:.4f}")
    return folder


def _sample(events: Events, scaling: Scaling, balance: Balance) -> Sample:
    return Sample(scaling.inputs(events.inputs), events.mass, balance(events.mass))


def _key(settings: Settings, data: Data) -> str:
    """Return the hash of all that decides the result."""
    text = json.dumps([asdict(settings), data.fingerprint(), str(load_tensorflow().__version__)])
    return hashlib.sha256(text.encode()).hexdigest()


def _summary(data: Data) -> str:
    without = "".join(f"; {number} left out: {why}" for why, number in data.left_out.items())
    return f"{len(data.training)} events to train on, {len(data.validation)} to validate with{without}"


def _silent(line: str) -> None:
    del line
