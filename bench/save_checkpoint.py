"""Saves one checkpoint as a synchronous trainer would: python save_checkpoint.py URI MEGABYTES; prints the seconds."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "trainer"))

import torch
from trainer.checkpoint import Checkpoints
from trainer.events import Events
from trainer.storage import open_storage
from trainer.world import World


def main() -> None:
    uri, megabytes = sys.argv[1:]
    state = {str(index): torch.randn(250_000) for index in range(int(float(megabytes)))}
    said = Events("save", 1, World(), os.open(os.devnull, os.O_WRONLY))
    checkpoints = Checkpoints(open_storage(uri), said, "hf", keep=2)
    began = time.monotonic()
    checkpoints.save(1, lambda directory: torch.save(state, directory / "state.pt"))
    checkpoints.drain()
    print(time.monotonic() - began)


main()
