"""``rdfrun models``: which models there are, what one of them is, and whether it computes what it should."""

from __future__ import annotations

import shutil
import sys

import click

from rdfplugins.cli.common import errors_to_exit_codes

_VERIFY = (
    "Compare with the reference outputs of the card; for a weight file of TMVA the backends with each other, and with"
    " TMVA itself where ROOT has it."
)


@click.command()
@click.argument("name", required=False)
@click.option("--verify", "verified", is_flag=True, help=_VERIFY)
@click.option("--cite", is_flag=True, help="Print what to cite.")
@click.option("-v", "--verbose", is_flag=True, help="Describe the layers and the training, too; tracebacks of errors.")
def models(*, name: str | None, verified: bool, cite: bool, verbose: bool) -> None:
    """List the models, or describe the model NAME (a name of the list, or the path of a folder or file)."""
    if name is None and (verified or cite):
        raise click.UsageError(f"{'--verify' if verified else '--cite'} needs the name of a model")
    if verified and cite:
        raise click.UsageError("--verify and --cite exclude each other")
    with errors_to_exit_codes(verbose=verbose):
        if name is None:
            _list()
        elif cite:
            _cite(name)
        elif verified:
            _verify(name)
        else:
            _describe(name, whole=verbose)


def _list() -> None:
    from rdfplugins.inference.find import known

    models = known()
    if not sys.stdout.isatty():  # for programs: names
        for name in models:
            click.echo(name)
        return
    from rdfplugins.inference.document import overview

    for line in overview(models, shutil.get_terminal_size().columns):
        click.echo(line)


def _describe(name: str, *, whole: bool) -> None:
    from rdfplugins.inference.document import document
    from rdfplugins.inference.find import find

    click.echo(document(find(name), whole=whole))


def _cite(name: str) -> None:
    from rdfplugins.errors import ModelError
    from rdfplugins.inference.find import find
    from rdfplugins.inference.folder import read_outline

    outline = read_outline(find(name))
    if outline.card.citation is None:
        raise ModelError(f"{outline.path}: the card of this model has no citation; ask those who made it")
    click.echo(outline.card.citation.rstrip())


def _verify(name: str) -> None:
    from rdfplugins.inference.folder import read_model
    from rdfplugins.inference.verify import verify

    if not verify(read_model(name), click.echo):
        sys.exit(1)
