"""``rdfrun add-ml-mass``: a model's output, such as the di-tau mass, as a branch of anybody's ntuples."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from rdfplugins.cli.common import errors_to_exit_codes, say, silence
from rdfplugins.config.loader import load_yaml
from rdfplugins.errors import ConfigError, ModelError


def _mapping(pairs: tuple[str, ...], model: str | None) -> dict[str, str]:
    from rdfplugins.nodes.variables import split_pair

    known = _names(model) if any(pair.count("=") > 1 for pair in pairs) else []
    found: dict[str, str] = {}
    for pair in pairs:
        if pair.startswith("@"):
            given = _from_file(Path(pair[1:]).expanduser())
        else:
            name, expression = split_pair(pair, known)
            if not name or not expression:
                raise ConfigError(
                    "--map takes INPUT=COLUMN, an expression in place of the column, or @FILE.yaml with INPUT: COLUMN"
                    f" in each line, not '{pair}'"
                )
            given = {name: expression}
        for name, expression in given.items():
            if name in found:
                raise ConfigError(f"--map gives '{name}' twice")
            found[name] = expression
    return found


def _names(model: str | None) -> list[str]:
    """Return what may be mapped of a TMVA model, whose variables may have = in their names; nothing of others."""
    from rdfplugins.inference.find import find
    from rdfplugins.inference.folder import read_outline
    from rdfplugins.nodes.variables import names

    try:
        return names(read_outline(find(model)))
    except ModelError:  # told of when the model is needed
        return []


def _from_file(path: Path) -> dict[str, str]:
    document = load_yaml(path)
    for name, value in document.data.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
            file, line = document.position((name,))
            raise ConfigError(f"a column or an expression is expected for '{name}'", file=file, line=line)
    return {str(name).strip(): str(value).strip() for name, value in document.data.items()}


def _once(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> str | None:
    """Return the value of an option that may stand once: click itself takes the last, and says nothing."""
    del context
    if len(values) > 1:
        raise click.BadParameter(f"is given {len(values)} times; a run takes one", param=option)
    return values[0] if values else None


_single = partial(click.option, multiple=True, callback=_once)


@click.command("add-ml-mass")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_single("--tree", metavar="T", help="Name of the tree, with its folder in the file; the only one if not given.")
@_single(
    "--model",
    metavar="M",
    help="Name (rdfrun models) or path of a model, or of a weight file of TMVA; else the default.",
)
@_single("-o", "--output", metavar="OUT", help="File for one input, folder for several; else X_ml_mass.root.")
@click.option("--in-place", is_flag=True, help="Replace the files themselves.")
@click.option("--friend", is_flag=True, help="Write a small friend tree in place of a copy.")
@_single("--branch", default=["ml_mass"], show_default="ml_mass", metavar="B", help="Name of the branch, such as bdt.")
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="INPUT=EXPRESSION",
    help="What holds an input, or a column that formulas of TMVA read; repeatable, or @FILE.yaml with INPUT: EXPRESSION"
    " in each line.",
)
@_single("--channel", metavar="C", help="tt, mt, et, em, mm or ee, if all events are of one. Not of TMVA.")
@_single("--channel-column", metavar="X", help="Column of the channel: 0 tt ... 5 ee, or X:0=mt,1=et. Not of TMVA.")
@click.option(
    "--units", type=click.Choice(["GeV", "MeV"]), default="GeV", show_default=True, help="Of the files. Not of TMVA."
)
@click.option("--backend", default="auto", show_default=True, help="auto, cpp, numpy, tensorflow or tmva.")
@click.option("--precision", default="float32", show_default=True, help="float32 or bfloat16.")
@click.option("--check", is_flag=True, help="List where each input comes from, and write nothing.")
@click.option("--force", is_flag=True, help="Replace a branch or an output file that is there.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def add_ml_mass(
    *, files: tuple[str, ...], pairs: tuple[str, ...], check: bool, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Add the branch ml_mass, a network's estimate of the di-tau mass in GeV, to the tree of each FILE.

    A weight file of TMVA is a model, too: its branch is what it was trained for, its variables are columns or formulas
    over columns, and their values go in as they are, without channels or units.

    \b
    rdfrun add-ml-mass ntuple.root --check                        where would the inputs come from?
    rdfrun add-ml-mass ntuple.root --channel mt --map tau1_pt_reco=pt_1 --map ...
    rdfrun add-ml-mass ntuple.root --model TMVA_BDT.weights.xml --branch bdt
    """  # noqa: D301 (click reads \b)
    from rdfplugins import append
    from rdfplugins.append.listing import listing

    with errors_to_exit_codes(verbose=verbose):
        tell = silence if quiet else say
        options["map"] = _mapping(pairs, options["model"])
        if check:
            needs: dict[str, None] = {}
            for line, need in listing(files, **options):
                click.echo(line)
                needs |= {need: None} if need else {}
            if needs:
                raise ConfigError(f"this cannot run as it is: {', and '.join(needs)}")
            return
        for path in append.append_ml_mass(files, **options, say=tell):
            if not quiet:
                click.echo(path)
