"""Whether index and output are those of this config and of its inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.config.models import TrainingConfig
    from rdfplugins.config.resample import ResampleConfig
    from rdfplugins.resample.sources import Sources

STAGE = "resample"
# what changes neither which rows are chosen nor what is written of them
_OF_THE_REPORT = {"n_jets_to_plot", "plot_variables", "n_jets_scaling", "intermediate_index_file",
                  "intermediate_index_file_validation"}  # fmt: skip
_OF_THE_WRITING = {"shuffle", "bool_attach_sample_weights", "save_tracks", "tracks_names", "save_track_labels",
                   "track_truth_variables"}  # fmt: skip


def keys(config: Config | TrainingConfig, spec: ResampleConfig, sources: Sources, split: str) -> tuple[str, str]:
    """Return the hashes of what makes the index, and of what makes the output."""
    left_out = _OF_THE_REPORT | _OF_THE_WRITING | {"sampling_variables"}
    options = spec.options.model_dump(mode="json", exclude=left_out)
    variables = [variable.model_dump(mode="json") for variable in spec.options.sampling_variables]
    section = spec.model_dump(mode="json", exclude={"options", "memory_mb", "output", "source"})
    classes = None if config.classes is None else {name: one.cut for name, one in config.classes.items()}
    files = [
        [source.name, source.category, source.tree, [_wherever(file.identity()) for file in source.files]]
        for source in sources.all
    ]
    index = provenance.stage_key([section, options, variables, classes, list(sources.classes), files, split])
    written = spec.options.model_dump(mode="json", include=_OF_THE_WRITING)
    return index, provenance.stage_key([index, written])


def _wherever(identity: dict[str, Any]) -> dict[str, Any]:
    """Return what tells a file from others without its folder."""
    return {**identity, "path": str(identity["path"]).rpartition("/")[2]}


def record_of(path: Path) -> dict[str, Any] | None:
    """Return the provenance of an output, ROOT or HDF5; None if it is not there, damaged, or not one of ours."""
    if path.suffix == ".root":
        return provenance.read(path)
    import h5py

    try:
        with h5py.File(path, "r") as file:
            found = json.loads(file.attrs[provenance.NAME])
    except (OSError, KeyError, ValueError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def is_made(path: Path, key: str) -> bool:
    """Return whether an output is there and has this key."""
    stages = (record_of(path) or {}).get("stages")
    return isinstance(stages, dict) and stages.get(STAGE) == key
