"""``rdfrun add-ml-mass``: a network's estimate of the di-tau mass as a branch of anybody's ntuples."""

from __future__ import annotations

from typing import Any

import click

from rdfplugins.cli.common import errors_to_exit_codes, say, silence
from rdfplugins.errors import ConfigError


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, expression = pair.partition("=")
        if not equals or not name.strip() or not expression.strip():
            raise ConfigError(f"--map takes INPUT=COLUMN, or an expression in place of the column, not '{pair}'")
        if name.strip() in found:
            raise ConfigError(f"--map gives '{name.strip()}' twice")
        found[name.strip()] = expression.strip()
    return found


@click.command("add-ml-mass")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--tree", metavar="T", help="Name of the tree, with its folder in the file; the only one if not given.")
@click.option("--model", metavar="M", help="Name (rdfrun models) or path of a model; the default if not given.")
@click.option("-o", "--output", metavar="OUT", help="File for one input, folder for several; else X_ml_mass.root.")
@click.option("--in-place", is_flag=True, help="Replace the files themselves.")
@click.option("--friend", is_flag=True, help="Write a small friend tree in place of a copy.")
@click.option("--branch", default="ml_mass", show_default=True, metavar="B", help="Name of the branch.")
@click.option("--map", "pairs", multiple=True, metavar="INPUT=EXPRESSION", help="What holds an input; repeatable.")
@click.option("--channel", metavar="C", help="tt, mt, et, em, mm or ee, if all events are of one.")
@click.option("--channel-column", metavar="X", help="Column of the channel: 0 tt ... 5 ee, or X:0=mt,1=et.")
@click.option("--units", type=click.Choice(["GeV", "MeV"]), default="GeV", show_default=True, help="Of the files.")
@click.option("--backend", default="auto", show_default=True, help="auto, cpp, numpy or tensorflow.")
@click.option("--precision", default="float32", show_default=True, help="float32 or bfloat16.")
@click.option("--check", is_flag=True, help="List where each input comes from, and write nothing.")
@click.option("--force", is_flag=True, help="Replace a branch or an output file that is there.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def add_ml_mass(
    *, files: tuple[str, ...], pairs: tuple[str, ...], check: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Add the branch ml_mass, a network's estimate of the di-tau mass in GeV, to the tree of each FILE.

    \b
    rdfrun add-ml-mass ntuple.root --check                        where would the inputs come from?
    rdfrun add-ml-mass ntuple.root --channel mt --map tau1_pt_reco=pt_1 --map ...
    """  # noqa: D301 (click reads \b)
    from rdfplugins import append
    from rdfplugins.append.listing import listing

    with errors_to_exit_codes(verbose=verbose):
        tell = silence if quiet else say
        options["map"] = _mapping(pairs)
        if check:
            complete = True
            for line, found in listing(files, **options):
                click.echo(line)
                complete &= found
            if not complete:
                raise ConfigError("some inputs are missing: name what holds them with --map, or give the channel")
            return
        for path in append.append_ml_mass(files, **options, say=tell):
            if not quiet:
                click.echo(path)
