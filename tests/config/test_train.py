"""The section ``train``: what is taken, what is refused and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from rdfplugins.config import Config, TrainConfig, TrainingConfig, load_any
from rdfplugins.config.schema import config_schema
from rdfplugins.errors import ConfigErrors
from rdfplugins.stages import choose_stages

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """version: 1
input:
  tree: t
  units: GeV
  samples: {one: {kind: mc, xsec_pb: 1, sum_of_weights: 1, files: x.root}, seen: {kind: data, files: y.root}}
select:
  steps: [{define: {y: 2 * x}}]
  split: {fractions: {train: 0.7, val: 0.15, test: 0.15}}
  output: {dir: out}
"""
LINES = HEAD.count("\n")


def load(folder: Path, tail: str, head: str = HEAD) -> Config | TrainingConfig:
    path = folder / "c.yaml"
    path.write_text(head + tail)
    return load_any(path)


def faults(folder: Path, tail: str, head: str = HEAD) -> list[tuple[int | None, str]]:
    with pytest.raises(ConfigErrors) as caught:
        load(folder, tail, head)
    return [(fault.line and fault.line - head.count("\n"), fault.message) for fault in caught.value.faults]


def test_a_name_is_enough(tmp_path: Path) -> None:
    spec = load(tmp_path, "train: {model: mine}\n").train
    assert spec == TrainConfig(model="mine")
    assert (spec.dir, spec.widths, spec.mass_range, spec.augment) == ("models", (128, 128, 128), (50.0, 1000.0), ())
    assert spec.teacher is None


def test_everything(tmp_path: Path) -> None:
    text = """train:
  model: mine
  samples: one
  inputs: [y, x]
  widths: [32, 16]
  epochs: 1e1
  augment: [rotate, flip]
  mass_range: [60, 500]
  teacher: {members: 2, widths: [8]}
  about: {title: t}
"""
    spec = load(tmp_path, text).train
    assert spec is not None
    assert spec.teacher is not None
    assert (spec.samples, spec.inputs, spec.widths, spec.epochs) == (("one",), ("y", "x"), (32, 16), 10)
    assert (spec.augment, spec.mass_range) == (("rotate", "flip"), (60.0, 500.0))
    assert (spec.teacher.members, spec.teacher.widths) == (2, (8,))


def test_stages_run_in_the_order_of_the_file(tmp_path: Path) -> None:
    tail = "train: {model: mine}\nml: {model: mine}\nreport: {}\n"
    assert choose_stages(load(tmp_path, tail), None) == ["select", "train", "ml", "report"]


def test_files_of_others_need_no_selection(tmp_path: Path) -> None:
    config = load(tmp_path, "train: {model: mine, from: a/*.root}\n", "version: 1\n")
    assert isinstance(config, TrainingConfig)
    assert config.train is not None
    assert config.train.source == ("a/*.root",)
    assert choose_stages(config, None) == ["train"]


@pytest.mark.parametrize(
    ("tail", "line", "message"),
    [
        ("train: {}\n", 1, "missing key 'model' in train"),
        ("train: {model: a/b}\n", 1, "'a/b' cannot be a name here"),
        ("train: {model: m, epoch: 3}\n", 1, "unknown key 'epoch' in train; did you mean 'epochs'?"),
        ("train: {model: m, widths: []}\n", 1, "train.widths"),
        ("train: {model: m, widths: [8, 0]}\n", 1, "train.widths"),
        ("train: {model: m, mass_range: [9, 2]}\n", 1, "two masses are expected, the lowest and the highest"),
        ("train: {model: m, mass_range: [9]}\n", 1, "two masses are expected, the lowest and the highest"),
        ("train: {model: m, augment: turn}\n", 1, "train.augment"),
        ("train: {model: m, samples: two}\n", 1, "no simulated sample 'two'"),
        ("train: {model: m, samples: seen}\n", 1, "it is data, which has no true mass"),
        ("train: {model: m, samples: one, from: x.root}\n", 1, "'samples' and 'from' exclude each other"),
        ("ml: {model: m}\ntrain: {model: m}\n", 1, "stands in front of 'train', which makes its model; move it behind"),
        ("train: {model: m}\nresample: {method: none}\n", 1, "stands in front of 'resample', whose trees it reads"),
    ],
)
def test_faults_name_their_line(tmp_path: Path, tail: str, line: int, message: str) -> None:
    found = faults(tmp_path, tail)
    assert any(where == line and message in text for where, text in found), found


def test_without_a_selection_files_are_needed(tmp_path: Path) -> None:
    ((line, message),) = faults(tmp_path, "train: {model: mine}\n", "version: 1\n")
    assert line == 1
    assert "without a selection or resampling it needs 'from', the files to train on" in message
    prepared = "preparation: {ntuples: {a: {files: a.h5}}, samples: {b: {type: a}}}\n"
    found = faults(tmp_path, prepared + "train: {model: mine, validation: v.root}\n", "version: 1\n")
    assert any("it needs 'from'" in text for _, text in found)


def test_what_was_resampled_needs_a_validation(tmp_path: Path) -> None:
    resample = "resample: {method: none, from: {a: a.root}}\n"
    found = faults(tmp_path, resample + "train: {model: mine}\n", "version: 1\n")
    assert (
        2,
        "train: what was resampled holds events of the training alone: it needs 'validation', files of others",
    ) in found
    load(tmp_path, resample + "train: {model: mine, validation: b.root}\n", "version: 1\n")


def test_a_model_of_another_name_may_stand_in_front(tmp_path: Path) -> None:
    load(tmp_path, "ml: {model: ditau_3x256}\ntrain: {model: mine}\n")


@pytest.mark.parametrize(
    ("tail", "good"),
    [
        ("train: {model: mine, widths: [8], augment: rotate, teacher: {members: 2}}", True),
        ("train: {model: mine, from: [a.root]}", True),
        ("train: {}", False),
        ("train: {model: mine, widths: 8}", False),
        ("train: {model: mine, teacher: {member: 2}}", False),
        ("train: {model: mine, mass_range: [1]}", False),
    ],
)
def test_editors_know_the_section(tail: str, *, good: bool) -> None:
    schema = json.loads(json.dumps(config_schema()))
    values = yaml.safe_load(HEAD + tail)
    assert (not list(jsonschema.Draft7Validator(schema).iter_errors(values))) == good
