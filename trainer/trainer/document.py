"""Reads a JSON document into dataclasses: by their types, with every problem named by its path."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from trainer.failure import Failure

_Value = TypeVar("_Value")
# Below this likeness a suggestion would only confuse.
_LIKENESS = 0.6


def nearest(name: str, known: Iterable[str]) -> str:
    """ "; did you mean …?" where one of the known names is near, else nothing."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=_LIKENESS)
    return f"; did you mean {found[0]}?" if found else ""


def read_dataclass(kind: type[_Value], value: Any, path: str, hidden: frozenset[str]) -> _Value:
    """`hidden` are the fields that a document may not set, each by its path."""
    if not isinstance(value, dict):
        raise Failure("config", f"{path} must be an object, not {shown(value)}")
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    arguments: dict[str, Any] = {}
    for key, item in value.items():
        place = f"{path}.{key}" if path else str(key)
        if key not in known or place in hidden:
            offered = [name for name in known if (f"{path}.{name}" if path else name) not in hidden]
            raise Failure("config", f"unknown key {place}{nearest(str(key), offered)}")
        if item is not None:
            arguments[key] = _read(hints[key], item, place, hidden)
    for name, each in known.items():
        if name not in arguments and each.default is MISSING and each.default_factory is MISSING:
            raise Failure("config", f"{path}.{name} is required" if path else f"{name} is required")
    return kind(**arguments)


def _read(hint: Any, value: Any, path: str, hidden: frozenset[str]) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        (only,) = [each for each in get_args(hint) if each is not type(None)]
        return _read(only, value, path, hidden)
    if is_dataclass(hint) and isinstance(hint, type):
        return read_dataclass(hint, value, path, hidden)
    if origin is tuple:
        if not isinstance(value, list):
            raise Failure("config", f"{path} must be a list, not {shown(value)}")
        inner = get_args(hint)[0]
        return tuple(_read(inner, item, f"{path}[{index}]", hidden) for index, item in enumerate(value))
    if origin is Literal:
        if value not in get_args(hint):
            raise Failure("config", f"{path} must be one of {', '.join(get_args(hint))}, not {shown(value)}")
        return value
    if origin is dict:
        if not isinstance(value, dict):
            raise Failure("config", f"{path} must be an object, not {shown(value)}")
        return value
    return read_scalar(hint, value, path)


def read_scalar(hint: Any, value: Any, path: str) -> Any:
    """Takes "8" for 8 and 8.0 for 8, since some launchers know only strings; refuses what would lose something."""
    try:
        if hint is bool:
            if isinstance(value, bool):
                return value
            if str(value).lower() in ("true", "1", "yes"):
                return True
            if str(value).lower() in ("false", "0", "no"):
                return False
        elif hint is int and not isinstance(value, bool):
            if not isinstance(value, float) or value.is_integer():
                return int(value)
        elif hint is float and not isinstance(value, bool):
            number = float(value)
            if number - number == 0:  # neither infinite nor not-a-number
                return number
        elif hint is str and isinstance(value, str):
            return value
    except (TypeError, ValueError):
        pass
    word = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}[hint]
    raise Failure("config", f"{path} must be {word}, not {shown(value)}")


def shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
