"""How busy the GPUs are, asked of NVIDIA's own tool now and then from a thread of its own.

Where there is no GPU, or the tool is not on the PATH (containers have it by the
driver capability `utility`), nothing is asked and nothing is said. Written for
a GPU and not yet run on one.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

SECONDS_BETWEEN = 10.0
SECONDS_TO_ANSWER = 5.0
DEVICE = Path("/dev/nvidiactl")
QUESTION = ("--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits")
_MIB = 1024 * 1024


def read(answer: str) -> dict[str, float]:
    """One line a GPU, percent and MiB; of a GPU that is divided (MIG) the tool does not know the percent."""
    busy, used = [], []
    for line in answer.splitlines():
        words = [word.strip() for word in line.split(",")]
        if len(words) != 2:
            continue
        if words[0].isdigit():
            busy.append(int(words[0]))
        if words[1].isdigit():
            used.append(int(words[1]))
    found: dict[str, float] = {}
    if busy:
        found["gpu_utilization_percent"] = round(sum(busy) / len(busy), 1)
    if used:
        found["gpu_memory_used_bytes"] = sum(used) * _MIB
    return found


class Gpus:
    """The last answer; asking never holds up a step."""

    def __init__(self, device: Path = DEVICE, tool: str = "nvidia-smi") -> None:
        self._tool = shutil.which(tool) if device.exists() else None
        self._last: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def use(self) -> dict[str, float]:
        if self._tool is not None and self._thread is None:
            self._thread = threading.Thread(target=self._ask, name="gpu-use", daemon=True)
            self._thread.start()
        return self._last

    def _ask(self) -> None:
        rest = threading.Event()
        while self._tool is not None:
            try:
                done = subprocess.run(
                    [self._tool, *QUESTION], capture_output=True, text=True, timeout=SECONDS_TO_ANSWER, check=True
                )
                self._last = read(done.stdout)
            except (OSError, subprocess.SubprocessError):
                self._tool = None  # it will not learn to
                self._last = {}
            rest.wait(SECONDS_BETWEEN)


HERE = Gpus()
