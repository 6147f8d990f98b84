"""``rdfrun CONFIG``, and the commands ``check``, ``graph`` and ``merge``: what is done with configs and outputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from rdfplugins import pipeline
from rdfplugins.cli.common import errors_to_exit_codes, say, silence
from rdfplugins.config import Config
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from rdfplugins.pipeline import RunResult

_TABLE_WIDTH = 160


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Run this stage only; may be repeated.")
@click.option("--sample", "samples", multiple=True, metavar="NAME", help="Run this sample only; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="In place of select.output.dir.")
@click.option("-j", "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads.")
@click.option("--max-events", type=click.IntRange(min=1), metavar="N", help="First N events of each sample only.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="Replace a value of the config; repeatable.")
@click.option("--prepare", is_flag=True, help="Select events, and write those of `preparation:`; nothing else.")
@click.option("--resampling", is_flag=True, help="Make the training sample of `resample:`; nothing else.")
@click.option(
    "--flavour", metavar="STEP", help="One step of --resampling alone: target, N (or a class), plotting, combining."
)
@click.option("--hybrid_validation", "--hybrid-validation", is_flag=True, help="--resampling of the validation rows.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and run nothing.")
@click.option("--force", is_flag=True, help="Make again what is up to date.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def run(
    *,
    config: Path,
    stages: tuple[str, ...],
    samples: tuple[str, ...],
    output: Path | None,
    threads: int,
    max_events: int | None,
    overrides: tuple[str, ...],
    prepare: bool,
    resampling: bool,
    flavour: str | None,
    hybrid_validation: bool,
    dry_run: bool,
    force: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Run CONFIG, a YAML file (``rdfrun CONFIG.yaml`` does the same)."""
    with errors_to_exit_codes(verbose=verbose):
        tell = silence if quiet else say
        stages = (*stages, *_training_stages(prepare=prepare, resampling=resampling))
        if not stages and (flavour is not None or hybrid_validation):
            stages = ("resample",)  # of which they are
        if dry_run:
            for line in pipeline.plan(
                config, samples=samples or None, stages=stages or None, output=output, overrides=overrides, say=tell
            ):
                click.echo(line)
            return
        result = pipeline.run(
            config,
            samples=samples or None,
            stages=stages or None,
            threads=threads,
            output=output,
            max_events=max_events,
            overrides=overrides,
            force=force,
            progress=not quiet and sys.stderr.isatty(),
            flavour=flavour,
            hybrid_validation=hybrid_validation,
            say=tell,
        )
        if not quiet:
            print_result(result)


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--sample", "samples", multiple=True, metavar="NAME", help="Check this sample only; may be repeated.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="Replace a value of the config; repeatable.")
@click.option("-q", "--quiet", is_flag=True, help="Faults only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def check(*, config: Path, samples: tuple[str, ...], overrides: tuple[str, ...], quiet: bool, verbose: bool) -> None:
    """Find all that is wrong with CONFIG: opens the inputs and compiles the C++, but runs and writes nothing."""
    with errors_to_exit_codes(verbose=verbose):
        faults, lines = pipeline.check(
            config, samples=samples or None, overrides=overrides, say=silence if quiet else say
        )
        for fault in faults:
            say(str(fault))
        if faults:
            sys.exit(ConfigError.exit_code)
        if not quiet:
            for line in lines:
                click.echo(line)
            click.echo(f"{config}: no fault found")


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--sample", "samples", multiple=True, metavar="NAME", help="Draw this sample only; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="A .dot, .svg, .png or .pdf.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="Replace a value of the config; repeatable.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def graph(
    *, config: Path, samples: tuple[str, ...], output: Path | None, overrides: tuple[str, ...], verbose: bool
) -> None:
    """Draw what CONFIG does, from samples to plots; without -o, print the text for Graphviz. Nothing is run."""
    from rdfplugins.config import load_config
    from rdfplugins.flowchart import render, to_dot
    from rdfplugins.shipped import find_config

    with errors_to_exit_codes(verbose=verbose):
        text = to_dot(load_config(find_config(config, say), overrides), samples or None)
        if output is None:
            click.echo(text, nl=False)
        else:
            render(text, output)
            click.echo(output)


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="OUT", help="Folder of all.")
@click.option("--config", type=click.Path(path_type=Path), help="Config of the runs: make exports and report, too.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="As in the runs; goes with --config.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def merge(
    *,
    folders: tuple[Path, ...],
    output: Path,
    config: Path | None,
    overrides: tuple[str, ...],
    quiet: bool,
    verbose: bool,
) -> None:
    """Join the outputs of runs of one config that did some samples each (rdfrun CONFIG --sample NAME -o DIR)."""
    from rdfplugins import merge as merging

    if overrides and config is None:
        raise click.UsageError("--set needs --config")
    with errors_to_exit_codes(verbose=verbose):
        result = merging.merge(folders, output, config, overrides=overrides, say=silence if quiet else say)
        if quiet:
            return
        if result.run is not None:
            print_result(result.run)
        else:
            click.echo("\n".join(str(path) for path in result.outputs.values()))


def print_result(result: RunResult) -> None:
    """Print cutflows and the names of outputs."""
    if result.cutflow and isinstance(result.config, Config):
        from rdfplugins.report.blinding import blinding
        from rdfplugins.report.channels import channel_table
        from rdfplugins.report.terminal import cutflow_table

        console = Console() if sys.stdout.isatty() else Console(width=_TABLE_WIDTH)
        cutflows, config = list(result.cutflow.values()), result.config
        for table_of in (cutflow_table, channel_table):
            table = table_of(cutflows, config.input.lumi_pb, blinding=blinding(config), width=console.width)
            if table is not None:
                console.print(table)
    if result.resampled:
        from rdfplugins.resample.report import terminal_table as resampling_table

        console = Console() if sys.stdout.isatty() else Console(width=_TABLE_WIDTH)
        spec = result.config.resample
        for tally in result.resampled:
            attached = spec is None or spec.attaches
            console.print(resampling_table(tally, console.width, attached=attached))
    page = [path for path in result.report if path.name == "index.html"]  # which shows all others
    for path in [*result.outputs.values(), *result.exports, *result.training, *result.models, *(page or result.report)]:
        click.echo(str(path))


def _training_stages(*, prepare: bool, resampling: bool) -> list[str]:
    """Return the stages that the words of umami stand for."""
    return [*(["prepare"] if prepare else []), *(["resample"] if resampling else [])]
