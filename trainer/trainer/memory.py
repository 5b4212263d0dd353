"""The most that this process has used so far."""

from __future__ import annotations

import resource
import sys

import torch


def peak_memory() -> dict[str, int]:
    """In bytes; of the GPU only where there is one."""
    unit = 1 if sys.platform == "darwin" else 1024
    found = {"peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    if torch.cuda.is_available():
        found["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated()
    return found
