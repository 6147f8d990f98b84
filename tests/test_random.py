"""The hash in numpy and in C++: the same bits, uniform, and independent between seeds, purposes and events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins import cpp, random

MAX = 2**64 - 1
EDGES = [0, 1, 2, 2**11 - 1, 2**11, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, MAX - 1, MAX]
PINNED = [0.3619699274577213, 0.3532510661598184, 0.6221163960476652]
WORDS = st.integers(0, MAX)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# -- a second implementation, in Python's integers, from the papers alone


def plain_mix(x: int) -> int:
    """SplitMix64: one step of its counter and the finaliser (variant 13 of Stafford)."""
    z = (x + 0x9E3779B97F4A7C15) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ z >> shift) * factor % 2**64
    return z ^ z >> 31


def plain_key(sample: int, numbers: list[int]) -> int:
    for number in numbers:
        sample = plain_mix(plain_mix(sample) ^ number)
    return sample


def plain_entry_key(sample: int, entry: int, sizes: list[int], names: list[int]) -> int:
    for size, name in zip(sizes, names, strict=True):
        if entry < size:
            return plain_key(sample, [name, entry])
        entry -= size
    raise AssertionError("entry behind the last file")


def plain_text_hash(text: str) -> int:
    value = 14695981039346656037
    for byte in text.encode("utf-8"):
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


# -- known answers


def test_in_place_it_is_the_same() -> None:
    values = np.array([*EDGES, *range(1000)], np.uint64)
    given = values.copy()
    random.mix_in_place(values)
    assert values.tolist() == [plain_mix(int(value)) for value in given] == random.mix(given).tolist()


def test_published_values() -> None:
    """First outputs of SplitMix64 for seed 1234567, and FNV-1a of its authors' test suite."""
    state, found = 1234567, []
    for _ in range(5):
        found.append(int(random.mix(np.array([state], dtype=np.uint64))[0]))
        state += 0x9E3779B97F4A7C15
        state %= 2**64
    assert found == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert random.text_hash("") == 0xCBF29CE484222325
    assert random.text_hash("a") == 0xAF63DC4C8601EC8C
    assert random.text_hash("foobar") == 0x85944171F73967E8


def test_pinned_draws() -> None:
    """Splits of existing outputs depend on these numbers: a change is a change of everybody's training sample."""
    keys = np.array([0, 1, MAX], dtype=np.uint64)
    for seed, purpose in ((1, "split"), (0, ""), (MAX, "fold")):
        start = plain_key(seed, [plain_text_hash(purpose)])
        expected = [(plain_key(start, [int(key)]) >> 11) / 2**53 for key in keys]
        assert random.uniform(seed, keys, purpose).tolist() == expected
    assert random.uniform(1, keys, "split").tolist() == PINNED


# -- numpy against the second implementation


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=20))
def test_numpy_against_plain(pairs: list[tuple[int, int]]) -> None:
    seeds, values = (np.array(column, dtype=np.uint64) for column in zip(*pairs, strict=True))
    assert random.mix(seeds).tolist() == [plain_mix(seed) for seed, _ in pairs]
    assert random.combine(seeds, values).tolist() == [plain_key(seed, [value]) for seed, value in pairs]


@given(st.text(max_size=30))
def test_text_hash_against_plain(text: str) -> None:
    assert random.text_hash(text) == plain_text_hash(text)


@given(st.lists(WORDS, min_size=2, max_size=50, unique=True))
def test_mix_is_a_bijection(values: list[int]) -> None:
    assert len(set(random.mix(np.array(values, dtype=np.uint64)).tolist())) == len(values)


@given(WORDS, WORDS)
def test_order_matters(one: int, other: int) -> None:
    a, b = np.array([one], dtype=np.uint64), np.array([other], dtype=np.uint64)
    assert (random.combine(a, b) == random.combine(b, a)).all() == (one == other)


@given(WORDS, st.lists(WORDS, max_size=20), st.text(max_size=10))
def test_a_draw_depends_on_its_own_key_only(seed: int, values: list[int], purpose: str) -> None:
    keys = np.array(values, dtype=np.uint64)
    draws = random.uniform(seed, keys, purpose)
    assert draws.dtype == np.float64
    assert draws.shape == keys.shape
    assert ((draws >= 0) & (draws < 1) & (draws * 2**53 % 1 == 0)).all()
    assert random.uniform(seed, keys[::-1], purpose)[::-1].tolist() == draws.tolist()
    one_by_one = [random.uniform(seed, keys[i : i + 1], purpose)[0] for i in range(len(keys))]
    assert one_by_one == draws.tolist()


