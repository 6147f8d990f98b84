"""Median, width, ROC area and separation power, event by event in Python, from their definitions alone."""

from __future__ import annotations

import itertools
import math


def quantile(values: list[float], share: float) -> float:
    """Between the two nearest of the ordered numbers, in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def weighted_quantile(values: list[float], weights: list[float], share: float) -> float:
    """The same where an event stands for ``weight`` of them: each number stands in the middle of its weight."""
    events = sorted(zip(values, weights, strict=True))
    places, before = [], 0.0
    for _, weight in events:
        places.append(before + weight / 2)
        before += weight
    wanted = places[0] + share * (places[-1] - places[0])
    for number in range(len(events) - 1):
        if places[number] <= wanted <= places[number + 1]:
            way = (wanted - places[number]) / (places[number + 1] - places[number])
            return events[number][0] + way * (events[number + 1][0] - events[number][0])
    return events[-1][0]


def response(estimates: list[float], truths: list[float], low: float, high: float) -> dict[str, float]:
    """Return the numbers of one bin of the truth."""
    inside = [(estimate, truth) for estimate, truth in zip(estimates, truths, strict=True) if low <= truth < high]
    ratios = [estimate / truth for estimate, truth in inside if not math.isnan(estimate)]
    q16, median, q84 = (quantile(ratios, share) for share in (0.16, 0.5, 0.84))
    return {
        "events": len(inside),
        "estimated": len(ratios),
        "median": median,
        "width": (q84 - q16) / 2 / median,
    }


def roc_area(background: list[tuple[float, float]], signal: list[tuple[float, float]]) -> float:
    """Return the chance that signal is above background, from all pairs of (value, weight); a tie is half a success."""
    above = total = 0.0
    for s, s_weight in signal:
        for b, b_weight in background:
            total += s_weight * b_weight
            above += s_weight * b_weight * (1.0 if s > b else 0.5 if s == b else 0.0)
    return above / total


def roc_point(events: list[tuple[float, float]], cut: float) -> float:
    """Return the share of the events at or above a cut."""
    total = sum(weight for _, weight in events)
    return sum(weight for value, weight in events if value >= cut) / total


def power(background: list[tuple[float, float]], signal: list[tuple[float, float]], cuts: list[float]) -> float:
    """Return ``1/2 sum (s - b)^2 / (s + b)`` over the bins between cuts; a bin holds its lower end."""
    ends = [-math.inf, *cuts, math.inf]
    found = 0.0
    for low, high in itertools.pairwise(ends):
        b, s = (
            sum(weight for value, weight in events if low <= value < high) / sum(weight for _, weight in events)
            for events in (background, signal)
        )
        if s + b > 0:
            found += 0.5 * (s - b) ** 2 / (s + b)
    return found
