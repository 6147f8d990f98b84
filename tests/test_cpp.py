"""The door to the interpreter: whose line an error names, what is printed, what a failed header leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rdfplugins import cpp
from rdfplugins.errors import ConfigError, CppError

NO_ROOT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == "ROOT":
            raise ModuleNotFoundError("No module named 'ROOT'", name="ROOT")

sys.meta_path.insert(0, Blocker())
import rdfplugins as rp
from rdfplugins.errors import MissingDependencyError
for call in (rp.register_cpp, lambda: rp.apply("diphoton.select", None)):
    try:
        call()
    except MissingDependencyError as error:
        print(error.exit_code, error)
"""
USERS_SESSION = """
import warnings
warnings.simplefilter("ignore")
import ROOT
ROOT.gROOT.SetBatch(False)
from rdfplugins.cpp import load_root
print(load_root() is ROOT, ROOT.gROOT.IsBatch())
"""
FRESH_SESSION = """
import sys
from rdfplugins.cpp import load_root
root = load_root()
print(root.gROOT.IsBatch(), sys.argv[1:])
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=120
    )


@pytest.fixture(scope="module")
def df() -> Any:
    return cpp.load_root().RDataFrame(3).Define("v", "ROOT::RVecF{1.f, 2.f}")


def same_place(descriptor: int = 2) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# -- errors of expressions

EXPRESSIONS = [
    ("nothere + 1", 7, "use of undeclared identifier 'nothere'"),
    ("1 +\n\n  nothere", 9, "use of undeclared identifier 'nothere'"),
    ("v.nope() > 0", 7, "no member named 'nope' in 'ROOT::VecOps::RVec<float>'"),
    ("v[0] +* 2 > 0", 7, "indirection requires pointer operand ('int' invalid)"),
    ("one + two", 7, "use of undeclared identifier 'one'"),
    ("v[0] >", 7, "expected expression"),
    ("v[0] >\n1 &&", 8, "expected expression"),
    ("(v[0] > 1", 7, "expected ')'"),
]


@pytest.mark.parametrize("method", ["Define", "Filter"])
@pytest.mark.parametrize(("code", "line", "text"), EXPRESSIONS)
def test_error_of_an_expression(df: Any, method: str, code: str, line: int, text: str) -> None:
    before = same_place()
    arguments = ["x"] if method == "Define" else []
    with pytest.raises(CppError) as raised, cpp.compiling("cut 'x'", file="my config.yaml", line=7):
        getattr(df, method)(*arguments, cpp.at_line(code, "my config.yaml", 7))
    assert str(raised.value) == f"my config.yaml:{line}: cut 'x' does not compile: {text}"
    assert (raised.value.file, raised.value.line) == ("my config.yaml", line)
    assert same_place() == before


@pytest.mark.parametrize(
    ("code", "value"),
    [("1 + 1", 2), ("v[1] // a comment", 2), ("v[0] +\n v[1]", 3), ("if (v[0] > 0) return 4; else return 5;", 4)],
)
def test_a_marked_expression_keeps_its_value(df: Any, code: str, value: float) -> None:
    marked = df.Define("x", cpp.at_line(code, 'a "file".yaml', 3))
    assert marked.AsNumpy(["x"])["x"].tolist() == [value] * 3


def test_unmarked_code_is_unchanged() -> None:
    assert cpp.at_line("x", None, 3) == cpp.at_line("x", "f", None) == "x"


def test_filter_that_is_no_truth_value(df: Any) -> None:
    """The compiler is content; RDataFrame is not, and says so without a line."""
    with pytest.raises(CppError, match=r"^c\.yaml:4: cut 'x' does not compile: .*does not evaluate to bool") as raised:  # noqa: SIM117
        with cpp.compiling("cut 'x'", file="c.yaml", line=4):
            df.Filter(cpp.at_line('std::string("a")', "c.yaml", 4))
    assert "\n" not in str(raised.value)


def test_without_a_place_the_message_has_none(df: Any) -> None:
    with pytest.raises(CppError) as raised, cpp.compiling("column 'x'"):
        df.Define("x", "nothere")
    assert str(raised.value) == "column 'x' does not compile: use of undeclared identifier 'nothere'"


@pytest.mark.parametrize("code", ["v[0] > 1 ? 1 : {0", "[&] {\n return 1;", "if (v[0] > 0) {\n return true; } else {"])
def test_unclosed_brace_is_refused(df: Any, code: str) -> None:
    """cling would wait for the rest of it, forever."""
    with pytest.raises(CppError, match=r"^c\.yaml:[78]: a '\{' is never closed$"), cpp.compiling("x", file="c.yaml"):
        df.Define("x", cpp.at_line(code, "c.yaml", 7))


def test_unclosed_brace_of_a_header(tmp_path: Path) -> None:
    header = write_header(tmp_path / "open.h", "namespace rdfp_open {\ninline int f() { return 1; }")
    with pytest.raises(CppError, match=r"open\.h:2: a '{' is never closed"):
        cpp.include_user_header(header)
    write_header(header, "namespace rdfp_open {\ninline int f() { return 1; }\n}")
    cpp.include_user_header(header)  # nothing had reached the compiler
    assert cpp.load_root().rdfp_open.f() == 1


# -- errors of declarations and headers


def test_declared_code_can_be_called() -> None:
    cpp.declare("namespace rdfp_test { inline int forty_two() { return 42; } }", "code")
    assert cpp.load_root().rdfp_test.forty_two() == 42


def test_first_error_of_declarations() -> None:
    code = (
        "int rdfp_test_a() { return 1; }\n\nint rdfp_test_b() { return first; }\nint rdfp_test_c() { return second; }"
    )
    with pytest.raises(CppError) as raised:
        cpp.declare(code, "text", file='quo"ted\\.yaml', line=10)
    assert raised.value.message == "text does not compile: use of undeclared identifier 'first'"
    assert (raised.value.file, raised.value.line) == ('quo"ted\\.yaml', 12)


def write_header(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#pragma once\n{body}\n")
    return path


def test_user_header_with_an_error(tmp_path: Path) -> None:
    """cling would say yes to a second try of a header that failed, and its functions would not be there."""
    header = write_header(tmp_path / "bad.h", "inline int rdfp_bad() { return nothere; }\nint also = wrong;")
    with pytest.raises(CppError, match="does not compile: use of undeclared identifier 'nothere'") as raised:
        cpp.include_user_header(header, file="c.yaml", line=3)
    assert (raised.value.file, raised.value.line) == (str(header), 2)
    write_header(header, "inline int rdfp_bad() { return 1; }")
    with pytest.raises(CppError, match=r"'nothere' \(mend it and start a new Python process\)$") as raised:
        cpp.include_user_header(header)
    assert (raised.value.file, raised.value.line) == (str(header), 2)


def test_error_in_a_header_of_a_header(tmp_path: Path) -> None:
    inner = write_header(tmp_path / "inner.h", "\nint rdfp_inner = nothere;")
    outer = write_header(tmp_path / "outer.h", '#include "inner.h"')
    with pytest.raises(CppError) as raised:
        cpp.include_user_header(outer)
    assert (Path(str(raised.value.file)).name, raised.value.line) == (inner.name, 3)


def test_user_header_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CppError, match=r"^c\.yaml:3: header .*no\.h does not exist$"):
        cpp.include_user_header(tmp_path / "no.h", file="c.yaml", line=3)
    with pytest.raises(CppError, match="does not exist"):
        cpp.include_user_header(tmp_path)


def test_header_is_included_once(tmp_path: Path) -> None:
    """It has no guard: a second inclusion would be a redefinition."""
    header = tmp_path / "once.h"
    header.write_text("int rdfp_once = 1;\n")
    link = tmp_path / "link.h"
    link.symlink_to(header)
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path)
    for path in (header, header, link, folder / "once.h", tmp_path / "folder" / ".." / tmp_path.name / "once.h"):
        cpp.include_user_header(path)
    assert cpp.load_root().rdfp_once == 1


def test_relative_path_of_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_header(tmp_path / "relative.h", "inline int rdfp_relative() { return 5; }")
    monkeypatch.chdir(tmp_path)
    cpp.include_user_header(Path("relative.h"))
    assert cpp.load_root().rdfp_relative() == 5


@pytest.mark.parametrize(
    "name",
    [
        "a folder/a header.h",
        "it's/one.h",
        'quo"te/one.h',
        'plain/quo"te.h',
        "co:lon/one.h",
        "back\\slash/o.h",
        "ünï/é.h",
    ],
)
def test_unusual_paths_of_headers(tmp_path: Path, name: str) -> None:
    number = sum(name.encode())
    path = tmp_path / name
    write_header(path.parent / f"part_{number}.h", f"inline int rdfp_part_{number}() {{ return {number}; }}")
    body = f'#include "part_{number}.h"\ninline int rdfp_odd_{number}() {{ return rdfp_part_{number}() + 1; }}'
    cpp.include_user_header(write_header(path, body))
    assert getattr(cpp.load_root(), f"rdfp_odd_{number}")() == number + 1


def test_user_headers_see_ours(tmp_path: Path) -> None:
    body = '#include "rdfplugins/kinematics.h"\ninline double rdfp_user_theta() { return rdfp::theta(0.0); }'
    cpp.include("rdfplugins/kinematics.h")
    cpp.include_user_header(write_header(tmp_path / "user.h", body))
    assert cpp.load_root().rdfp_user_theta() == pytest.approx(1.5707963267948966)


def test_register_cpp_makes_every_header_usable() -> None:
    cpp.register_cpp()
    cpp.register_cpp()
    root = cpp.load_root()
    frame = root.RDataFrame(1).Define("theta", "rdfp::theta(0.5)").Define("key", "rdfp::make_event_key(1, {2, 3})")
    frame = frame.Define("std", "rdfp::statistics(ROOT::RVecF{1.f, 3.f}, 0.0).std")
    frame = frame.Define("min_pt", "rdfp::diphoton::Cuts{}.min_pt")
    assert frame.AsNumpy(["std"])["std"].tolist() == [1.0]
    assert root.rdfp.runtime.LoopMonitor
    assert root.rdfp.TreeWriter


# -- what is printed


def test_other_output_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with cpp.compiling("x"):
        os.write(2, b"a warning of the compiler\n")
        print("python's own", file=sys.stderr)
    assert sorted(capfd.readouterr().err.splitlines()) == ["a warning of the compiler", "python's own"]


def test_warning_of_the_compiler_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    cpp.declare('#warning "look here"', "x")
    assert "look here" in capfd.readouterr().err


def test_an_error_is_not_printed_as_well(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CppError):
        cpp.declare("int rdfp_printed = nothere;", "x")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_nothing_is_printed_for_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    cpp.declare("inline int rdfp_quiet() { return 1; }", "x")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_descriptor_is_restored_whatever_happens(error: type[BaseException]) -> None:
    before, open_files = same_place(), open_descriptors()

    def fail() -> None:
        os.write(2, b"inside")
        assert same_place() != before
        raise error

    with pytest.raises(error), cpp.captured_stderr() as captured:
        fail()
    assert captured == ["inside"]
    assert same_place() == before
    assert open_descriptors() == open_files


def test_captures_may_be_nested() -> None:
    before = same_place()
    with cpp.captured_stderr() as outer:
        os.write(2, b"1")
        with cpp.captured_stderr() as inner:
            os.write(2, b"2\xff")
        os.write(2, b"3")
    assert (outer, inner) == (["13"], ["2�"])
    assert same_place() == before


def test_interrupt_is_no_compile_error() -> None:
    with pytest.raises(KeyboardInterrupt), cpp.compiling("x"):
        raise KeyboardInterrupt


def test_error_of_an_inner_compilation_keeps_its_place() -> None:
    with pytest.raises(CppError) as raised, cpp.compiling("outer", file="outer.yaml", line=1):
        raise CppError("inner", file="inner.yaml", line=2)
    assert str(raised.value) == "inner.yaml:2: inner"
    assert isinstance(raised.value, ConfigError)


def test_failure_without_a_diagnostic_quotes_the_exception() -> None:
    with pytest.raises(CppError, match=r"^f:1: x does not compile: the reason$"), cpp.compiling("x", file="f", line=1):
        raise RuntimeError("much text\nthe reason")


# -- the choice among what the compiler printed


@pytest.mark.parametrize(
    ("printed", "file", "line", "text"),
    [
        ("a.h:3:1: error: one\na.h:4:1: error: two\n", "a.h", 3, "one"),
        ("a.h:3:1: warning: no\na.h:4:1: fatal error: 'x.h' file not found\n", "a.h", 4, "'x.h' file not found"),
        ("a.h:3:1: error: one\nc.yaml:9:2: error: mine\n", "c.yaml", 9, "mine"),
        ("input_line_7:2:1: error: one\n", "c.yaml", 5, "one"),
        ("input_line_7:2:1: error: one\na.h:8:1: error: two\n", "a.h", 8, "two"),
        ("/a folder/b:c.h:3:1: error: one: two\n", "/a folder/b:c.h", 3, "one: two"),
    ],
)
def test_which_error_is_told(printed: str, file: str, line: int, text: str) -> None:
    error = cpp.compile_error("x", printed, file="c.yaml", line=5, fallback="")
    assert (error.file, error.line, error.message) == (file, line, f"x does not compile: {text}")


# -- ROOT itself


def test_missing_root_is_told_with_the_command_that_installs_it() -> None:
    lines = python(NO_ROOT).stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("2 ROOT cannot be imported (No module named 'ROOT'); install it with: pip install")
        assert "'rdfplugins[root]'" in line


def test_root_of_a_user_keeps_its_settings() -> None:
    assert python(USERS_SESSION).stdout == "True False\n"


def test_our_own_root_is_quiet_and_leaves_the_command_line() -> None:
    done = python(FRESH_SESSION, "-h", "-b")
    assert done.stdout == "True ['-h', '-b']\n"
    assert done.stderr == ""