def test_shapes_are_kept() -> None:
    keys = np.arange(6, dtype=np.uint64).reshape(2, 3)
    assert random.uniform(1, keys, "x").shape == (2, 3)
    assert random.uniform(1, keys[:0], "x").shape == (0, 3)


def test_keys_of_another_type_are_refused() -> None:
    with pytest.raises(TypeError):
        random.uniform(1, np.array([-1, 1]), "x")  # type: ignore[arg-type]


# -- C++ against numpy


@pytest.fixture(scope="module")
def rdfp() -> Any:
    cpp.include("rdfplugins/hash.h")
    cpp.declare(
        """
        #include "rdfplugins/hash.h"
        namespace rdfp_test {
        inline void draw(const std::uint64_t *seed, const std::uint64_t *value, std::uint64_t *mixed,
                         std::uint64_t *combined, double *uniform, std::size_t n) {
          for (std::size_t i = 0; i < n; ++i) {
            mixed[i] = rdfp::mix(seed[i]);
            combined[i] = rdfp::combine(seed[i], value[i]);
            uniform[i] = rdfp::uniform(seed[i], 0xFEDCBA9876543210ULL, value[i]);
          }
        }
        }
        """,
        "test",
    )
    return cpp.load_root().rdfp


def test_identical_bits_in_both_languages(rdfp: Any) -> None:
    generator = np.random.default_rng(20)
    pairs = np.array([(a, b) for a in EDGES for b in EDGES], dtype=np.uint64)
    pairs = np.concatenate([pairs, generator.integers(0, MAX, (50_000, 2), dtype=np.uint64, endpoint=True)])
    seed, value = np.ascontiguousarray(pairs.T)
    mixed, combined, drawn = np.empty_like(seed), np.empty_like(seed), np.empty(len(seed))
    cpp.load_root().rdfp_test.draw(seed, value, mixed, combined, drawn, len(seed))
    assert np.array_equal(mixed, random.mix(seed))
    assert np.array_equal(combined, random.combine(seed, value))
    purpose = np.full_like(seed, 0xFEDCBA9876543210)
    expected = random.combine(random.combine(seed, purpose), value) >> np.uint64(11)
    assert np.array_equal(drawn, expected * 2.0**-53)
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0


@pytest.mark.parametrize("seed", EDGES)
def test_uniform_of_a_named_purpose(rdfp: Any, seed: int) -> None:
    keys = np.array(EDGES, dtype=np.uint64)
    for purpose in ("split", "fold", "", "é"):
        expected = random.uniform(seed, keys, purpose).tolist()
        assert [rdfp.uniform(seed, random.text_hash(purpose), key) for key in EDGES] == expected


@quick
@given(sample=WORDS, numbers=st.lists(WORDS, max_size=5))
def test_event_key(rdfp: Any, sample: int, numbers: list[int]) -> None:
    assert rdfp.make_event_key(sample, numbers) == plain_key(sample, numbers)


def test_event_key_of_negative_numbers(rdfp: Any) -> None:
    """Key columns are cast to uint64 with sign extension: -1 is another event than 2^32 - 1."""
    frame = cpp.load_root().RDataFrame(1).Define("number", "-1")
    frame = frame.Define("key", "ULong64_t(rdfp::make_event_key(7, {static_cast<std::uint64_t>(number)}))")
    assert frame.AsNumpy(["key"])["key"].tolist() == [plain_key(7, [MAX])]


def test_event_keys_differ_where_their_numbers_do(rdfp: Any) -> None:
    keys = [rdfp.make_event_key(s, [r, e]) for s in range(4) for r in range(6) for e in range(60)]
    assert len(set(keys)) == len(keys)
    assert rdfp.make_event_key(1, [2, 3]) != rdfp.make_event_key(1, [3, 2])
    assert rdfp.make_event_key(1, [2]) != rdfp.make_event_key(1, [2, 0])


