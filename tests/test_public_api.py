"""The public names, their signatures, and what the import of the package costs."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys

import pytest

import rdfplugins as rp
from rdfplugins.nodes import diphoton

SIGNATURES = {
    "RunResult": ["outputs", "exports", "cutflow", "report", "config", "training", "resampled", "models"],
    "Sample": ["kind", "label", "xsec_pb", "sum_of_weights", "lumi_pb"],
    "append_ml_mass": [
        *("files", "tree", "model", "output", "in_place", "friend", "branch", "map", "channel", "channel_column"),
        *("units", "backend", "precision", "force", "say"),
    ],
    "apply": ["name", "df", "parameters"],
    "load_model": ["model", "backend", "precision", "say"],
    "ml_mass": ["df", "model", "branch", "map", "channel", "channel_column", "units"],
    "register_cpp": [],
    "run": [
        *("config", "samples", "stages", "threads", "output", "max_events", "overrides", "force", "progress"),
        *("flavour", "hybrid_validation", "say"),
    ],
    "sum_of_gen_weights": ["files"],
}
SELECT_DEFAULTS = {
    "units": "MeV",
    "trigger": "trigP",
    "min_pt": 25.0,
    "max_abs_eta": 2.37,
    "crack": (1.37, 1.52),
    "pairing": "exactly_two",
    "order": "pt",
    "trigger_matched": True,
    "max_track_isolation": 0.065,
    "max_calo_isolation": 0.065,
    "min_lead_fraction": 0.35,
    "min_sublead_fraction": 0.25,
    "fraction_of": "pt",
    "mass_range": (105.0, 160.0),
    "mass_window": None,
}
HEAVY = ("ROOT", "cppyy", "libROOTPythonizations", "tensorflow", "keras", "matplotlib", "mplhep", "uproot", "awkward")


def test_public_names_are_pinned() -> None:
    assert sorted(rp.__all__) == sorted([*SIGNATURES, "Model", "SubstitutionWarning", "__version__"])
    assert all(hasattr(rp, name) for name in rp.__all__)


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_signatures_are_pinned(name: str) -> None:
    assert list(inspect.signature(getattr(rp, name)).parameters) == SIGNATURES[name]


def test_run_takes_options_by_keyword_only() -> None:
    parameters = list(inspect.signature(rp.run).parameters.values())[1:]
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    defaults = {parameter.name: parameter.default for parameter in parameters}
    assert (defaults["threads"], defaults["force"], defaults["samples"]) == (1, False, None)


def test_node_signatures_are_pinned() -> None:
    def defaults(node: object) -> dict[str, object]:
        parameters = list(inspect.signature(node).parameters.values())
        assert parameters[0].name == "df"
        assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters[1:])
        return {parameter.name: parameter.default for parameter in parameters[1:]}

    assert defaults(diphoton.select) == SELECT_DEFAULTS
    assert defaults(diphoton.weights) == {"sample": None}
    features = defaults(diphoton.features)
    assert list(features) == ["units", "empty"]
    assert features["empty"] != features["empty"]


def test_no_public_name_is_that_of_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(rp.__path__)}
    assert {"select", "cpp", "pipeline"} <= modules
    assert modules.isdisjoint(rp.__all__)


def test_every_public_name_is_documented() -> None:
    for name in SIGNATURES:
        assert inspect.getdoc(getattr(rp, name)), name
    assert rp.run.__doc__ is not None
    assert "Parameters" in rp.run.__doc__


def test_import_is_light() -> None:
    code = f"import sys, rdfplugins; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_import_of_the_command_line_is_light() -> None:
    code = f"import sys, rdfplugins.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
