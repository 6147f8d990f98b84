"""Training of a network that estimates the mass of a di-tau resonance."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ConfigError, InputError
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.nodes import ditau
from rdfplugins.train import card, figures
from rdfplugins.train import folder as folders
from rdfplugins.train.balance import Balance, Emphasis
from rdfplugins.train.checkpoint import NAME as STATE_FILE
from rdfplugins.train.event_faults import TRAINING
from rdfplugins.train.events import SPLIT, Columns, read_events
from rdfplugins.train.fit import Sample, fit
from rdfplugins.train.masses import masses_of
from rdfplugins.train.origin import origins
from rdfplugins.train.scaling import fold, scaling_of
from rdfplugins.train.settings import Settings
from rdfplugins.train.teacher import Teacher, taught

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rdfplugins.inference.network import Activation, Network
    from rdfplugins.train.augment import Augment
    from rdfplugins.train.events import Data, Events
    from rdfplugins.train.settings import FlatIn

PathLike = str | os.PathLike[str]
_LEAST_SENSITIVITY: Final = 0.5


def train_mass_model(
    files: PathLike | Sequence[PathLike],
    folder: PathLike,
    *,
    validation: PathLike | Sequence[PathLike] | None = None,
    tree: str = "events",
    inputs: Sequence[str] = ditau.INPUTS,
    target: str = "genMass",
    split: str = SPLIT,
    weight: str | None = None,
    output: str = "ml_mass",
    widths: Sequence[int] = (128, 128, 128),
    activation: Activation = "softplus",
    epochs: int = 100,
    batch: int = 1024,
    learning_rate: float = 1e-3,
    patience: int = 20,
    mass_range: tuple[float, float] = (50.0, 1000.0),
    flat_in: FlatIn = "mass",
    flat_per: str | None = None,
    cap: float = 10.0,
    emphasis: Mapping[str, Any] | None = None,
    augment: Sequence[Augment] = (),
    invariant: Sequence[str] = (),
    teacher: Mapping[str, Any] | None = None,
    seed: int = 1,
    threads: int = 1,
    about: Mapping[str, Any] | None = None,
    replace: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Train a dense network to estimate the true mass, and write it as a model folder.

    The training split is trained on, the validation split says when to stop. The test split is read when all is done,
    for figures in the card. A run that was killed is taken up again by the same call: the state stands in
    ``.NAME.training`` beside the folder. On one machine and with one number of threads the result is the same as
    without the kill, and the same for each seed.

    Parameters
    ----------
    files
        Trees with a true mass that ``rdfrun`` wrote, with ``select.split``; a few mass points or, better, a continuum.
    folder
        The model to write; its last part is the name of the model. It appears when the training is complete.
    validation
        Files whose validation split is validated with; of ``files`` the training split alone is then taken. Where such
        a file has no column ``split``, all of its events are. None: ``files`` have both splits.
    tree
        Name of the tree in each file.
    inputs
        Columns that the network takes, in this order.
    target
        Column of the true mass, GeV.
    split
        Column that is 0 for training, 1 for validation, 2 for test.
    weight
        Column of event weights, 0 or above, that the ones of ``flat_in`` are multiplied with: the distribution of the
        true mass with these weights becomes flat. They enter the loss of training and validation. None: all 1, as
        cross-sections say nothing about masses to be estimated.
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
        takes it as it is.
    flat_per
        Column of whole numbers, such as ``channel`` or ``N_neutrinos_reco``: the distribution becomes flat in each of
        its values, each of which keeps its total weight. None: in all events together.
    cap
        The largest factor by which a mass is weighted up.
    emphasis
        Masses that matter more: mass (GeV), factor, width of a Gaussian in the logarithm of the mass that multiplies
        the weights; see `balance.Emphasis`.
    augment
        What is done with each event of the training, drawn anew in each epoch: ``rotate`` about the beam by any angle,
        ``mirror`` azimuths in half of the cases, ``flip`` all pseudorapidities in half of the cases.
    invariant
        Inputs that are not among `ditau.INPUTS`, and that these do not change.
    teacher
        Networks to learn from (`rdfplugins.train.teacher.Teacher`), by its keys members, widths, epochs, batch and
        learning_rate; None: from the true mass alone.
    seed
        0 <= seed < 2^64; of initial weights and of the order of events.
    threads
        Cores that TensorFlow uses. The result is the same for each seed with the same number; if TensorFlow has worked
        in this process before, it keeps the number that it has.
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
        models), ``card.yaml``, and ``history.csv`` with the losses of each epoch, which ``history.png`` shows where
        matplotlib is installed.

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
        weight=weight,
        flat_per=flat_per,
        augment=tuple(augment),
        invariant=tuple(invariant),
        emphasis=None if emphasis is None else Emphasis.of(emphasis),
        teacher=None if teacher is None else Teacher.of(teacher),
    )
    card.check_about(about or {})
    if threads < 1:
        raise ConfigError(f"threads is a whole number above 0, not {threads}")
    tell = say or _silent
    _use(threads, tell)  # TensorFlow may not be there: this is known before minutes of reading
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 (a name that is a link stays)
    columns = Columns(tree, settings.inputs, target, split, settings.mass_range, weight, flat_per)
    with folders.workshop(folder, replace=replace) as place:
        data = read_events(_paths(files), columns, None if validation is None else _paths(validation))
        for line in _told(data, settings):
            tell(line)
        fingerprint = data.fingerprint()
        further: dict[str, Any] = {"threads": threads, "fingerprint": fingerprint, "data": origins(data)}
        scaling = scaling_of(data.training.inputs, data.training.mass)
        training, validating = samples_of(data, settings)
        key = _key(settings, fingerprint)
        if settings.teacher is not None:
            training, further["teacher"] = taught(training, validating, settings, place=place, key=key, say=tell)
        state = fit(training, validating, settings, scaling, state_file=place / STATE_FILE, key=key, say=tell)
        network = fold(state.best, settings.activation, scaling)
        further.update(_figures(network, data, columns, tell))
        folders.write_folder(
            place,
            folder,
            network=network,
            inputs=settings.inputs,
            card=card.make_card(network, data, settings, state, about=about or {}, further=further),
            history=state.history,
            say=tell,
        )
    tell(f"{folder}: written; validation loss {state.history[state.best_epoch - 1]['val_loss']:.4f}")
    return folder


def _figures(network: Network, data: Data, columns: Columns, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures of a card; those of the test split may not be there."""
    made: dict[str, Any] = {}
    slope = figures.sensitivity(network, data.validation)
    if slope is not None:
        made["sensitivity"] = round(slope, 3)
        if slope < _LEAST_SENSITIVITY:
            say(
                f"warning: the estimate hardly follows the true mass (of twice the mass it is {2**slope:.2f} times as"
                " large), and is of no use; more events, more epochs or smaller batches may help"
            )
    made["figures_validation"] = figures.validation_figures(network, data.validation, columns)
    try:
        test = figures.test_figures(network, data, columns)
    except InputError as error:  # of files that have changed meanwhile; the model is as good as without
        say(f"warning: the card has no figures of the test split: {error}")
        test = None
    return made if test is None else {**made, "figures_test": test}


