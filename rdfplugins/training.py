"""The stages that make training samples and models, as the pipeline runs them: each needs what comes before it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rdfplugins.config import Config
from rdfplugins.errors import ConfigError, ConfigErrors, RdfpluginsError
from rdfplugins.resample import stage as resample_stage
from rdfplugins.resample.stage import Made
from rdfplugins.select import freshness
from rdfplugins.stages import choose_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rdfplugins.config import TrainingConfig

_OF_ALL_SAMPLES = ("resample", "train")


@dataclasses.dataclass(frozen=True)
class Training:
    """The stages that make training samples, and models of them."""

    folder: Path
    force: bool
    flavour: str | None
    hybrid: bool
    threads: int
    say: Callable[[str], None]

    def run(self, config: Config | TrainingConfig, stage: str) -> Made:
        """Run a stage, and return what it made."""
        if stage == "preparation":
            from rdfplugins.resample import prepare

            return Made(tuple(prepare.run(config, self.folder, force=self.force, say=self.say).values()))
        return resample_stage.run(
            config,
            self.folder,
            outdated=outdated_before(config, self.folder, stage) if isinstance(config, Config) else {},
            flavour=self.flavour,
            hybrid=self.hybrid,
            force=self.force,
            say=self.say,
        )

    def leave_out(
        self, chosen: list[str], wanted: Sequence[str] | None, *, samples: Sequence[str] | None, max_events: int | None
    ) -> None:
        """Take out of the stages those that cannot work on some of the samples or events, and say so.

        Raises
        ------
        ConfigError
            If one of them was asked for by name.
        """
        for stage in [stage for stage in _OF_ALL_SAMPLES if stage in chosen]:
            if wanted is not None and samples is not None:
                raise ConfigError(f"the stage {stage} needs all samples: run it without --sample")
            if wanted is not None and max_events is not None and stage == "train":
                raise ConfigError("the stage train needs whole samples: run it without --max-events")
            if wanted is None and (samples is not None or max_events is not None):
                why = (
                    "--max-events looks at the first events only" if max_events is not None else "it needs all samples"
                )
                self.say(f"{stage} is left out: {why}")
                chosen.remove(stage)

    def refuse(self, config: Config | TrainingConfig) -> None:
        """Raise for what is wrong with the training, before hours of simulation and selection."""
        from rdfplugins.train import stage

        stage.refuse(config, force=self.force)

    def train(self, config: Config | TrainingConfig) -> Path:
        """Train the model of the config, and return its folder."""
        from rdfplugins.train import stage

        outdated = outdated_before(config, self.folder, stage.STAGE) if isinstance(config, Config) else {}
        if config.resample is not None and config.train is not None and config.train.source is None:
            reason = resample_stage.why_outdated(config, self.folder, outdated)
            outdated = {**outdated, **({} if reason is None else {"resample": reason})}
        return stage.run(config, self.folder, outdated=outdated, threads=self.threads, force=self.force, say=self.say)


def outdated_by_any(config: Config, folder: Path) -> dict[str, str]:
    """Return sample -> why its file is not that of the config, whichever stage is to be run again."""
    later: dict[str, str] = {}
    if config.ml:
        from rdfplugins.append import freshness as of_ml

        later = of_ml.outdated(config, folder)
    return {**later, **freshness.outdated(config, folder)}


def outdated_before(config: Config, folder: Path, stage: str) -> dict[str, str]:
    """Return sample -> why its file is not what the stages in front of this one make of it."""
    order = choose_stages(config, None)
    behind_ml = "ml" in order and order.index("ml") < order.index(stage)
    return outdated_by_any(config, folder) if behind_ml else freshness.outdated(config, folder)


def faults_of_training(config: Config | TrainingConfig) -> list[RdfpluginsError]:
    """Return what is wrong with the section ``train``, as far as that can be known before the trees are made."""
    if config.train is None:
        return []
    from rdfplugins.train import stage

    try:
        stage.refuse(config)
    except ConfigErrors as errors:
        return list(errors.faults)
    except RdfpluginsError as error:
        return [error]
    return []