@quick
@given(data=st.data(), sample=WORDS, sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=6))
def test_entry_key(rdfp: Any, data: Any, sample: int, sizes: list[int]) -> None:
    names = data.draw(st.lists(WORDS, min_size=len(sizes), max_size=len(sizes)))
    firsts = [sum(sizes[:i]) for i in range(len(sizes))]
    inside = data.draw(st.integers(0, sum(sizes) - 1))
    for entry in {inside, *firsts, *(first - 1 for first in firsts[1:]), sum(sizes) - 1}:
        assert rdfp.make_entry_key(sample, entry, firsts, names) == plain_entry_key(sample, entry, sizes, names)


def test_entry_key_of_empty_files(rdfp: Any) -> None:
    """A file without entries begins where the next one does, and has no events."""
    assert rdfp.make_entry_key(1, 5, [0, 5, 5], [10, 11, 12]) == plain_entry_key(1, 5, [5, 0, 9], [10, 11, 12])
    assert rdfp.make_entry_key(1, 0, [0, 0], [10, 11]) == plain_entry_key(1, 0, [0, 9], [10, 11])


@pytest.mark.parametrize(
    ("u", "index"),
    [(0.0, 0), (0.7, 1), (np.nextafter(0.7, 0), 0), (0.85, 2), (np.nextafter(1.0, 0), 2), (1.0, 2), (5.0, 2)],
)
def test_interval(rdfp: Any, u: float, index: int) -> None:
    assert rdfp.interval(u, [0.7, 0.85, 1.0]) == index


def test_interval_skips_empty_classes(rdfp: Any) -> None:
    assert rdfp.interval(0.0, [0.0, 0.5, 1.0]) == 1
    assert rdfp.interval(0.5, [0.0, 0.5, 0.5, 1.0]) == 3


@quick
@given(st.floats(0, 1, exclude_max=True), st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_interval_against_numpy(rdfp: Any, u: float, edges: list[float]) -> None:
    cumulative = sorted(edges)
    expected = min(int(np.searchsorted(cumulative, u, side="right")), len(cumulative) - 1)
    assert rdfp.interval(u, cumulative) == expected


# -- quality: fixed seeds, limits at about five standard deviations

CASES = {
    "counting up": np.arange(100_000, dtype=np.uint64),
    "in steps of 2^32": np.arange(100_000, dtype=np.uint64) << np.uint64(32),
    "one bit": np.uint64(1) << np.arange(64, dtype=np.uint64),
}


def chi2_of(counts: Any, expected: float) -> float:
    """Return (chi2 - n) / sqrt(2 n), about normal, for n = bins - 1."""
    n = np.size(counts) - 1
    return float((((counts - expected) ** 2 / expected).sum() - n) / np.sqrt(2 * n))


@pytest.mark.parametrize("seed", [0, 1, MAX])
@pytest.mark.parametrize("case", ["counting up", "in steps of 2^32"])
def test_uniformity(case: str, seed: int) -> None:
    keys = CASES[case]
    counts, _ = np.histogram(random.uniform(seed, keys, "split"), bins=100, range=(0, 1))
    assert abs(chi2_of(counts, len(keys) / 100)) < 5


@pytest.mark.parametrize(
    ("one", "other"),
    [((1, "split", 0), (1, "fold", 0)), ((1, "split", 0), (2, "split", 0)), ((1, "split", 0), (1, "split", 1))],
    ids=["purposes", "seeds", "neighbours"],
)
def test_independence(one: tuple[int, str, int], other: tuple[int, str, int]) -> None:
    keys = CASES["counting up"]
    x, y = (random.uniform(seed, keys + np.uint64(shift), purpose) for seed, purpose, shift in (one, other))
    counts, _, _ = np.histogram2d(x, y, bins=20, range=((0, 1), (0, 1)))
    assert abs(chi2_of(counts, len(keys) / 400)) < 5
    assert abs(np.corrcoef(x, y)[0, 1]) * np.sqrt(len(keys)) < 5


def test_each_input_bit_flips_half_of_the_output_bits() -> None:
    values = np.arange(2000, dtype=np.uint64)
    for bit in CASES["one bit"]:
        flipped = random.mix(values) ^ random.mix(values ^ bit)
        share = np.unpackbits(flipped.view(np.uint8)).mean()
        assert abs(share - 0.5) * 2 * np.sqrt(64 * len(values)) < 6
