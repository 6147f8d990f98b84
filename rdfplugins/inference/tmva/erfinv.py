"""The inverse of the error function for arrays; macros/rdfplugins/tmva/erfinv.h is the same in C++.

TMVA takes the normal quantile of a Gauss transformation from ``TMath::ErfInverse``, which stops where erf is right to
1e-14: far out, where erf is flat, that leaves an error of 1e-8 that nobody wants to repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Rational = tuple[tuple[float, ...], tuple[float, ...]]

# Numerator and denominator of the three rational functions of M. J. Wichura, "Algorithm AS 241", Applied Statistics 37
# (1988) 477, for the quantile of the normal distribution; highest power first.
CENTRE: Final = (
    (
        *(2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457),
        *(13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080),
    ),
    (
        *(5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867),
        *(5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0),
    ),
)
TAIL: Final = (
    (
        *(7.74545014278341407640e-4, 2.27238449892691845833e-2, 0.241780725177450611770, 1.27045825245236838258),
        *(3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734),
    ),
    (
        *(1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 0.148103976427480074590),
        *(0.689767334985100004550, 1.67638483018380384940, 2.05319162663775882187, 1.0),
    ),
)
FAR_TAIL: Final = (
    (
        *(2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2),
        *(0.296560571828504891230, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720),
    ),
    (
        *(2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4),
        *(1.48753612908506148525e-2, 0.136929880922735805310, 0.599832206555887937690, 1.0),
    ),
)
_CENTRE_ENDS: Final = 0.425  # from 1/2, of a probability
_TAIL_ENDS: Final = 5.0  # of the root of minus the logarithm of a probability
_HALF: Final = 0.5
_ROOT_HALF: Final = 0.70710678118654752440


def _rational(terms: Rational, t: Doubles) -> Doubles:
    top, bottom = np.full_like(t, terms[0][0]), np.full_like(t, terms[1][0])
    for above, below in zip(terms[0][1:], terms[1][1:], strict=True):
        top *= t
        top += above
        bottom *= t
        bottom += below
    top /= bottom
    return top


def erfinv(x: Doubles) -> Doubles:
    """Return the numbers whose error function is ``x``.

    Parameters
    ----------
    x
        float64, of any shape.

    Returns
    -------
    float64 of the same shape, to a few 1e-16 of each value. Of +-1 +-infinity; of what is beyond, and of NaN, NaN.
    """
    q = _HALF * x  # erfinv(x) sqrt(2) is the quantile of probability 1/2 + q
    size = np.abs(q)
    out = np.full_like(q, np.nan)
    centre = size <= _CENTRE_ENDS
    near = q[centre]
    out[centre] = _ROOT_HALF * near * _rational(CENTRE, 0.180625 - near * near)
    tail = (size > _CENTRE_ENDS) & (size < _HALF)
    t = np.sqrt(-np.log(_HALF - size[tail]))
    found = np.where(t <= _TAIL_ENDS, _rational(TAIL, t - 1.6), _rational(FAR_TAIL, t - _TAIL_ENDS))
    out[tail] = np.copysign(_ROOT_HALF * found, q[tail])
    ends = size == _HALF
    out[ends] = np.copysign(np.inf, q[ends])
    return out
