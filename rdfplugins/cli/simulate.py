"""``rdfrun simulate``: samples in the format of public data."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from rdfplugins.cli.common import WholeNumber, errors_to_exit_codes
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


@click.group()
def simulate() -> None:
    """Write simulated samples in the format of public data."""


@simulate.command()
@click.option("--mode", default="all", show_default=True, help="gg, VBF, Wp, Z, tt, data, or all of them.")
@click.option("--release", default="2020", show_default=True, help="Format: 2020 (mini, MeV) or 2025 (analysis, GeV).")
@click.option("-n", "--events", type=WholeNumber(), default=10_000, show_default=True, help="Events of each mode.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Folder.")
@click.option("--seed", type=WholeNumber(), default=1, show_default=True, help="Same seed, same events.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def hgg(*, mode: str, release: str, events: int, output: Path, seed: int, force: bool, verbose: bool) -> None:
    """H -> gamma gamma and its background in the format of the ATLAS Open Data: DIR/hgg_MODE.root."""
    from rdfplugins.simulate import MODES, simulate_hgg

    with errors_to_exit_codes(verbose=verbose):
        _refuse_file(output)
        paths = {one: output / f"hgg_{one}.root" for one in (MODES if mode == "all" else (mode,))}
        _simulate_all(partial(simulate_hgg, seed=seed, release=release), paths, events, force=force)


@simulate.command()
@click.option(
    "--mode", default="tautau", show_default=True, help="tautau, zll, wjets, qcd, ttbar, data, or all of them."
)
@click.option("--mass", metavar="M|LO:HI|M1,M2", help="Of the resonance of tautau, GeV; 50:1000 if not given.")
@click.option("--spin", metavar="SPIN", help="Of the resonance of tautau: scalar (if not given) or vector.")
@click.option("-n", "--events", type=WholeNumber(), default=10_000, show_default=True, help="Events of each mode.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Folder.")
@click.option("--seed", type=WholeNumber(), default=1, show_default=True, help="Same seed, same events.")
@click.option(
    "--skim-pt", type=float, metavar="GEV", help="Write events with two e, mu or tau of pT above this; not for data."
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def ditau(
    *,
    mode: str,
    mass: str | None,
    spin: str | None,
    events: int,
    output: Path,
    seed: int,
    skim_pt: float | None,
    force: bool,
    verbose: bool,
) -> None:
    """Resonances that decay to two taus, their background and data in the format of NanoAOD: DIR/ditau_MODE.root."""
    from rdfplugins.simulate import DITAU_MODES, simulate_ditau
    from rdfplugins.simulate.ditau.modes import read_masses

    with errors_to_exit_codes(verbose=verbose):
        _refuse_file(output)
        every = mode == "all"
        masses = None if mass is None else read_masses(mass)

        def write(path: Path, *, mode: str, **more: Any) -> Any:
            # of all modes, mass and spin are for the one that has a resonance
            of_resonance = {} if every and mode != "tautau" else {"mass": masses, "spin": spin}
            skim = None if every and mode == "data" else skim_pt  # data are written as a whole
            return simulate_ditau(path, mode=mode, seed=seed, skim_pt=skim, **of_resonance, **more)  # type: ignore[arg-type]

        paths = {one: output / f"ditau_{one}.root" for one in (DITAU_MODES if every else (mode,))}
        _simulate_all(write, paths, events, force=force)


def _refuse_file(output: Path) -> None:
    """Raise ConfigError for the name of a file where a folder is meant, which would be made under that name."""
    if output.suffix == ".root" and not output.is_dir():
        raise ConfigError(
            f"-o {output}: -o is the folder into which files are written, one for each mode; give -o {output.parent}"
        )


def _simulate_all(write: Callable[..., Any], paths: dict[str, Path], events: int, *, force: bool) -> None:
    """Write the sample of each mode to its path, and say what it stands for; nothing if any is there already."""
    from rich.progress import Progress

    from rdfplugins.simulate.turns import refuse_to_replace

    if not force:
        refuse_to_replace(paths.values())
    for one, path in paths.items():
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(f"simulating {one}", total=events)
            made = write(path, mode=one, events=events, replace=force, progress=partial(_advance, bar, task))
        written = "" if made.written is None else f", {made.written} of them written"
        click.echo(f"{path}: {made.events} events{written}, SIMULATION{_normalisation(made)}")


def _advance(bar: Any, task: Any, done: int) -> None:
    bar.update(task, completed=done)


def _normalisation(made: Any) -> str:
    if made.sum_of_weights is None:
        return f", as in {made.luminosity_pb:.4g} /pb of data"
    known = "" if made.xsec_pb is None else f", xsec_pb: {made.xsec_pb:g}"
    return f"{known}, sum_of_weights: {made.sum_of_weights!r}"
