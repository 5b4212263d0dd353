"""How the flags of published training scripts are read: with underscores or dashes, never abbreviated."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from trainer.document import nearest
from trainer.failure import Failure


class FlagParser(argparse.ArgumentParser):
    def __init__(self) -> None:
        super().__init__(prog="train.py", allow_abbrev=False, add_help=False)

    def flag(self, name: str, **options: Any) -> None:
        spellings = dict.fromkeys([f"--{name}", f"--{name.replace('_', '-')}"])
        self.add_argument(*spellings, dest=name, **options)

    def read(self, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """What was given, and a warning for each flag that nobody knows."""
        flags, unknown = self.parse_known_args(arguments)
        given = [each.partition("=")[0] for each in unknown if each.startswith("--")]
        known = [name for action in self._actions for name in action.option_strings]
        return flags, [
            f"flag {each} is not known to this trainer and is ignored{nearest(each, known)}" for each in given
        ]

    def error(self, message: str) -> NoReturn:
        raise Failure("config", message)


def given(name: str, arguments: Sequence[str]) -> bool:
    return any(argument.partition("=")[0] in (f"--{name}", f"--{name.replace('_', '-')}") for argument in arguments)
