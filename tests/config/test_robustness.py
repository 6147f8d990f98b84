"""Nothing but a Config or a ConfigError ever comes of a text, and no message speaks of the machinery."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rdfplugins.config import Config
from rdfplugins.errors import ConfigErrors

MACHINERY = ("input should", "pydantic", "traceback", "validat")
OPTIONS = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}

# fmt: off
SNIPPETS = (
    "", " ", "\n", "\t", ":", ": ", "- ", "[", "]", "{", "}", ",", "'", '"', "#", "&a ", "*a", "<<: *a\n",
    "!include hgg.yaml",
    "!x ", "|", ">", "%", "@", "`", "\\", "~", "null", "true", "1", "-1", "1e999", ".nan", ".inf", "0x", "9" * 30,
    "\x00", "\x85",
    "\u2028", "\ufeff", "\ud7ff", "${X}", "${", "---\n", "...\n", "? ", "only: ", "filter: ", "version: 2\n", "[]",
    "{}",
    "entry", "<filter>", "[key]",
)
LEAVES = (
    "x", "", "5", "on", "[key]", "<filter>", "~", "1", "-1", "0", "1.5", "1e300", ".nan", ".inf", "true", "mc",
    "entry", "'7'",
)
KEYS = ("node", "filter", "with", "only", "x", "kind", "files", "'[key]'", "'<node>'")
PATHS = (
    "version", "input", "input.tree", "input.key", "input.key.0", "input.aliases", "input.lumi_pb", "input.samples",
    "input.samples.gg", "input.samples.gg.files", "input.samples.gg.files.0", "input.samples.new",
    'input.samples."demo.2".simulate', "select", "select.steps", "select.steps.0", "select.steps.1.filter",
    "select.steps.1.filter.good_run", "select.steps.2.with", "select.steps.2.only", "select.steps.2.only.0",
    "select.steps.3.define", "select.histograms", "select.histograms.m_yy", "select.histograms.m_yy.range",
    "select.split",
    "select.split.fractions", "select.split.fractions.train", "select.output", "select.output.exports", "report", "new",
)
# fmt: on


def check(load, text, overrides=()):
    """Load; where that fails, the message is one line for each fault, with its place, in our words."""
    try:
        config = load(text, overrides)
    except ConfigErrors as error:
        faults = error.faults
    else:
        assert isinstance(config, Config)
        return
    assert faults
    for fault in faults:
        line = str(fault)
        assert line.startswith(("hgg.yaml:", "--set ")), line
        assert "\n" not in line
        assert not any(word in line.lower() for word in MACHINERY), line


def flow_list(items):
    return "[" + ", ".join(items) + "]"


def flow_mapping(items):
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"


edits = st.tuples(st.integers(0, 1500), st.integers(0, 25), st.sampled_from(SNIPPETS) | st.text(max_size=4))
values = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.lists(inner, max_size=3).map(flow_list)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(flow_mapping)
    ),
    max_leaves=6,
)


@settings(max_examples=400, **OPTIONS)
@given(changes=st.lists(edits, min_size=1, max_size=4))
def test_mutated_texts(load, sample, changes):
    text = sample
    for start, length, new in changes:
        at = start % (len(text) + 1)
        text = text[:at] + new + text[at + length :]
    check(load, text.encode("utf-8", "replace").decode())


@settings(max_examples=300, **OPTIONS)
@given(overrides=st.lists(st.tuples(st.sampled_from(PATHS), values).map("=".join), min_size=1, max_size=3))
@example(overrides=["select.steps.0={'<filter>': 1, filter: 2}"])
@example(overrides=["input.samples.gg={'[key]': 1}"])
def test_any_value_anywhere(load, sample, overrides):
    check(load, sample, tuple(overrides))
