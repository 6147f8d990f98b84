"""Every fault of a config, word by word."""

from __future__ import annotations

import pytest

NAME = "use letters, digits and _, and no digit first"
FILE_NAME = "it becomes the name of a file; use letters, digits and _ . + -, and no dot first"
KEY = "a list of columns or the word 'entry' is expected"
EMPTY_EXPRESSION = (
    "a C++ expression is expected, not an empty value (quote expressions that hold commas, colons or brackets)"
)
SIMULATE = 'input.samples."demo.2".simulate'
NORMALISED = "a sample of kind data has weight 1 and no normalisation; remove this, or say 'kind: mc'"

DATA = "      kind: data\n      files: data.root\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # the top
        ("version: 1\n", "version: 2\n", "2: version: this release reads configs with 'version: 1', not the number 2"),
        ("version: 1\n", "version: true\n", "2: version: this release reads configs with 'version: 1', not true"),
        (
            "version: 1\n",
            "version: 1.0\n",
            "2: version: this release reads configs with 'version: 1', not the number 1.0",
        ),
        (
            "version: 1\n",
            "version: '1'\n",
            "2: version: this release reads configs with 'version: 1', not the text '1'",
        ),
        ("version: 1\n", "\n", "1: missing key 'version'"),
        ("version: 1\n", "verison: 1\n", "2: unknown key 'verison'; did you mean 'version'?"),
        ("version: 1\n", "version: 1\naugment: {}\n", "3: unknown key 'augment'"),
        ("report:\n", "reports:\n", "53: unknown key 'reports'; did you mean 'report'?"),
        # input
        ("  tree: mini\n", "", "3: missing key 'tree' in input"),
        ("  tree: mini\n", "  tre: mini\n", "4: unknown key 'tre' in input; did you mean 'tree'?"),
        ("  tree: mini\n", "  {tree: mini}\n", "5: the indentation does not fit the lines above"),
        (
            "tree: mini",
            "tree: 3",
            "4: input.tree: text is expected, not the number 3; put it in quotes if it is meant as text",
        ),
        (
            "tree: mini",
            "tree: true",
            "4: input.tree: text is expected, not true; put it in quotes if it is meant as text",
        ),
        ("tree: mini", "tree:", "4: input.tree: text is expected, not an empty value"),
        ("tree: mini", "tree: ' '", "4: input.tree: text is expected, and this is empty"),
        ("tree: mini", "tree: [a]", "4: input.tree: text is expected, not a list"),
        (
            "units: MeV",
            "units: mev",
            "5: input.units: 'MeV' or 'GeV' is expected, not the text 'mev'; did you mean 'MeV'?",
        ),
        ("units: MeV", "units: eV or so", "5: input.units: 'MeV' or 'GeV' is expected, not the text 'eV or so'"),
        ("units: MeV", "units: 1", "5: input.units: 'MeV' or 'GeV' is expected, not the number 1"),
        ("10064.0", "abc", "6: input.lumi_pb: a number is expected, not the text 'abc'"),
        ("10064.0", "'10'", "6: input.lumi_pb: a number is expected, not the text '10'; write it without quotes"),
        ("10064.0", "true", "6: input.lumi_pb: a number is expected, not true"),
        ("10064.0", "0", "6: input.lumi_pb: a number above 0 is expected, not the number 0"),
        ("10064.0", ".nan", "6: input.lumi_pb: a finite number is expected, not .nan"),
        ("10064.0", "-.inf", "6: input.lumi_pb: a finite number is expected, not -.inf"),
        ("[runNumber, eventNumber]", "[]", "7: input.key: at least one entry is expected, and this is empty"),
        (
            "[runNumber, eventNumber]",
            "[x, 3]",
            "7: input.key.1: text is expected, not the number 3; put it in quotes if it is meant as text",
        ),
        (
            "[runNumber, eventNumber]",
            "run",
            f"7: input.key: {KEY}, not the text 'run'; did you mean [run]?",
        ),
        (
            "[runNumber, eventNumber]",
            "entries",
            f"7: input.key: {KEY}, not the text 'entries'; did you mean 'entry'?",
        ),
        ("[runNumber, eventNumber]", "{a: b}", "7: input.key: a list is expected, not a mapping"),
        ('met: "met_et', '2met: "met_et', f"8: input.aliases: '2met' cannot be the name of a column; {NAME}"),
        ('met: "met_et', 'and: "met_et', "8: input.aliases: 'and' cannot be the name of a column, it is a word of C++"),
        (
            'met: "met_et',
            'fold: "met_et',
            "8: input.aliases: 'fold' is reserved: rdfplugins makes a column of this name itself",
        ),
        (
            'met: "met_et * 1e-3"',
            "met: ",
            f"8: input.aliases.met: {EMPTY_EXPRESSION}",
        ),
        (
            "on_bad_file: skip",
            "on_bad_file: skp",
            "23: input.on_bad_file: 'fail' or 'skip' is expected, not the text 'skp'; did you mean 'skip'?",
        ),
        (
            "on_duplicate: fail",
            "on_duplicate: drop",
            "24: input.on_duplicate: 'fail' or 'drop_later' is expected, not the text 'drop'",
        ),
        # samples
        ("    data:\n", "    da/ta:\n", f"16: input.samples: 'da/ta' cannot be a name here, {FILE_NAME}"),
        ("    demo.2:\n", "    .demo:\n", f"19: input.samples: '.demo' cannot be a name here, {FILE_NAME}"),
        ("    demo.2:\n", "    'é':\n", f"19: input.samples: 'é' cannot be a name here, {FILE_NAME}"),
        ("label: ggH", "lable: ggH", "13: unknown key 'lable' in input.samples.gg; did you mean 'label'?"),
        ("label: ggH", "lumi_pb: 3", "13: unknown key 'lumi_pb' in input.samples.gg"),
        ("0.102", "abc", "14: input.samples.gg.xsec_pb: a number is expected, not the text 'abc'"),
        ("0.102", "-1.5", "14: input.samples.gg.xsec_pb: a number above 0 is expected, not the number -1.5"),
        ("1e-1", "zero", "22: input.samples.\"demo.2\".xsec_pb: a number is expected, not the text 'zero'"),
        (
            "55922617.6297",
            "0.0",
            "15: input.samples.gg.sum_of_weights: a number above 0 is expected, not the number 0.0",
        ),
        ("55922617.6297", ".inf", "15: input.samples.gg.sum_of_weights: a finite number is expected, not .inf"),
        (DATA, "      files: data.root\n", "16: missing key 'kind' in input.samples.data"),
        (
            "kind: data",
            "kind: dat",
            "17: input.samples.data.kind: 'mc' or 'data' is expected, not the text 'dat'; did you mean 'data'?",
        ),
        (DATA, "      kind: data\n", "16: input.samples.data: a sample needs 'files' or 'simulate'"),
        (DATA, DATA + "      xsec_pb: 2\n", f"19: input.samples.data.xsec_pb: {NORMALISED}"),
        (DATA, DATA + "      sum_of_weights: 2\n", f"19: input.samples.data.sum_of_weights: {NORMALISED}"),
        (
            DATA,
            DATA + "      simulate: {process: hgg, mode: data, events: 3}\n",
            "19: input.samples.data.simulate: a sample has 'files' or 'simulate', not both",
        ),
        ("files: data.root", "files: []", "18: input.samples.data.files: the list is empty"),
        (
            "files: data.root",
            "files: 3",
            "18: input.samples.data.files: a path or a list of them is expected, not the number 3",
        ),
        ("files: data.root", "files: ''", "18: input.samples.data.files: text is expected, and this is empty"),
        (
            "files: data.root",
            "files:\n        - a\n        - [b]",
            "20: input.samples.data.files.1: text is expected, not a list",
        ),
        (
            "files: data.root",
            "files: '${RDFP_NO}/x'",
            "18: input.samples.data.files: the environment variable RDFP_NO is not set",
        ),
        (
            "files: data.root",
            "files:\n      - a\n      - '${R-X}'",
            "20: input.samples.data.files.1: '${R-X}' is not a reference to an environment variable such as ${NAME}",
        ),
        (
            "files: data.root",
            "files: '${RDFP'",
            "18: input.samples.data.files: '${RDFP' is not a reference to an environment variable such as ${NAME}",
        ),
        (
            "    data:\n" + DATA,
            "    data: x.root\n",
            "16: input.samples.data: a mapping is expected, not the text 'x.root'",
        ),
        (
            "process: hgg",
            "process: hggg",
            (
                "21: input.samples.\"demo.2\".simulate: the process is 'hgg' or 'ditau', not the text 'hggg';"
                " did you mean 'hgg'?"
            ),
        ),
        (
            "events: 20000",
            "events: 2e4",
            f"21: {SIMULATE}.events: a whole number is expected, not the number 20000.0; write 20000",
        ),
        (
            "events: 20000",
            "events: 0.5",
            f"21: {SIMULATE}.events: a whole number is expected, not the number 0.5",
        ),
        (
            "events: 20000",
            "events: 0",
            '21: input.samples."demo.2".simulate.events: a number not below 1 is expected, not the number 0',
        ),
        (
            "events: 20000",
            "events: true",
            f"21: {SIMULATE}.events: a whole number is expected, not true",
        ),
        (
            "seed: 7",
            "seed: -1",
            '21: input.samples."demo.2".simulate.seed: a number not below 0 is expected, not the number -1',
        ),
    ],
)
def test_one_slip_is_one_fault(faults, old, new, expected):
    assert "\n".join(faults((old, new))) == f"hgg.yaml:{expected}"


