"""The processes of one job: how they meet, exchange gradients and part."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed

from trainer.checkpoint import Saved
from trainer.job import Job


def agree_on_checkpoint(job: Job) -> Saved | None:
    """Rank 0 has looked; the others take its word. Also where the processes first meet."""
    if job.world.size == 1:
        return job.saved
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    word: list[int | None] = [job.saved.step if job.saved else None]
    torch.distributed.broadcast_object_list(word, src=0)
    if job.world.rank == 0 or word[0] is None:
        return job.saved
    return job.checkpoints.at(word[0])


def distributed(model: Any, job: Job) -> Any:
    if job.world.size == 1:
        return model
    from torch.nn.parallel import DistributedDataParallel

    return DistributedDataParallel(model)


@contextlib.contextmanager
def gradients_meet(network: Any, last: bool) -> Iterator[None]:
    """Gradients are exchanged once a step, with the last micro batch."""
    with contextlib.nullcontext() if last or not hasattr(network, "no_sync") else network.no_sync():
        yield


def leave(job: Job) -> None:
    """Last of all. Where one process ends, a launcher ends the others, so all stay until everything is stored."""
    if job.world.rank == 0:
        job.checkpoints.drain()
    if job.world.size > 1:
        torch.distributed.barrier()  # the others must not go while rank 0 still writes
        torch.distributed.destroy_process_group()
