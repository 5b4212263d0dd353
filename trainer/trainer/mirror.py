"""Every event once more in the run's log folder, for whoever reads it later or without the control plane.

In a folder they are lines of one file for each attempt. An object store knows
no appending, so there they are files of a numbered row, a new one every half
minute and at the end. A log that cannot be written costs one warning, never
the run, and nothing here ever waits for the network but the very end.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from trainer.failure import as_failure
from trainer.storage import Folder, Storage, open_storage

SECONDS_BETWEEN_FILES = 30.0
SECONDS_TO_FINISH = 10.0
MAX_WAITING_LINES = 100_000  # beyond, the oldest are given up: the log is out of reach


class Mirror:
    def __init__(self, uri: str, attempt: int, warn: Callable[[str], None]) -> None:
        self._uri = uri
        self._name = f"events-{attempt}"
        self._warn = warn
        self._warned = False
        self._files = 0
        self._storage: Storage | None = None
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._write_until_closed, name="mirror", daemon=True)
        self._thread.start()

    def observe(self, event: dict[str, Any]) -> None:
        line = json.dumps(event, ensure_ascii=False, default=str)
        with self._changed:
            self._lines.append(line)
            del self._lines[:-MAX_WAITING_LINES]

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(SECONDS_TO_FINISH)

    def _write_until_closed(self) -> None:
        while True:
            with self._changed:
                if not self._closing:
                    self._changed.wait(SECONDS_BETWEEN_FILES)
                lines, self._lines, closing = self._lines, [], self._closing
            if lines and not self._written(lines):
                with self._changed:
                    self._lines[:0] = lines
            if closing:
                return

    def _written(self, lines: list[str]) -> bool:
        content = "".join(line + "\n" for line in lines).encode("utf-8", "replace")
        try:
            if self._storage is None:
                self._storage = open_storage(self._uri)
            if isinstance(self._storage, Folder):
                self._storage.append(f"{self._name}.jsonl", content)
            else:
                self._storage.write(f"{self._name}-{self._files:05d}.jsonl", content)
            self._files += 1
            return True
        except Exception as error:  # whatever it is, it must not reach the training
            if not self._warned:
                self._warned = True
                self._warn(f"events are not written to {self._uri}: {as_failure(error).message} (said once)")
            return False
