"""``rdfrun``: parse, call, print; no logic of its own."""

from __future__ import annotations

from typing import Any

import click

from rdfplugins._version import __version__
from rdfplugins.cli import append, listings, models, run, simulate
from rdfplugins.errors import did_you_mean

_YAML = (".yaml", ".yml")


class _Commands(click.Group):
    """A group whose main form needs no command: ``rdfrun X.yaml`` is ``rdfrun run X.yaml``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if (first.startswith("-") or first.endswith(_YAML)) and any(arg.endswith(_YAML) for arg in args):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            hint = did_you_mean(args[0], self.commands) or "; a config ends in .yaml or .yml (rdfrun -h)"
            raise click.UsageError(f"no command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rdfrun")
def cli() -> None:
    """Run analyses on ROOT's RDataFrame.

    \b
    rdfrun CONFIG.yaml         run a config: selection, features, cutflow, trees, plots (options: rdfrun run -h)
    rdfrun configs/hgg.yaml    the shipped H -> gamma gamma example; needs no data
    """  # noqa: D301 (click reads \b)


for command in (
    *(run.run, run.check, run.graph, run.merge),
    *(listings.nodes, listings.configs, listings.schema, models.models),
    append.add_ml_mass,
    simulate.simulate,
):
    cli.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    cli.main(prog_name="rdfrun")
