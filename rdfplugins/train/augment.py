"""Augmentation of training events by symmetries of the detector: turned about the beam, mirrored, end for end.

None of them changes a mass, so that the network need not learn from events what is known beforehand. What becomes of
an input follows from its name, one of `ditau.INPUTS`; transverse masses, momenta and numbers stay.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from rdfplugins.errors import ConfigError, did_you_mean
from rdfplugins.nodes.ditau import INPUTS
from rdfplugins.nodes.mass_conventions import JET_GROUPS
from rdfplugins.random import combine, text_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Augment = Literal["rotate", "mirror", "flip"]
AUGMENTS: Final[tuple[Augment, ...]] = get_args(Augment)
_COVARIANCE: Final = ("MET_covXX_reco", "MET_covXY_reco", "MET_covYY_reco")
_TURN: Final = 2 * math.pi
_PI: Final = float(np.float32(math.pi))


@dataclasses.dataclass(frozen=True)
class Directions:
    """Which inputs change when an event is turned or mirrored.

    Attributes
    ----------
    azimuths
        Column of each azimuth, and of the momentum of the same object: where that is 0 there is none, and its azimuth
        stays as it is. None where it is not among the inputs.
    pseudorapidities
        Their columns.
    covariance
        Columns of XX, XY and YY of the missing transverse momentum; None without them.
    """

    azimuths: tuple[tuple[int, int | None], ...]
    pseudorapidities: tuple[int, ...]
    covariance: tuple[int, int, int] | None


def check_augment(names: Sequence[str]) -> None:
    """Raise ConfigError for what is no augmentation, or stands twice."""
    for number, name in enumerate(names):
        if name not in AUGMENTS:
            raise ConfigError(
                f"augment: '{name}' is not known{did_you_mean(str(name), AUGMENTS)}; there are {', '.join(AUGMENTS)}"
            )
        if name in names[:number]:
            raise ConfigError(f"augment: '{name}' stands twice; leave one")


def directions_of(names: Sequence[str], invariant: Sequence[str] = ()) -> Directions:
    """Return which inputs change.

    Parameters
    ----------
    names
        The inputs, in order.
    invariant
        Inputs that are not among `ditau.INPUTS`, and stay as they are when an event is turned or mirrored.

    Raises
    ------
    ConfigError
        For an input that is not known, or cannot be turned without another one.
    """
    _check_invariant(names, invariant)
    foreign = [name for name in names if name not in INPUTS and name not in invariant]
    if foreign:
        listed = ", ".join(f"'{name}'" for name in foreign)
        raise ConfigError(
            f"augment: it is not known what becomes of {listed} when an event is turned or mirrored; name under "
            "'invariant' what stays as it is (masses, momenta, numbers), and leave out augment for angles of your own"
        )
    place = {name: number for number, name in enumerate(names)}
    known = [name for name in names if name in INPUTS]
    for name in known:
        _check_partner(name, place)
    return Directions(
        tuple((place[name], place.get(_momentum(name))) for name in known if name.endswith("_phi_reco")),
        tuple(place[name] for name in known if name.endswith("_eta_reco")),
        (place[_COVARIANCE[0]], place[_COVARIANCE[1]], place[_COVARIANCE[2]]) if _COVARIANCE[0] in place else None,
    )


def augmented(
    inputs: NDArray[np.float32],
    names: Sequence[str],
    angle: NDArray[Any],
    mirror: NDArray[np.bool_],
    flip: NDArray[np.bool_],
    *,
    invariant: Sequence[str] = (),
) -> NDArray[np.float32]:
    """Return events that are mirrored, turned and flipped, in this order; computed in double precision.

    The reference for what `augment_tensor` does within the training.

    Parameters
    ----------
    inputs
        float32[events, inputs], raw: GeV and rad.
    names
        Of the inputs.
    angle
        [events], rad; is added to all azimuths, which are then within -pi and pi. The covariance of the missing
        momentum turns as a tensor.
    mirror
        [events]; where it is true all azimuths change their sign, and the XY of the covariance.
    flip
        [events]; where it is true all pseudorapidities change their sign.
    invariant
        Inputs that stay as they are, beyond those that are known to.

    Returns
    -------
    NDArray
        float32[events, inputs].
    """
    which = directions_of(names, invariant)
    made = inputs.astype(np.float64)
    side = np.where(mirror, -1.0, 1.0)
    for phi, momentum in which.azimuths:
        turned = side * made[:, phi] + angle
        turned -= _TURN * np.round(turned / _TURN)
        made[:, phi] = turned if momentum is None else np.where(made[:, momentum] > 0, turned, made[:, phi])
    for eta in which.pseudorapidities:
        made[:, eta] = np.where(flip, -made[:, eta], made[:, eta])
    if which.covariance is not None:
        matrix = made[:, [which.covariance[0], which.covariance[1], which.covariance[1], which.covariance[2]]]
        matrix = matrix.reshape(-1, 2, 2)
        matrix[:, [0, 1], [1, 0]] *= side[:, np.newaxis]
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2)
        matrix = turn @ matrix @ turn.transpose(0, 2, 1)
        for column, (row, other) in zip(which.covariance, ((0, 0), (0, 1), (1, 1)), strict=True):
            made[:, column] = matrix[:, row, other]
    return made.astype(np.float32)


def draws(tf: Any, count: int, key: Any) -> tuple[Any, Any, Any]:
    """Return angle, mirror and flip for the events of a step, as a function of ``key`` alone in a compiled graph.

    Without XLA the numbers are others.

    Parameters
    ----------
    tf
        The module TensorFlow.
    count
        Number of events.
    key
        int64[2]: `stream` of the seed, and the number of the step.

    Returns
    -------
    tuple
        float32[events] in [0, 2 pi), bool[events], bool[events].
    """
    numbers = tf.random.stateless_uniform([3, count], key, alg="philox")
    return numbers[0] * _TURN, numbers[1] < 0.5, numbers[2] < 0.5  # noqa: PLR2004 (half of the events)


def stream(seed: int) -> int:
    """Return the first half of the key of all draws of a training, as a signed 64-bit integer."""
    mixed = combine(np.array([seed], dtype=np.uint64), np.array([text_hash("train augment")], dtype=np.uint64))
    return int(mixed.view(np.int64)[0])


def augment_tensor(
    tf: Any, inputs: Any, which: Directions, *, angle: Any | None, mirror: Any | None, flip: Any | None
) -> Any:
    """Return what `augmented` does, as a tensor float32[events, inputs]; None in place of what is not to be done."""
    columns = tf.unstack(inputs, axis=1)
    side = None if mirror is None else tf.where(mirror, -1.0, 1.0)
    for phi, momentum in which.azimuths if angle is not None or side is not None else ():
        turned = columns[phi] if side is None else side * columns[phi]
        if angle is not None:
            turned += angle
            # single precision may be one step beyond
            turned = tf.clip_by_value(turned - _TURN * tf.round(turned / _TURN), -_PI, _PI)
        columns[phi] = turned if momentum is None else tf.where(columns[momentum] > 0, turned, columns[phi])
    if flip is not None:
        end = tf.where(flip, -1.0, 1.0)
        for eta in which.pseudorapidities:
            columns[eta] *= end
    if which.covariance is not None:
        xx, xy, yy = (columns[number] for number in which.covariance)
        xy = xy if side is None else side * xy
        if angle is not None:
            # cos^2 XX - 2 cos sin XY + sin^2 YY and so on, by the double angle
            mean, half = 0.5 * (xx + yy), 0.5 * (xx - yy)
            cos, sin = tf.cos(2 * angle), tf.sin(2 * angle)
            along, across = cos * half - sin * xy, sin * half + cos * xy
            xx, xy, yy = mean + along, across, mean - along
        for number, column in zip(which.covariance, (xx, xy, yy), strict=True):
            columns[number] = column
    return tf.stack(columns, axis=1)


def _momentum(azimuth: str) -> str:
    return azimuth.replace("_phi_", "_pt_")


def _check_invariant(names: Sequence[str], invariant: Sequence[str]) -> None:
    for name in invariant:
        if name not in names:
            raise ConfigError(f"invariant: no input is called '{name}'{did_you_mean(name, names)}")
        if name in INPUTS:
            raise ConfigError(f"invariant: '{name}' is one of the inputs whose change is known; leave it out here")


def _check_partner(name: str, place: dict[str, int]) -> None:
    """Raise ConfigError for an input that changes by a rule that needs one that is not there."""
    needed: tuple[str, ...] = ()
    if name in _COVARIANCE:
        needed = _COVARIANCE
    elif name.endswith("_phi_reco") and name.startswith(JET_GROUPS):
        needed = (_momentum(name),)  # which tells whether there is such a jet
    missing = [f"'{other}'" for other in needed if other not in place]
    if missing:
        raise ConfigError(f"augment: input '{name}' cannot be turned without {' and '.join(missing)}; add it to inputs")
