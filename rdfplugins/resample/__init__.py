"""Samples of several classes -> a training sample in which chosen variables are distributed alike in all of them."""

from __future__ import annotations

from rdfplugins.resample.arrays import ArraySample, Chosen, resample_arrays

__all__ = ["ArraySample", "Chosen", "resample_arrays"]
