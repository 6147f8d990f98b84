"""The steps that batch jobs share: one counts and plans, one for each class chooses its rows, one combines them.

Each writes a file of its own, and none waits for another: what is not there is an error that says which step lacks.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError
from rdfplugins.files import claimed, make_folder
from rdfplugins.resample import parts
from rdfplugins.resample.index import create, merged, open_index, refuse_foreign
from rdfplugins.resample.job import PARTS, TARGET

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.resample.choose import Choice
    from rdfplugins.resample.job import Job

PLOTTING, COMBINING = "plotting", "combining"


def plan(job: Job) -> Path:
    """Count all rows and decide how many are taken of each class and bin; choose none."""
    choice = job.choice()
    with job.rooms(choice) as scratches:
        job.fill(choice, scratches)
        plan = job.planned(choice, scratches)
    attributes, tables = parts.of_plan(choice, plan)
    attributes["order"] = _order(job, choice)
    make_folder(job.folder / PARTS)
    with claimed(job.part(TARGET)) as part, create(part, subsets=False) as writer:
        writer.finish({**attributes, "key": job.keys[0]}, tables)
    job.say(f"resample: target of {len(choice.classes)} classes -> {job.part(TARGET)}")
    return job.part(TARGET)


def _order(job: Job, choice: Choice) -> list[int]:
    """Return what class a number means: that of the sample at this place in a category, as in umami."""
    first = job.sources.all[0].category
    order = [c for source in job.sources.all if source.category == first for c in choice.held[source.name][1]]
    every = list(range(len(choice.classes)))
    return order if job.spec.options.samples_of(job.split) and sorted(order) == every else every


def choose_class(job: Job, class_id: int) -> Path:
    """Choose the rows of one class, as the stored plan says."""
    name = job.sources.classes[class_id]
    job.need([TARGET])
    choice = job.choice()
    with job.rooms(choice) as scratches:
        job.fill(choice, scratches)
        with open_index(job.part(TARGET)) as index:
            plan = parts.to_plan(choice, index.attributes, index.tables())
        job.store(job.part(name), choice, plan, scratches, only=class_id)
    job.say(f"resample: class {name} -> {job.part(name)}")
    return job.part(name)


def class_id(job: Job, flavour: str) -> int:
    """Return the class that ``--flavour`` names: by its number among the samples of a category, or by its name."""
    classes = job.sources.classes
    if flavour in classes:
        return classes.index(flavour)
    if not flavour.isdecimal() or int(flavour) >= len(classes):
        known = ", ".join([TARGET, *(str(k) for k in range(len(classes))), PLOTTING, COMBINING])
        raise ConfigError(f"--flavour {flavour}: is none of {known}, nor a class ({', '.join(classes)})")
    job.need([TARGET])
    with open_index(job.part(TARGET)) as index:
        return int(index.attributes["order"][int(flavour)])


def all_parts(job: Job) -> list[Path]:
    """Return the parts of all classes; InputError for those that lack."""
    job.need([TARGET, *job.sources.classes])
    return [job.part(name) for name in job.sources.classes]


def combine(job: Job) -> None:
    """Join the parts of all classes to one index."""
    if not job.force and job.has(job.index):
        job.say(f"resample: {job.index} is up to date")
        return
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(open_index(path)) for path in all_parts(job)]
        choice = job.choice()
        first = found[0]
        plan = parts.to_plan(choice, first.attributes, first.tables())
        counts = choice.counts()
        for one in found:
            counts.merge(parts.to_counts(one.tables()))
        refuse_foreign(job.index)
        make_folder(job.index.parent)
        part = stack.enter_context(claimed(job.index))
        with create(part, subsets=bool(plan.subsets)) as writer:
            for source in job.sources.all:
                writer.start(source.name, job.described(source))
                for rows in merged([one.rows(source.name) for one in found]):
                    writer.add(source.name, rows)
            attributes, tables = parts.of_plan(choice, plan)
            writer.finish(job.attributes(attributes), {**tables, **parts.of_counts(counts)})
