"""Globs, folders, lists and URLs as names of input files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rdfplugins.config import expand_files
from rdfplugins.errors import ConfigErrors


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.root",
        "a.root",
        "c.txt",
        ".hidden.root",
        "sub/z.root",
        "sub/deep/y.root",
        "b[1].root",
        "run.root/in.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def expanded(patterns, folder):
    return [name.removeprefix(f"{folder}/") for name in expand_files(patterns, folder)]


def wrong(patterns, folder, **options):
    with pytest.raises(ConfigErrors) as caught:
        expand_files(patterns, folder, **options)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["b.root", "a.root"], ["b.root", "a.root"]),
        (["no_such.root"], ["no_such.root"]),
        (["?.root"], ["a.root", "b.root"]),
        (["[ab].root"], ["a.root", "b.root"]),
        (["b[1].root"], ["b[1].root"]),
        (["sub/*.root", "a.*"], ["sub/z.root", "a.root"]),
        (["sub/**/*.root"], ["sub/deep/y.root", "sub/z.root"]),
        (["**/[yz].root"], ["sub/deep/y.root", "sub/z.root"]),
        (["sub"], ["sub/z.root"]),
        (["sub/"], ["sub/z.root"]),
        (["root://host//data/*.root"], ["root://host//data/*.root"]),
        (["http://host/a.root", "https://host/a.root"], ["http://host/a.root", "https://host/a.root"]),
        (["xroot://host//a.root", "xrootd://host//a.root"], ["xroot://host//a.root", "xrootd://host//a.root"]),
    ],
)
def test_patterns(folder, patterns, expected):
    assert expanded(patterns, folder) == expected


def test_a_folder_gives_its_root_files_only(folder):
    assert expanded(["."], folder) == ["a.root", "b.root", "b[1].root"]


def test_paths_are_relative_to_the_given_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert expand_files(["z.root", "../a.root", "*.root"][:2], Path("sub")) == ["sub/z.root", "sub/../a.root"]
    assert expand_files(["*.root"], Path()) == ["a.root", "b.root", "b[1].root"]
    assert expand_files([f"{folder}/sub/*.root"], Path("elsewhere")) == [f"{folder}/sub/z.root"]


def test_wildcards_in_the_folder_itself_are_none(tmp_path):
    odd = tmp_path / "data[12]*"
    odd.mkdir()
    odd.joinpath("a.root").touch()
    assert expand_files(["*.root"], odd) == [str(odd / "a.root")]
    assert expand_files(["."], odd) == [str(odd / "a.root")]


def test_lists(folder, monkeypatch):
    monkeypatch.setenv("RDFP_HOST", "host.example")
    folder.joinpath("sub/list.txt").write_text(
        "# files of 2016\n\nz.root   # the first\n  ../a.root\r\nroot://${RDFP_HOST}//x#y.root\n../b*.root\ndeep\n#z.root\n"
    )
    assert expanded(["c.root", "@sub/list.txt"], folder) == [
        "c.root", "sub/z.root", "sub/../a.root", "root://host.example//x#y.root", "sub/../b.root", "sub/../b[1].root",
        "sub/deep/y.root",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], "the list of files is empty"),
        ([""], "the name of a file is empty"),
        (["no*.root"], "no file matches no*.root"),
        (["run.*"], "no file matches run.*"),
        (["run.root"], "the folder run.root holds no *.root file"),
        (["@no.txt"], "list of files no.txt: it cannot be read (No such file or directory)"),
        (["@sub"], "list of files sub: it cannot be read (Is a directory)"),
        (["@empty.txt"], "list of files empty.txt: it is empty"),
        (["@latin.txt"], "list of files latin.txt: it is not UTF-8 text"),
        (["@\0"], "list of files \\x00: embedded null byte"),
        (["a.root", "a.root"], "the file a.root is named twice"),
        (["a.root", "sub/../a.root"], "the file sub/../a.root (also as a.root) is named twice"),
        (["?.root", "b.root"], "the file b.root is named twice"),
        (["?.root", "[ab].root"], "the file a.root and 1 more are named twice"),
        (["root://h//a", "root://h//a"], "the file root://h//a is named twice"),
        (["link.root", "a.root"], "the file a.root (also as link.root) is named twice"),
        (["@nested.txt"], "nested.txt:2: a list of files cannot name another list"),
        (["@unset.txt"], "unset.txt:1: the environment variable RDFP_NOT_SET is not set"),
        (["@glob.txt"], "glob.txt:3: no file matches x*.root"),
    ],
)
def test_what_names_no_files(folder, patterns, expected):
    folder.joinpath("empty.txt").write_text("\n# nothing\n")
    folder.joinpath("latin.txt").write_bytes(b"caf\xe9.root\n")
    folder.joinpath("nested.txt").write_text("q.root\n@empty.txt\n")
    folder.joinpath("unset.txt").write_text("${RDFP_NOT_SET}/a.root\n")
    folder.joinpath("glob.txt").write_text("\n\nx*.root\n")
    folder.joinpath("link.root").symlink_to(folder / "a.root")
    assert wrong(patterns, folder) == [expected]


def test_all_faults_come_at_once_at_their_places(folder):
    folder.joinpath("list.txt").write_text("a.root\nb.root\nx*.root\n")
    lines = wrong(["a.root", "y*", "@list.txt", "b.root"], folder, place=lambda index: ("c.yaml", 10 + index))
    assert lines == [
        "c.yaml:11: no file matches y*",
        "list.txt:3: no file matches x*.root",
        "list.txt:1: the file a.root is named twice, first in c.yaml:10",
        "c.yaml:13: the file b.root is named twice, first in list.txt:2",
    ]


def test_a_name_longer_than_any_file_can_have(folder):
    assert expanded(["x" * 5000], folder) == ["x" * 5000]
    assert wrong(["*" + "x" * 5000], folder)[0].startswith("no file matches ")
