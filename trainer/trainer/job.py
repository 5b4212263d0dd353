"""What a recipe is handed, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.checkpoint import Checkpoints, Saved
from trainer.config import Run
from trainer.data import Texts
from trainer.events import Events
from trainer.model_place import Place
from trainer.stop import Stop
from trainer.storage import Storage
from trainer.world import World


@dataclass(frozen=True)
class Job:
    run: Run
    world: World
    events: Events
    stop: Stop
    checkpoints: Checkpoints
    saved: Saved | None  # where to go on from; known on rank 0 only
    outputs: Storage
    texts: Texts
    place: Place


@dataclass(frozen=True)
class Finished:
    step: int
    final_loss: float | None


@dataclass(frozen=True)
class Interrupted:
    step: int
    checkpoint_step: int | None


Outcome = Finished | Interrupted
