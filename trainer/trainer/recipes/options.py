"""The knobs that only one framework has: what `extra` may hold beside the ones that all know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer.config import Run
from trainer.document import read_dataclass
from trainer.failure import Failure


@dataclass(frozen=True)
class Meta:
    # How several processes share the work: each holds a part of the model, or each the whole of it.
    data_parallel: Literal["fsdp", "ddp"] = "fsdp"


@dataclass(frozen=True)
class Nemo:
    dataloader_workers: int = 2  # processes that make batches beside the one that trains; 0 makes them there
    log_every_n_steps: int = 10  # accepted; every step is reported anyhow


def meta(run: Run) -> Meta:
    return read_dataclass(Meta, run.extra.other, "extra", frozenset())


def nemo(run: Run) -> Nemo:
    options = read_dataclass(Nemo, run.extra.other, "extra", frozenset())
    if options.dataloader_workers < 0:
        raise Failure("config", f"extra.dataloader_workers must be at least 0, not {options.dataloader_workers}")
    return options
