"""Where the events of a sample come from: files of the user, or a simulation kept in a cache."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins._version import __version__
from rdfplugins.files import lock, make_folder
from rdfplugins.paths import cache_dir
from rdfplugins.simulate import simulate_hgg

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.config import Config, SimulateConfig


_STATED = ("xsec_pb", "sum_of_weights", "luminosity_pb")
_SKETCHED = 20  # events that show a schema


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
    made = simulate_hgg(path, mode=spec.mode, events=_SKETCHED, seed=spec.seed, release=str(spec.release))
    generated = {key: getattr(made, key) for key in ("xsec_pb", "sum_of_weights")}
    return Source((str(path),), simulated=True, generated=generated)


def _cache_path(spec: SimulateConfig) -> Path:
    name = f"{spec.process}_{spec.release}_{spec.mode}_{spec.events}_seed{spec.seed}"
    return cache_dir() / "simulated" / f"{name}_{_generator_hash()}.root"


def _cached(spec: SimulateConfig, say: Callable[[str], None]) -> Path:
    path = _cache_path(spec)
    if path.is_file():
        return path
    folder = path.parent
    make_folder(folder)
    with lock(folder, f"{path.name}.lock", wait=True):
        if not path.is_file():  # another run may have made it while this one waited
            say(f"simulating {spec.events} events of {spec.process} {spec.mode} into {path} (once)")
            simulate_hgg(path, mode=spec.mode, events=spec.events, seed=spec.seed, release=str(spec.release))
    return path


def _generator_hash() -> str:
    """Return a hash of version and source of the generator: a new one does not serve old events."""
    folder = Path(inspect.getfile(simulate_hgg)).parent
    sources: list[Any] = [(path.name, path.read_text()) for path in sorted(folder.glob("*.py"))]
    return hashlib.sha256(json.dumps([__version__, sources]).encode()).hexdigest()[:10]
