"""Open braces are found, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rdfplugins import braces, cpp
from rdfplugins.paths import shipped


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("", None),
        ("{}", None),
        ("{", 0),
        ("a\n{ b", 1),
        ("{\n{\n}", 0),
        ("}{", 0),
        ("}", None),
        ("'{'", None),
        ('"{"', None),
        ('"\\"{"', None),
        ("'\\''{}", None),
        ("// {\n/* { */", None),
        ('R"x({)x"', None),
        ("1'000{", 0),
        ("int f() {\n#define A {\n}", None),
        ("#define A \\\n {\nint x;", None),
        ("#ifdef A\nint f() {\n#else\nint g() {\n#endif\n}", None),
        ("#ifndef A_H\n#define A_H\nint f() {\n#endif", 2),
    ],
)
def test_unclosed(code: str, line: int | None) -> None:
    assert braces.unclosed(code) == line


def test_headers_that_compile_have_none() -> None:
    root = Path(str(cpp.load_root().TROOT.GetIncludeDir()))
    headers = [*(shipped("macros") / "rdfplugins").glob("*.h"), *(root / "ROOT").rglob("*.hxx")]
    assert len(headers) > 50
    assert [path.name for path in headers if braces.unbalanced(path.read_text(errors="replace")) is not None] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", None),
        ("{ /* { */ } // {", None),
        ("a\n/* b", ("a '/*' is never closed", 1)),
        ('"/*"', None),
        ("#if 0\n#endif", None),
        ("x\n  #  ifdef A\n1", ("a '#if' is never closed", 1)),
        ("<% x", ("a '{' is never closed", 0)),
        ("<% x %>", None),
        ("x }", ("a '}' closes nothing", 0)),
        ("true; }\nbool f() { return true", ("a '{' is never closed", 1)),
        ("}\n{}", ("a '}' closes nothing", 0)),
        ("'}'", None),
    ],
)
def test_unbalanced(code: str, found: tuple[str, int] | None) -> None:
    assert braces.unbalanced(code) == found
