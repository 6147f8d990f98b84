"""Adding the outputs of a model to anybody's ntuples: batched, and without a moment in which a file is not whole."""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING

from rdfplugins.append.core import run_one
from rdfplugins.append.request import Outcome, Request, refuse_name
from rdfplugins.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.inference.model import Backend, Model, Precision
    from rdfplugins.nodes.mass_inputs import Units

__all__ = ["Outcome", "Request", "append_ml_mass", "run_one"]

_LOG = logging.getLogger("rdfplugins")


def append_ml_mass(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    tree: str | None = None,
    model: str | os.PathLike[str] | Model | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    in_place: bool = False,
    friend: bool = False,
    branch: str = "ml_mass",
    map: Mapping[str, str] | None = None,  # noqa: A002 (the name that YAML and the command line have)
    channel: str | None = None,
    channel_column: str | None = None,
    units: Units = "GeV",
    backend: Backend = "auto",
    precision: Precision = "float32",
    force: bool = False,
    say: Callable[[str], None] | None = None,
) -> list[Path]:
    """Add a model's estimate of the di-tau mass to ROOT ntuples, as a branch of their tree.

    Each file is copied, the copy gets the branch (float32, GeV, one value an entry in the order of the file), is
    checked, and takes its name: at any moment there is the old file or the new one, whole. All else in the file stays
    as it is. An entry is NaN where an input is NaN or infinite or has a value that says that there is no such object,
    or where it is in no channel; a jet with pT at or below 0 is not there, and its inputs are 0. All that is told.

    A weight file of TMVA is a model, too. Its variables are columns, or computed from columns by the formulas of the
    file as TMVA did; nothing else is made of their values, and an entry is NaN where one of them is NaN.

    Parameters
    ----------
    files
        Path, glob, folder or ``@list.txt``, or a list of them.
    tree
        Name of the TTree, with its folder in the file; None: the only one.
    model
        Name of a model, its path, or a loaded one; None: the default.
    output
        File for one input, folder for several; None: ``X_ml_mass.root`` beside ``X.root`` (``X_ml_mass_friend.root``).
        Folders that are not there are made.
    in_place
        Replace the files themselves.
    friend
        Write a small file with a tree that is to be added as a friend, in place of a copy.
    branch
        Name of the branch. A model of several outputs makes BRANCH_OUTPUT for each, as its card names them.
    map
        Input of the model -> column, or C++ expression over columns. Of TMVA: expression or label of a variable, or a
        column that its formulas read.
    channel
        tt, mt, et, em, mm or ee, if all events are of one: gives the number of neutrinos.
    channel_column
        Column with the number of the channel (0 tt, 1 mt, 2 et, 3 em, 4 mm, 5 ee), or ``NAME:0=mt,1=et``.
    units
        Unit of momenta in the files, GeV or MeV; covariances are in its square. Of TMVA nothing is converted.
    backend
        ``auto``, ``cpp``, ``numpy``, ``tensorflow``, or ``tmva``: TMVA itself, of weight files, where ROOT has it.
    precision
        ``bfloat16`` is faster where the CPU has it; the difference is measured, told, and refused above 1 %.
    force
        Replace a branch or an output file that is there.
    say
        Called with each line for the user; None: to the logger ``rdfplugins``, warnings as such.

    Returns
    -------
    The files that hold the branch, in the order of the inputs.

    Raises
    ------
    InputError, MissingColumnError, ModelError, ConfigError, OutputError
        One line that says what is wrong. All files are looked at before the first is written.

    Examples
    --------
    >>> import rdfplugins as rp
    >>> rp.append_ml_mass("ntuple.root", map={"tau1_pt_reco": "pt_1"}, channel="mt")  # doctest: +SKIP
    """
    from rdfplugins.append.core import look
    from rdfplugins.append.targets import pairs, refuse_branches_of_a_stage
    from rdfplugins.inference import load_model
    from rdfplugins.inference.model import Model

    tell = say or _log
    if units not in {"GeV", "MeV"}:
        raise ConfigError(f"units are GeV or MeV, not '{units}'")
    refuse_name(branch)  # it becomes part of the name of a file
    wanted = pairs(files, output, in_place=in_place, friend=friend, branch=branch, force=force)
    _refuse_no_model(model)
    loaded = model if isinstance(model, Model) else load_model(model, backend=backend, precision=precision, say=tell)
    request = Request(
        loaded,
        tree=tree,
        branch=branch,
        map=dict(map or {}),
        channel=channel,
        channel_column=channel_column,
        units=units,
        friend=friend,
        force=force,
    )
    for source, _ in wanted:
        if force:
            refuse_branches_of_a_stage(source, request.branches)
        if len(wanted) > 1:  # what is wrong with the last is told before the first is written
            look(source, request)
    made: list[Path] = []
    for source, target in wanted:
        outcome = run_one(source, target, request, say=tell)
        tell_of_file = say or partial(_log, path=outcome.path)
        for line in outcome.lines(request):
            tell_of_file(line)
        made.append(outcome.path)
    return made


def _refuse_no_model(model: object) -> None:
    from rdfplugins.inference.model import Model

    if model is not None and not isinstance(model, str | os.PathLike | Model):
        raise ModelError(
            f"a model is a name, a path, or what rdfplugins.load_model returns, and this is a {type(model).__name__}"
        )


def _log(line: str, *, path: Path | None = None) -> None:
    """Log a line; a warning, which Python shows where no one listens, with the file that it is of."""
    if line.lstrip().startswith("warning:"):
        _LOG.warning("%s%s", "" if path is None else f"{path}: ", line.strip())
    else:
        _LOG.info("%s", line)
