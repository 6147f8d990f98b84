"""Which stages a config has, in which order they run, and where they write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.config import Config
from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from rdfplugins.config import TrainingConfig

STAGES = ("preparation", "select", "resample", "train", "ml", "report")
_OTHER_NAMES = {"sampling": "resample"}
_PREPARE = "prepare"  # what stands in front of resampling: the selection, or what the section preparation says


def base_folder(config: Config | TrainingConfig, output: str | os.PathLike[str] | None) -> Path:
    """Return the folder below which all stages write."""
    if output is not None:
        return Path(output)
    return Path(config.select.output.dir) if isinstance(config, Config) else Path("out") / config.name


def choose_stages(config: Config | TrainingConfig, wanted: Sequence[str] | None) -> list[str]:
    """Return the stages that the config has, in the order of the file; ConfigError for a wanted one that it lacks."""
    keys = [_OTHER_NAMES.get(key, key) for key in config.source.data]
    there = [key for key in keys if key in STAGES]
    if wanted is not None:
        wanted = [name for one in wanted for name in _meant(one, there)]
    if "ml" in there and config.position("ml")[1] is None:  # of the command line: where it belongs
        there.sort(key=STAGES.index)
    for name in wanted or ():
        if name not in there:
            raise ConfigError(f"no stage '{name}' in the config{did_you_mean(name, there)}", file=str(config.path))
    return [name for name in there if wanted is None or name in wanted]


def _meant(name: str, there: Sequence[str]) -> list[str]:
    """Return the stages that a name stands for, mostly itself."""
    if name == _PREPARE:
        return [stage for stage in ("preparation", "select") if stage in there] or ["preparation"]
    return [_OTHER_NAMES.get(name, name)]