def test_all_faults_come_at_once_in_the_order_of_lines(faults):
    lines = faults(
        ("tree: mini", "tre: mini"),
        ("    data:\n", "    da ta:\n"),
        ("0.102", "abc"),
        ("- filter: {good_run", "- filtre: {good_run"),
        ("in_window: ", "in_window: [3], b: "),
        ("one: 1", "met: 1, x"),
        ("unblind: true", "unblind: yes\n  unblind: no"),
        overrides=("select.output.dri=x", "select.steps.9.node=x", "input.units=TeV"),
    )
    assert lines == [
        "--set input.units=TeV: input.units: 'MeV' or 'GeV' is expected, not the text 'TeV'; did you mean 'MeV'?",
        "--set select.output.dri=x: unknown key 'dri' in select.output; did you mean 'dir'?",
        "--set select.steps.9.node=x: select.steps has 5 items, counted from 0; there is no 9",
        "hgg.yaml:4: unknown key 'tre' in input; did you mean 'tree'?",
        "hgg.yaml:14: input.samples.gg.xsec_pb: a number is expected, not the text 'abc'",
        f"hgg.yaml:16: input.samples: 'da ta' cannot be a name here, {FILE_NAME}",
        "hgg.yaml:30: unknown key 'filtre' in a step; did you mean 'filter'?",
        "hgg.yaml:38: column 'met' exists already, see line 8",
        "hgg.yaml:39: select.steps.4.filter.in_window: a C++ expression is expected, not a list",
        "hgg.yaml:54: report.unblind: true or false is expected, not the text 'yes'; write true",
        "hgg.yaml:55: key 'unblind' stands twice in report; first in line 54",
    ]


