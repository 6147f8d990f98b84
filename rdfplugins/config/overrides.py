"""``--set a.b.0.c=value``: single values set after a config has been read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from yaml.nodes import CollectionNode, ScalarNode, SequenceNode

from rdfplugins.config.scalars import BOOL, FLOAT, INT, MAP, NULL, SEQ, STR, scalar, shortened
from rdfplugins.config.syntax import AliasNode, compose
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yaml.nodes import Node

    Keys = tuple[str | int, ...]
    Place = tuple[str, int | None]

_KEY = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^.="']+))([.=]|\Z)""")
_PLAIN_KEY = re.compile(r"""[^.="'\s]+""")
_TAGS = frozenset({STR, INT, FLOAT, BOOL, NULL, MAP, SEQ})


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as ``--set`` takes it and as messages name it: ``input.samples.gg.files.0``."""
    keys = [shortened(str(key)) for key in path]
    return ".".join(key if _PLAIN_KEY.fullmatch(key) else f'"{key}"' for key in keys)


def apply_overrides(
    data: dict[str, Any], places: dict[Keys, Place], overrides: Sequence[str], faults: list[ConfigError]
) -> dict[str, Any]:
    """Set values in ``data`` and their places in ``places``; what is wrong with an override is added to ``faults``."""
    for override in overrides:
        name = f"--set {shortened(override, 200)}"
        try:
            keys, text = _split(override)
            value = _parsed(text)
            path = _assign(data, keys, value)
        except (ConfigError, ValueError) as error:
            faults.append(ConfigError(error.message if isinstance(error, ConfigError) else str(error), file=name))
            continue
        for old in [old for old in places if old[: len(path)] == path]:
            del places[old]
        for length in range(1, len(path) + 1):
            places.setdefault(path[:length], (name, None))
        _place(value, path, (name, None), places)
    return data


def _split(override: str) -> tuple[list[str], str]:
    keys: list[str] = []
    at = 0
    while match := _KEY.match(override, at):
        keys.append(next(group for group in match.groups()[:3] if group is not None).strip())
        at = match.end()
        if match[4] == "=":
            return keys, override[at:]
        if not match[4]:
            raise ValueError("an '=' and a value are missing; write it as a.b=value")
    raise ValueError("this is not of the form a.b=value; put keys that hold dots or '=' in quotes: a.\"b.c\"=value")


def _parsed(text: str) -> Any:
    node, _ = compose(text, "")
    if node is None:
        return None
    if isinstance(node, CollectionNode) and not node.flow_style:
        return text.strip()  # "x > 0 ? 1 : 0" reads as a mapping; nobody writes block collections on a command line
    return _plain(node)


def _plain(node: Node) -> Any:
    if isinstance(node, AliasNode) or node.tag not in _TAGS:
        raise ValueError(f"the value cannot hold {shortened(node.tag)}; put text in quotes")
    if isinstance(node, ScalarNode):
        return scalar(node.tag, node.value)
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or key.tag not in _TAGS:
            raise ValueError("a key is a single word or text, not a list or mapping")
        if key.value in result:
            raise ValueError(f"key '{shortened(key.value)}' stands twice")
        result[key.value] = _plain(value)
    return result


def _assign(data: dict[str, Any], keys: list[str], value: Any) -> Keys:
    """Set the value, making mappings on the way where there is nothing yet, and return the path with indices as int."""
    here: Any = data
    path: list[str | int] = []
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(here, list):
            index = _index(here, key, path)
            path.append(index)
            if last:
                here[index] = value
            elif here[index] is None:
                here[index] = {}
            here = here[index]
        elif isinstance(here, dict):
            path.append(key)
            if last:
                here[key] = value
            elif here.get(key) is None:
                here[key] = {}
            here = here[key]
        else:
            message = f"{dotted(path)} is a single value and has no '{shortened(key)}'"
            raise ValueError(message)  # noqa: TRY004 (of what the user wrote; no argument has the wrong type)
    return tuple(path)


def _index(items: list[Any], key: str, path: Sequence[str | int]) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", key):
        raise ValueError(f"{dotted(path)} is a list: a number is expected after it, not '{shortened(key)}'")
    if int(key) >= len(items):
        raise ValueError(f"{dotted(path)} has {len(items)} items, counted from 0; there is no {int(key)}")
    return int(key)


def _place(value: Any, path: Keys, place: Place, places: dict[Keys, Place]) -> None:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, item in items:
        places[(*path, key)] = place
        _place(item, (*path, key), place, places)
