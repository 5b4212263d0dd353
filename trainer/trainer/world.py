"""Where this process stands among those of the job, as torchrun tells it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trainer.failure import Failure


@dataclass(frozen=True)
class World:
    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @staticmethod
    def from_environment() -> World:
        try:
            return World(*(int(os.environ.get(name, default)) for name, default in _VARIABLES))
        except ValueError as error:
            raise Failure("config", f"RANK, WORLD_SIZE and LOCAL_RANK must be whole numbers: {error}") from error


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"), ("LOCAL_WORLD_SIZE", "1"))