def test_what_could_not_be_read_is_reported_once(faults):
    assert faults(
        ("tree: mini", "tree: !x mini"),
        ("    fractions: {train: 0.7, val: 0.15, test: 0.15}", "    fractions: !y {train: 1}"),
    ) == [
        "hgg.yaml:4: unknown tag !x; text that begins with '!' must stand in quotes",
        "hgg.yaml:44: unknown tag !y; text that begins with '!' must stand in quotes",
    ]


def test_faults_in_an_included_file_bear_its_name(faults, tmp_path):
    tmp_path.joinpath("out.yaml").write_text("dir: out\n\ncolumn: [x]\n")
    text = "  output:\n    dir: out/hgg\n    tree: events\n    columns: [m_yy, weight]\n"
    text += "    format: ttree\n    exports: [tsv]\n"
    assert faults((text, "  output: !include out.yaml\n")) == [
        "out.yaml:3: unknown key 'column' in select.output; did you mean 'columns'?"
    ]
    tmp_path.joinpath("out.yaml").write_text("tree: x\n")
    assert faults((text, "  output: !include out.yaml\n")) == ["hgg.yaml:47: missing key 'dir' in select.output"]


def test_names_given_twice_in_two_files(faults, tmp_path):
    tmp_path.joinpath("cuts.yaml").write_text("# cuts\nfilter:\n  good_run: x > 1\n")
    assert faults(("    - node: diphoton.weights\n", "    - !include cuts.yaml\n")) == [
        "hgg.yaml:30: cut 'good_run' exists already, see cuts.yaml:3"
    ]
    assert faults(overrides=("select.steps.0={filter: {good_run: x}}",)) == [
        "hgg.yaml:30: cut 'good_run' exists already, see --set select.steps.0={filter: {good_run: x}}"
    ]


