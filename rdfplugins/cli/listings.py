"""Commands that list or write what is shipped: nodes, configs, the schema of configs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rdfplugins.cli.common import errors_to_exit_codes, say, write_or_echo
from rdfplugins.shipped import copy_config, shipped_configs


@click.command()
@click.argument("name", required=False)
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def nodes(*, name: str | None, verbose: bool) -> None:
    """List the nodes, or document the node NAME: parameters with units and defaults, columns needed and made."""
    from rdfplugins.nodes import base
    from rdfplugins.nodes.document import document, summary

    with errors_to_exit_codes(verbose=verbose):
        if name is not None:
            click.echo(document(base.find(name)))
        elif sys.stdout.isatty():
            for found in base.names():
                click.echo(f"{found:22}{summary(base.find(found))}")
        else:
            click.echo("\n".join(base.names()))


@click.command()
@click.option("--copy", "name", metavar="NAME", help="Copy this one into the current folder.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def configs(*, name: str | None, verbose: bool) -> None:
    """List the shipped configs, or copy one of them."""
    with errors_to_exit_codes(verbose=verbose):
        if name is None:
            click.echo("\n".join(shipped_configs()))
        else:
            click.echo(copy_config(name, Path()))


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="In place of the terminal.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def schema(*, output: Path | None, verbose: bool) -> None:
    """Write the JSON Schema of configs, with the parameters of all installed nodes, for editors."""
    from rdfplugins.config.schema import schema_text
    from rdfplugins.nodes.with_schema import installed

    with errors_to_exit_codes(verbose=verbose):
        write_or_echo(schema_text(installed(say)), output)
