"""``rdfrun``: parse, call, print; no logic of its own."""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from rdfplugins import pipeline
from rdfplugins._version import __version__
from rdfplugins.errors import ConfigError, InterruptedRunError, RdfpluginsError, did_you_mean
from rdfplugins.files import atomic, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rdfplugins.pipeline import RunResult

_YAML = (".yaml", ".yml")
_TABLE_WIDTH = 160
_DIGITS = 25


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


@cli.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Run this stage only; may be repeated.")
@click.option("--sample", "samples", multiple=True, metavar="NAME", help="Run this sample only; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="In place of select.output.dir.")
@click.option("-j", "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads.")
@click.option("--max-events", type=click.IntRange(min=1), metavar="N", help="First N events of each sample only.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="Replace a value of the config; repeatable.")
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
    dry_run: bool,
    force: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Run CONFIG, a YAML file (``rdfrun CONFIG.yaml`` does the same)."""
    with _errors_to_exit_codes(verbose=verbose):
        say = _silence if quiet else _say
        if dry_run:
            for line in pipeline.plan(
                config, samples=samples or None, stages=stages or None, output=output, overrides=overrides, say=say
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
            say=say,
        )
        if not quiet:
            _print_result(result)


@cli.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--sample", "samples", multiple=True, metavar="NAME", help="Check this sample only; may be repeated.")
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="Replace a value of the config; repeatable.")
@click.option("-q", "--quiet", is_flag=True, help="Faults only.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def check(*, config: Path, samples: tuple[str, ...], overrides: tuple[str, ...], quiet: bool, verbose: bool) -> None:
    """Find all that is wrong with CONFIG: opens the inputs and compiles the C++, but runs and writes nothing."""
    with _errors_to_exit_codes(verbose=verbose):
        faults, lines = pipeline.check(
            config, samples=samples or None, overrides=overrides, say=_silence if quiet else _say
        )
        for fault in faults:
            _say(str(fault))
        if faults:
            sys.exit(ConfigError.exit_code)
        if not quiet:
            for line in lines:
                click.echo(line)
            click.echo(f"{config}: no fault found")


@cli.command()
@click.argument("name", required=False)
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def nodes(*, name: str | None, verbose: bool) -> None:
    """List the nodes, or document the node NAME: parameters with units and defaults, columns needed and made."""
    from rdfplugins.nodes import base
    from rdfplugins.nodes.document import document, summary

    with _errors_to_exit_codes(verbose=verbose):
        if name is not None:
            click.echo(document(base.find(name)))
        elif sys.stdout.isatty():
            for found in base.names():
                click.echo(f"{found:22}{summary(base.find(found))}")
        else:
            click.echo("\n".join(base.names()))


@cli.command()
@click.option("--copy", "name", metavar="NAME", help="Copy this one into the current folder.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def configs(*, name: str | None, verbose: bool) -> None:
    """List the shipped configs, or copy one of them."""
    with _errors_to_exit_codes(verbose=verbose):
        if name is None:
            click.echo("\n".join(pipeline.shipped_configs()))
        else:
            click.echo(pipeline.copy_config(name, Path()))


@cli.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="In place of the terminal.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def schema(*, output: Path | None, verbose: bool) -> None:
    """Write the JSON Schema of configs, with the parameters of all installed nodes, for editors."""
    from rdfplugins.config.schema import schema_text
    from rdfplugins.nodes.with_schema import installed

    with _errors_to_exit_codes(verbose=verbose):
        _write_or_echo(schema_text(installed(_say)), output)


@cli.command()
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

    with _errors_to_exit_codes(verbose=verbose):
        text = to_dot(load_config(pipeline.find_config(config, _say), overrides), samples or None)
        if output is None:
            click.echo(text, nl=False)
        else:
            render(text, output)
            click.echo(output)


@cli.command()
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
    with _errors_to_exit_codes(verbose=verbose):
        result = merging.merge(folders, output, config, overrides=overrides, say=_silence if quiet else _say)
        if quiet:
            return
        if result.run is not None:
            _print_result(result.run)
        else:
            click.echo("\n".join(str(path) for path in result.outputs.values()))


@cli.group()
def simulate() -> None:
    """Write simulated samples in the format of public data."""


class _WholeNumber(click.types.IntParamType):
    """A whole number as people write large ones: 100000, 100_000 or 1e5."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; click says what is wrong where it is none."""
        try:
            number = Decimal(str(value).replace("_", ""))
        except ArithmeticError:
            number = Decimal("nan")
        if not number.is_finite() or number.adjusted() >= _DIGITS or number % 1:
            self.fail(f"'{value}' is not a whole number such as 100000, 100_000 or 1e5", param, ctx)
        return int(number)


@simulate.command()
@click.option("--mode", default="all", show_default=True, help="gg, VBF, Wp, Z, tt, data, or all of them.")
@click.option("--release", default="2020", show_default=True, help="Format: 2020 (mini, MeV) or 2025 (analysis, GeV).")
@click.option("-n", "--events", type=_WholeNumber(), default=10_000, show_default=True, help="Events of each mode.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Folder.")
@click.option("--seed", type=_WholeNumber(), default=1, show_default=True, help="Same seed, same events.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def hgg(*, mode: str, release: str, events: int, output: Path, seed: int, force: bool, verbose: bool) -> None:
    """H -> gamma gamma and its background in the format of the ATLAS Open Data: DIR/hgg_MODE.root."""
    from rdfplugins.simulate import MODES, simulate_hgg

    with _errors_to_exit_codes(verbose=verbose):
        paths = {one: output / f"hgg_{one}.root" for one in (MODES if mode == "all" else (mode,))}
        _simulate_all(partial(simulate_hgg, seed=seed, release=release), paths, events, force=force)


@simulate.command()
@click.option(
    "--mode", default="tautau", show_default=True, help="tautau, zll, wjets, qcd, ttbar, data, or all of them."
)
@click.option("--mass", metavar="M|LO:HI|M1,M2", help="Of the resonance of tautau, GeV; 50:1000 if not given.")
@click.option("--spin", metavar="SPIN", help="Of the resonance of tautau: scalar (if not given) or vector.")
@click.option("-n", "--events", type=_WholeNumber(), default=10_000, show_default=True, help="Events of each mode.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Folder.")
@click.option("--seed", type=_WholeNumber(), default=1, show_default=True, help="Same seed, same events.")
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
    force: bool,
    verbose: bool,
) -> None:
    """Resonances that decay to two taus, their background and data in the format of NanoAOD: DIR/ditau_MODE.root."""
    from rdfplugins.simulate import DITAU_MODES, simulate_ditau
    from rdfplugins.simulate.ditau.modes import read_masses

    with _errors_to_exit_codes(verbose=verbose):
        every = mode == "all"
        masses = None if mass is None else read_masses(mass)

        def write(path: Path, *, mode: str, **more: Any) -> Any:
            # of all modes, mass and spin are for the one that has a resonance
            of_resonance = {} if every and mode != "tautau" else {"mass": masses, "spin": spin}
            return simulate_ditau(path, mode=mode, seed=seed, **of_resonance, **more)  # type: ignore[arg-type]

        paths = {one: output / f"ditau_{one}.root" for one in (DITAU_MODES if every else (mode,))}
        _simulate_all(write, paths, events, force=force)


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
        click.echo(f"{path}: {made.events} events, SIMULATION{_normalisation(made)}")


def _advance(bar: Any, task: Any, done: int) -> None:
    bar.update(task, completed=done)


def _normalisation(made: Any) -> str:
    if made.sum_of_weights is None:
        return f", as in {made.luminosity_pb:.4g} /pb of data"
    known = "" if made.xsec_pb is None else f", xsec_pb: {made.xsec_pb:g}"
    return f"{known}, sum_of_weights: {made.sum_of_weights!r}"


def _print_result(result: RunResult) -> None:
    if result.cutflow:
        from rdfplugins.report.blinding import blinding
        from rdfplugins.report.channels import channel_table
        from rdfplugins.report.terminal import cutflow_table

        console = Console() if sys.stdout.isatty() else Console(width=_TABLE_WIDTH)
        cutflows, config = list(result.cutflow.values()), result.config
        for table_of in (cutflow_table, channel_table):
            table = table_of(cutflows, config.input.lumi_pb, blinding=blinding(config), width=console.width)
            if table is not None:
                console.print(table)
    page = [path for path in result.report if path.name == "index.html"]  # which shows all others
    for path in [*result.outputs.values(), *result.exports, *(page or result.report)]:
        click.echo(str(path))


def _write_or_echo(text: str, path: Path | None) -> None:
    if path is None:
        click.echo(text, nl=False)
        return
    make_folder(path.parent)
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    click.echo(path)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _silence(line: str) -> None:
    del line


@contextlib.contextmanager
def _errors_to_exit_codes(*, verbose: bool) -> Iterator[None]:
    """Print one line for each fault and end with its exit code; SIGTERM ends as Ctrl-C does, after cleaning up."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except (RdfpluginsError, KeyboardInterrupt) as error:
        if verbose:
            traceback.print_exc()
        known = error if isinstance(error, RdfpluginsError) else InterruptedRunError("interrupted")
        click.echo(str(known), err=True)
        sys.exit(known.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        if verbose:
            traceback.print_exc()
        click.echo(f"unexpected {type(error).__name__}: {error} (a fault of ours; -v shows where)", err=True)
        sys.exit(1)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> None:
    del frame
    raise InterruptedRunError(f"interrupted by signal {number}")


def main() -> None:
    """Entry point of the console script."""
    cli.main(prog_name="rdfrun")


if __name__ == "__main__":
    main()
