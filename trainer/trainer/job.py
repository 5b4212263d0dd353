"""What a recipe is handed, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from trainer import data, examples, model_place, pictures
from trainer.checkpoint import Checkpoints, Saved
from trainer.config import Run
from trainer.events import Events
from trainer.stop import Stop
from trainer.storage import Shelf
from trainer.world import World


@dataclass(frozen=True)
class Job:
    """All that a recipe needs of the world; it touches no storage, signal or standard output by itself."""

    run: Run
    world: World
    events: Events
    stop: Stop
    checkpoints: Checkpoints
    saved: Saved | None  # where to go on from; known on rank 0 only
    outputs: Shelf

    # Read when a recipe first asks, since not every recipe trains on text.
    @cached_property
    def texts(self) -> data.Texts:
        run = self.run
        return data.load(run.datasets, run.extra.dataset_text_field, run.extra.eval_every, run.extra.eval_file)

    @cached_property
    def examples(self) -> examples.Examples:
        return examples.load(self.run)

    @cached_property
    def pictures(self) -> pictures.Pictures:
        (dataset,) = self.run.datasets
        return pictures.read(dataset.source, dataset.format)

    @cached_property
    def place(self) -> model_place.Place:
        return model_place.find(self.run)


@dataclass(frozen=True)
class Finished:
    step: int
    final_loss: float | None


@dataclass(frozen=True)
class Interrupted:
    step: int
    checkpoint_step: int | None


Outcome = Finished | Interrupted