def test_columns_defined_twice_for_the_same_sample(faults):
    old = "    - filter: {in_window"
    assert faults((old, "    - {define: {w: a}, only: mc}\n    - {define: {w: b}, only: [data, gg]}\n" + old)) == [
        "hgg.yaml:40: column 'w' exists already, see line 39"
    ]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("select.steps.2.wiht.min_pt=30", "unknown key 'wiht' in a step; did you mean 'with'?"),
        ("input.smaples.gg.xsec_pb=1", "unknown key 'smaples' in input; did you mean 'samples'?"),
        ("input.samples.qq.xsec_pb=1", "missing key 'kind' in input.samples.qq"),
        ('input.samples."demo.2".xsec=1', "unknown key 'xsec' in input.samples.\"demo.2\"; did you mean 'xsec_pb'?"),
        ("input.samples={}", "input.samples: at least one entry is expected, and this is empty"),
        ("select.steps=3", "select.steps: a list is expected, not the number 3"),
        ("select=", "select: a mapping is expected, not an empty value"),
    ],
)
def test_slips_in_overrides(faults, override, expected):
    lines = faults(overrides=(override,))
    assert f"--set {override}: {expected}" in lines
    assert all(line.startswith(f"--set {override}: ") or "is neither mc, nor data" in line for line in lines)


def test_a_file_is_named_as_the_user_named_it(tmp_path, monkeypatch):
    from rdfplugins.config import load_config
    from rdfplugins.errors import ConfigErrors

    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("sub").mkdir()
    tmp_path.joinpath("sub/a.yaml").write_text("version: 1\nbla: 1\n")
    for name in ("sub/a.yaml", tmp_path / "sub/a.yaml"):
        with pytest.raises(ConfigErrors) as caught:
            load_config(name)
        assert str(caught.value).split("\n") == [
            f"{name}:1: missing key 'input'",
            f"{name}:1: missing key 'select'",
            f"{name}:2: unknown key 'bla'",
        ]
    with pytest.raises(ConfigErrors, match=r"^no\.yaml: there is no such file$"):
        load_config("no.yaml")


def test_long_and_odd_texts_stay_on_one_line(faults):
    lines = faults(("units: MeV", "units: 'a" + "x" * 500 + "'"), ("label: ggH", '"la\\nbel\\x1b": ggH'))
    assert lines == [
        "hgg.yaml:5: input.units: 'MeV' or 'GeV' is expected, not the text 'a" + "x" * 56 + "...'",
        "hgg.yaml:13: unknown key 'la\\nbel\\x1b' in input.samples.gg; did you mean 'label'?",
    ]
