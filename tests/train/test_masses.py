"""What a card says of the masses of its training."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.train.masses import masses_of

ASKED = (50.0, 1000.0)


def test_a_continuum_is_a_range() -> None:
    found = masses_of(np.random.default_rng(1).uniform(*ASKED, 5000).astype(np.float32), ASKED)
    assert found.interval == ASKED
    assert found.remark() is None
    assert found.record() == {"lowest": found.lowest, "highest": found.highest, "share_of_range": 1.0}
    assert 50 <= found.lowest < 51
    assert 999 < found.highest <= 1000


def test_points_are_named() -> None:
    found = masses_of(np.repeat([700, 125.3, 300], 100).astype(np.float32), ASKED)
    assert found.interval == (125, 700)
    assert found.record() == {"lowest": 125.3, "highest": 700.0, "points": [125.3, 300.0, 700.0]}
    remark = found.remark()
    assert remark is not None
    assert remark.startswith("3 true masses only (125.3, 300, 700 GeV): all others are a guess")


@pytest.mark.parametrize(
    ("mass", "interval"), [(125.0, (124.5, 125.5)), (125.5, (125, 126)), (1000.0, (999.5, 1000.5))]
)
def test_one_mass_is_an_interval_that_a_card_can_hold(mass: float, interval: tuple[float, float]) -> None:
    found = masses_of(np.full(5, mass, np.float32), ASKED)
    assert found.interval == interval
    assert (found.remark() or "").startswith(f"one true mass only ({mass:g} GeV)")


def test_gaps_are_told_with_their_share() -> None:
    """Two resonances of a width: more masses than can be named, and most of the range is empty."""
    random = np.random.default_rng(1)
    mass = np.concatenate([random.normal(91.2, 2, 300), random.normal(300, 6, 300)]).astype(np.float32)
    found = masses_of(mass, ASKED)
    assert found.points == ()
    # of 20 steps with a ratio of 1.162, those that begin at 78.4 and 91.1, and at 260 and 302
    assert found.covered == pytest.approx(4 / 20)
    remark = found.remark()
    assert remark is not None
    assert "in 20% of the range 50 to 1000 GeV" in remark
    assert found.interval[0] == np.floor(mass.min())
    assert found.interval[1] == np.ceil(mass.max())
