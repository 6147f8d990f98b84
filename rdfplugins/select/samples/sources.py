"""Where the events of a sample come from: files of the user, or a simulation kept in a cache."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins import simulate as simulations
from rdfplugins._version import __version__
from rdfplugins.files import lock, make_folder
from rdfplugins.paths import cache_dir
from rdfplugins.simulate import simulate_ditau, simulate_hgg
from rdfplugins.simulate.ditau.modes import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.config import Config, SimulateConfig
    from rdfplugins.simulate import Generated


_STATED = ("xsec_pb", "sum_of_weights", "luminosity_pb")
_SKETCHED = 20  # events that show a schema
_LONGEST = 60


@dataclasses.dataclass(frozen=True)
class Source:
    """Files of a sample.

    Attributes
    ----------
    generated
        Normalisation that the simulation states: ``xsec_pb`` and ``sum_of_weights``, of data ``luminosity_pb``; empty
        for files of the user.
    """

    paths: tuple[str, ...]
    simulated: bool
    generated: dict[str, float | None]


def find(config: Config, name: str, say: Callable[[str], None]) -> Source:
    """Return the files of a sample; a simulated one is generated into the cache if it is not there.

    Raises
    ------
    ConfigError
        For patterns that name nothing, or an unknown mode of the simulation.
    OutputError
        If the cache cannot be written.
    """
    spec = config.input.samples[name]
    if spec.simulate is None:
        return Source(tuple(config.input_files(name)), simulated=False, generated={})
    path = _cached(spec.simulate, say)
    made = provenance.read(path) or {}
    generated = {key: made.get(key) for key in _STATED}
    return Source((str(path),), simulated=True, generated=generated)


def sketch(config: Config, name: str, folder: Path) -> Source:
    """Return the files of a sample as `find` does; of one that is not simulated yet, a few events in ``folder``."""
    spec = config.input.samples[name].simulate
    if spec is None or _cache_path(spec).is_file():
        return find(config, name, lambda _: None)
    path = folder / f"{name}.root"
    made = _simulate(path, spec, _SKETCHED)
    generated: dict[str, float | None] = {"xsec_pb": made.xsec_pb, "sum_of_weights": made.sum_of_weights}
    if made.sum_of_weights is not None:  # of so few events it may be below 0, and is not that of the sample
        generated["sum_of_weights"] = max(made.sum_of_weights, 1.0)
    return Source((str(path),), simulated=True, generated=generated)


def _cache_path(spec: SimulateConfig) -> Path:
    if spec.process == "hgg":
        what = f"{spec.release}_{spec.mode}"
    else:
        what = _name_of(str(request(spec.mode, spec.mass, spec.spin)))
    name = f"{spec.process}_{what}_{spec.events}_seed{spec.seed}"
    if spec.process == "ditau" and spec.skim_pt is not None:
        name += f"_skim{spec.skim_pt!r}"
    return cache_dir() / "simulated" / f"{name}_{_generator_hash(spec.process)}.root"


def _name_of(request: str) -> str:
    """Return a request as part of the name of a file: a long mixture of masses is replaced by its hash."""
    if len(request) > _LONGEST:
        return f"{request.partition(' ')[0]}_{hashlib.sha256(request.encode()).hexdigest()[:16]}"
    return re.sub(r"[^A-Za-z0-9.]+", "-", request)


def _cached(spec: SimulateConfig, say: Callable[[str], None]) -> Path:
    path = _cache_path(spec)
    if path.is_file():
        return path
    folder = path.parent
    make_folder(folder)
    with lock(folder, f"{path.name}.lock", wait=True):
        if not path.is_file():  # another run may have made it while this one waited
            say(f"simulating {spec.events} events of {spec.process} {spec.mode} into {path} (once)")
            _simulate(path, spec, spec.events)
    return path


def _simulate(path: Path, spec: SimulateConfig, events: int) -> Generated:
    if spec.process == "hgg":
        return simulate_hgg(path, mode=spec.mode, events=events, seed=spec.seed, release=str(spec.release))
    return simulate_ditau(
        path, mode=spec.mode, events=events, seed=spec.seed, skim_pt=spec.skim_pt, mass=spec.mass, spin=spec.spin
    )


def _generator_hash(process: str) -> str:
    """Return a hash of version and source of the generator: a new one does not serve old events."""
    folder = Path(simulations.__file__).parent
    files = [*sorted(folder.glob("*.py")), *sorted((folder / process).glob("*.py"))]
    sources: list[Any] = [(path.name, path.read_text()) for path in files]
    return hashlib.sha256(json.dumps([__version__, sources]).encode()).hexdigest()[:10]