def _use(threads: int, say: Callable[[str], None]) -> None:
    """Load TensorFlow and tell it how many cores to use, which it takes once a process."""
    tf = load_tensorflow()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        found = tf.config.threading.get_intra_op_parallelism_threads()
        if found != threads:
            say(f"TensorFlow works on {found or 'all'} cores in this process already; threads={threads} has no effect")


def samples_of(data: Data, settings: Settings) -> tuple[Sample, Sample]:
    """Return training and validation with their weights: those of the tree times those that make the mass flat.

    Each is made flat by itself: what was resampled has other masses than the trees that it is validated with.
    """
    training, validation = (_weighted(part, settings) for part in (data.training, data.validation))
    return training, validation


def _weighted(events: Events, settings: Settings) -> Sample:
    balance = Balance(
        *(events.mass, settings.mass_range, settings.flat_in, settings.cap), weight=events.weight, group=events.group
    )
    weight = balance(events.mass, weight=events.weight, group=events.group)
    if settings.emphasis is not None:
        more = weight * settings.emphasis(events.mass)
        weight = (more * (weight.sum(dtype=np.float64) / more.sum())).astype(np.float32)  # of the same mean
    return Sample(events.inputs, events.mass, weight)


def _paths(files: PathLike | Sequence[PathLike]) -> list[Path]:
    return [Path(files)] if isinstance(files, str | os.PathLike) else [Path(file) for file in files]


def _told(data: Data, settings: Settings) -> Iterator[str]:
    """Yield what is said of the events before the training."""
    without = "".join(f"; {number} left out: {why}" for why, number in data.left_out.items())
    yield f"{len(data.training)} events to train on, {len(data.validation)} to validate with{without}"
    for source in data.sources:
        if source.unweighted:
            yield f"{source.path.name}: has no column '{settings.weight}'; the weights of its events are 1"
        if source.whole:
            use = "train" if source.gives == (TRAINING,) else "validate"
            yield f"{source.path.name}: has no column for the split; all of its events {use}"
    remark = masses_of(data.training.mass, settings.mass_range).remark()
    if remark is not None:
        yield f"warning: {remark}"


def _key(settings: Settings, fingerprint: str) -> str:
    """Return the hash of all that decides the result."""
    text = json.dumps([asdict(settings), fingerprint, str(load_tensorflow().__version__)])
    return hashlib.sha256(text.encode()).hexdigest()


def _silent(line: str) -> None:
    del line
