"""The section ``ml``: models that are evaluated on the selected events, a new branch of the trees for each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from rdfplugins.config.base import Expression, Identifier, PathText, Section, Text, fault, in_schema
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config.loader import Document, Keys

DEFAULT_BRANCH = "ml_mass"
_FILES = frozenset({".h5", ".hdf5", ".keras", ".json", ".pb", ".xml"})
_READS_TREES = ("report",)


class MlConfig(Section):
    """A model, and the branch that it becomes: ``model: NAME``, or nothing for the default.

    Attributes
    ----------
    model
        Name of a model (``rdfrun models`` lists them), or path of its folder or file, relative to the config. None:
        the default of the package.
    branch
        Name of the new branch.
    map
        Input of the model -> C++ expression over the branches of the tree, where it has no branch of that name. Of
        TMVA: expression or label of a variable, or a branch that its formulas read.
    channel
        Channel of all events, for trees that do not hold ``N_neutrinos_reco``.
    channel_column
        Branch with the channel of each event: 0 tt, 1 mt, 2 et, 3 em, 4 mm, 5 ee.
    units
        Of energies in the branches that the model reads; those of our nodes are in GeV.
    backend
        What computes. ``auto`` takes what the model needs and what is installed, and says so.
    precision
        ``bfloat16`` is faster on some machines and less exact: the difference is measured, printed and bounded.
    """

    model: PathText | None = None
    branch: Identifier = DEFAULT_BRANCH
    map: dict[Text, Expression] = Field(default_factory=dict)
    channel: Literal["tt", "mt", "et", "em", "mm", "ee"] | None = None
    channel_column: Text | None = None
    units: Literal["GeV", "MeV"] = "GeV"
    backend: Literal["auto", "tensorflow", "numpy", "cpp", "tmva"] = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"

    def where(self, folder: Path) -> str | None:
        """Return the model as `rdfplugins.load_model` takes it; ``folder``: what paths are relative to."""
        name = self.model
        if name is None:
            return None
        is_path = "/" in name or Path(name).suffix in _FILES or (folder / name).exists()
        return str(folder / Path(name).expanduser()) if is_path else name


@in_schema(lambda entry: {**entry, "not": {"required": ["channel", "channel_column"]}})
def _one_channel(entry: MlConfig) -> MlConfig:
    if entry.channel is not None and entry.channel_column is not None:
        raise fault("'channel' and 'channel_column' exclude each other; keep one of them", "channel_column")
    return entry


@in_schema(lambda several: {**several, "minItems": 1})
def _at_least_one(entries: list[MlConfig]) -> list[MlConfig]:
    if not entries:
        raise fault("the list is empty")
    return entries


def _not_empty(value: Any) -> Any:
    if value is None:
        raise fault("a model is expected, not an empty value; `ml: {}` is the default model")
    return value


def _number(value: Any) -> str:
    return "<several>" if isinstance(value, (list, tuple)) else "<one>"


def _as_tuple(value: MlConfig | list[MlConfig]) -> tuple[MlConfig, ...]:
    return (value,) if isinstance(value, MlConfig) else tuple(value)


if TYPE_CHECKING:
    Models = tuple[MlConfig, ...]
else:
    _Entry = Annotated[MlConfig, AfterValidator(_one_channel)]
    Models = Annotated[
        Annotated[
            Annotated[_Entry, Tag("<one>")] | Annotated[list[_Entry], AfterValidator(_at_least_one), Tag("<several>")],
            Discriminator(_number),
        ],
        AfterValidator(_as_tuple),
        BeforeValidator(_not_empty),
    ]


def entry_path(section: Any, number: int) -> Keys:
    """Return where an entry stands; ``section`` is the value of ``ml``, a list or the only entry itself."""
    return ("ml", number) if isinstance(section, list) else ("ml",)


def check_ml(document: Document) -> Iterator[ConfigError]:
    """Yield the faults between ``ml`` and other parts of a config, which may have faults of their own."""
    section = document.data.get("ml")
    entries = section if isinstance(section, list) else [section]
    mappings = [(entry_path(section, number), entry) for number, entry in enumerate(entries) if isinstance(entry, dict)]
    if not mappings:
        return
    yield from _check_order(document)
    yield from _check_format(document)
    branches: dict[str, Keys] = {}
    for path, entry in mappings:
        branch = entry.get("branch", DEFAULT_BRANCH)
        if not isinstance(branch, str):
            continue
        first = branches.setdefault(branch, path)
        if first is not path:
            _, line = document.position((*first, "branch"))
            where = "" if line is None else f", see line {line}"
            yield _fault(
                document,
                f"a branch '{shortened(branch)}' is made already{where}; give each model a `branch:` of its own",
                *(*path, "branch"),
            )
    yield from _check_histograms(document, frozenset(branches))


def _check_order(document: Document) -> Iterator[ConfigError]:
    """Stages run in the order of the file: what reads the trees would read them without the new branches."""
    order = list(document.data)
    if document.position(("ml",))[1] is None:  # of the command line, where nothing stands in front of anything
        return
    if "select" in order and order.index("ml") < order.index("select"):
        yield _fault(document, "'ml' stands in front of 'select', whose trees it adds to; move it behind", "ml")
    for stage in _READS_TREES:
        if stage in order and order.index(stage) < order.index("ml"):
            yield _fault(
                document,
                f"'ml' stands behind '{stage}', which would not see its branches: stages run in the order of the file;"
                f" move it in front of '{stage}'",
                "ml",
            )


def _check_format(document: Document) -> Iterator[ConfigError]:
    output = _mapping(_mapping(document.data.get("select")).get("output"))
    if output.get("format") == "rntuple":
        yield _fault(
            document,
            "'ml' adds branches to a TTree, and select.output.format is rntuple: put the node 'ml_mass' into"
            " select.steps in its place",
            "ml",
        )


def _check_histograms(document: Document, branches: frozenset[str]) -> Iterator[ConfigError]:
    histograms = _mapping(_mapping(document.data.get("select")).get("histograms"))
    for name, spec in histograms.items():
        column, after = _mapping(spec).get("column"), _mapping(spec).get("after")
        if isinstance(column, str) and column in branches and after is not None:
            yield _fault(
                document,
                f"'{column}' is made by 'ml' behind all cuts: its histograms have no 'after' (the node 'ml_mass' in"
                " select.steps makes it in front of the cuts behind it)",
                *("select", "histograms", name, "after"),
            )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _fault(document: Document, message: str, *path: str | int) -> ConfigError:
    file, line = document.position(path)
    return ConfigError(message, file=file, line=line)
