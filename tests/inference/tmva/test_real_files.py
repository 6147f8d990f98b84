"""Public weight files of ROOT 5.32 to 6.33: what we compute, and what the classes say that TMVA generated for them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pytest

import rdfplugins
from rdfplugins.errors import ModelError
from tests.inference.tmva import responses, weight_files
from tests.oracle import tmva as oracle

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference.model import Model

pytestmark = pytest.mark.real_data
BACKENDS = ("numpy", "cpp")


@functools.cache
def model(path: Path, backend: str) -> Model:
    return rdfplugins.load_model(path, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_generated_classes_of_tmva_agree(real_data: Path, backend: str) -> None:
    judged = 0
    for folder in responses.folders(real_data):
        if folder.name in responses.OF_ANOTHER_KIND or not (folder / "responses.csv").exists():
            continue
        known = responses.known(folder)
        answers = model(folder / "weights.xml", backend).predict(np.array(known.inputs, np.float32))
        assert answers.dtype == np.float64
        np.testing.assert_allclose(answers, known.expected, rtol=1e-12, atol=known.tolerance, err_msg=folder.name)
        judged += 1
    assert judged >= 10


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_file_agrees_with_the_oracle(real_data: Path, backend: str) -> None:
    for folder in responses.folders(real_data):
        if folder.name in responses.OF_ANOTHER_KIND:
            continue
        path = folder / "weights.xml"
        events = weight_files.rows(path, count=20)
        expected = [oracle.respond(path, event) for event in events]
        answers = model(path, backend).predict(np.array(events, np.float32))
        exact = 1e-12 if "gauss" not in folder.name else responses.GAUSS  # its numbers have 9 digits
        np.testing.assert_allclose(answers, expected, rtol=exact, atol=exact, err_msg=folder.name)


@pytest.mark.parametrize("name", responses.OF_ANOTHER_KIND)
def test_another_method_is_refused_by_name(real_data: Path, name: str) -> None:
    path = real_data / "tmva" / name / "weights.xml"
    if not path.exists():
        pytest.skip("no such file in the data")
    with pytest.raises(ModelError, match="Likelihood") as caught:
        rdfplugins.load_model(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_inputs_are_the_expressions_in_the_order_of_the_file(real_data: Path) -> None:
    for folder in responses.folders(real_data):
        if folder.name in responses.OF_ANOTHER_KIND:
            continue
        setup = oracle._parsed(str(folder / "weights.xml"), 0, 0)
        expected = tuple(one.attrib["Expression"] for one in oracle.declared(setup, "Variables"))
        found = model(folder / "weights.xml", "numpy")
        assert found.inputs == expected, folder.name
        assert len(found.outputs) == oracle.outputs(setup), folder.name
