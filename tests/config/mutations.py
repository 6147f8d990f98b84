"""Makes wrong configs of right ones: at the level of text, as a slip in an editor does, and at that of the tree."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

# fmt: off
JUNK = (
    "", " ", "\t", "'", '"', ":", ": ", "- ", "#", "&a ", "*a ", "<<: *a\n", "<<: {x: 1}\n", "{", "}", "[", "]",
    ",", "|", ">", "%", "@", "`",
    "!include config.yaml", "!x ", "~", "null", "on", "1e999", "9" * 40, "0x", ".nan", "-", "\u00e9", "\u2028",
    "\u00a0", "\u200b", "\u03c0",
    "\U0001f600", "\x85", "\x00", "\x1b", "${X}", "---\n", "...\n", "? ", "\\", "&a [*a]", "&a {b: *a}",
)
EXPRESSIONS = (
    "", "x >", "(x", "x)", "x; }", "{ x",
    ";}", "}", "return", "return x > 0", '"abc', "'", "/* x", "x */", "// x", "#include <vector>",
    "#if 0", "#endif", "#define x y", "<% x", "@", "x ? 1", "x++", "&x", "x.size()", "x[0]", "nope::f(x)",
    "nope(x)", "std::vector<",
    "std::vector<nope>{}", "template<class T> T f(T t){return t;}", "[](auto a){return a.nope();}(1)",
    "std::enable_if_t<false,int>{}",
    "std::get<5>(std::make_tuple(1))", "ROOT::VecOps::Take(1, 3)", "throw 1", "int", "int y = 3;", "class A{};",
    "namespace a {}",
    "using namespace std;", "1/0", "0x", "1e", "'ab'",
    'R"(', "x,", "\u00e9", "__builtin_trap", "static_assert(false);", "asm(\"nop\")",
    "goto a;", "std::string(\"a\")", "std::make_unique<int>(3)", "(void)1",
    "[", "{}", "rdfentry_", "event_key", "runNumber / 0 > 0",
    "x > 0; } void f() {", "true", "1", "runNumber > 0", "photon_pt[0] > 1e9", "photon_pt > 0",
    "Sum(photon_pt) > 0", "m_yy > 105",
)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 10**18, 10**30, 1e300, 0.5, float("nan"), float("inf"), "", " ", "x", "1", "mini", "gg",
    "../x", "/", "a/b", "x" * 300,
    [], [[]], [1], ["x"], [None], {}, {"x": 1}, {"x": {}}, {1: 2}, [105, 160], [160, 105], ["m_yy"], "m_yy", "mc",
    "data", ["mc", "data"],
)
KEYS = (
    "x", "node", "filter", "define", "with", "only", "files", "kind", "column", "bins", "range", "after", "weight",
    "steps", "input", "select", "min_pt",
    "m_yy", "event_key", "rdfp_x", "int", "a b", "1", "",
)
# fmt: on


def of_text(text: str, chance: random.Random) -> bytes:
    """Return the text with one to three slips, as bytes: not all of them are UTF-8."""
    for _ in range(chance.choice([1, 1, 2, 3])):
        text = chance.choice(TEXT)(text, chance)
    if chance.random() < 0.03:
        return chance.choice(
            [text.encode("utf-16"), text.encode("latin-1", "replace") + b"\xe9", b"\xef\xbb\xbf" + text.encode()]
        )
    return text.encode("utf-8", "replace")


def _on_lines(change: Callable[[list[str], int, random.Random], None]) -> Callable[[str, random.Random], str]:
    def changed(text: str, chance: random.Random) -> str:
        lines = text.splitlines(keepends=True) or [""]
        change(lines, chance.randrange(len(lines)), chance)
        return "".join(lines)

    return changed


def _delete(lines: list[str], at: int, chance: random.Random) -> None:
    del lines[at : at + chance.randrange(1, 4)]


def _duplicate(lines: list[str], at: int, chance: random.Random) -> None:
    lines.insert(chance.choice([at, chance.randrange(len(lines))]), lines[at])


def _swap(lines: list[str], at: int, chance: random.Random) -> None:
    other = chance.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _indent(lines: list[str], at: int, chance: random.Random) -> None:
    lines[at] = chance.choice([" ", "  ", "    ", "\t"]) + lines[at] if chance.random() < 0.5 else lines[at].lstrip(" ")


def _insert(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(JUNK) + text[at:]


def _overwrite(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(JUNK) + text[at + chance.randrange(1, 30) :]


def _typo(text: str, chance: random.Random) -> str:
    if len(text) < 3:
        return text
    at = chance.randrange(len(text) - 1)
    swapped = text[at + 1] + text[at]
    return text[:at] + chance.choice([swapped, "", text[at] * 2, chance.choice("abcxyz_019")]) + text[at + 2 :]


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _ends_of_windows(text: str, _: random.Random) -> str:
    return text.replace("\n", "\r\n")


TEXT: tuple[Callable[[str, random.Random], str], ...] = (
    *(_on_lines(change) for change in (_delete, _duplicate, _swap, _indent)),
    _insert,
    _overwrite,
    _typo,
    _typo,
    _cut,
    _ends_of_windows,
)


def of_tree(text: str, chance: random.Random) -> bytes:
    """Return the config with one or two parts changed, and in half of the cases steps with code of all kinds."""
    data = yaml.safe_load(text)
    for _ in range(chance.choice([1, 1, 2])):
        parents = [data, *_inner(data)]
        chance.choice(TREE)(chance.choice([parent for parent in parents if parent] or [data]), chance)
    if chance.random() < 0.5:
        _add_step(data, chance)
    return yaml.dump(data, sort_keys=False, allow_unicode=True).encode("utf-8", "replace")


def _inner(value: Any) -> list[Any]:
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for item in items if isinstance(item, dict | list) for found in (item, *_inner(item))]


def _any_key(parent: Any, chance: random.Random) -> Any:
    return chance.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))


def _set_value(parent: Any, chance: random.Random) -> None:
    parent[_any_key(parent, chance)] = copy.deepcopy(chance.choice(VALUES))


def _remove(parent: Any, chance: random.Random) -> None:
    del parent[_any_key(parent, chance)]


def _rename(parent: Any, chance: random.Random) -> None:
    if isinstance(parent, dict):
        key = _any_key(parent, chance)
        parent[chance.choice([*KEYS, str(key)[:-1], f"{key}s"])] = parent.pop(key)


def _add(parent: Any, chance: random.Random) -> None:
    value = copy.deepcopy(chance.choice(VALUES))
    if isinstance(parent, dict):
        parent[chance.choice(KEYS)] = value
    else:
        parent.append(value)


def _shuffle(parent: Any, chance: random.Random) -> None:
    if isinstance(parent, list):
        chance.shuffle(parent)
    else:
        items = list(parent.items())
        chance.shuffle(items)
        parent.clear()
        parent.update(items)


TREE = (_set_value, _set_value, _remove, _rename, _add, _shuffle)


def _add_step(data: Any, chance: random.Random) -> None:
    select = data.get("select") if isinstance(data, dict) else None
    if not isinstance(select, dict):
        return
    code = chance.choice(EXPRESSIONS)
    kind = chance.choice(["filter", "filter", "define", "define", "weight", "histogram"])
    if kind == "weight":
        select["weight"] = code
    elif kind == "histogram":
        column, after = (
            chance.choice(["m_yy", "nope", "photon_pt", "x"]),
            chance.choice(["x", "all", "trigger", "nope"]),
        )
        select["histograms"] = {"h": {"column": column, "bins": 3, "range": [0, 9], "after": after}}
    elif isinstance(select.get("steps"), list):
        steps = select["steps"]
        steps.insert(chance.randrange(len(steps) + 1), {kind: {chance.choice(["x", "y", "m_yy", "trigger"]): code}})
