"""Checkpoints on their way to storage, while training goes on.

One thread carries one at a time. At most one more waits; a newer one takes its
place, so that storage slower than the training costs checkpoints in between,
never time and never more disk than two of them. The last one is always
carried, and waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from trainer.failure import Failure, as_failure


@dataclass(frozen=True)
class Upload:
    step: int
    carry: Callable[[], None]
    drop: Callable[[], None]


class Uploads:
    def __init__(self, skipped: Callable[[Upload, int], None], failed: Callable[[Upload, Failure], None]) -> None:
        self._skipped = skipped
        self._failed = failed
        self._changed = threading.Condition()
        self._waiting: Upload | None = None
        self._carried: Upload | None = None
        self._newest: tuple[int, Failure | None] = (-1, None)
        self._thread: threading.Thread | None = None

    def add(self, upload: Upload) -> None:
        """Never waits."""
        with self._changed:
            replaced, self._waiting = self._waiting, upload
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry_all, name="uploads", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        if replaced is not None:
            replaced.drop()
            self._skipped(replaced, upload.step)

    def drain(self) -> Failure | None:
        """Waits until nothing is on its way; what went wrong with the newest, if it did."""
        with self._changed:
            while self._waiting is not None or self._carried is not None:
                self._changed.wait()
            return self._newest[1]

    def _carry_all(self) -> None:
        while True:
            with self._changed:
                while self._waiting is None:
                    self._changed.wait()
                upload, self._waiting = self._waiting, None
                self._carried = upload
            failure: Failure | None = None
            try:
                upload.carry()
            except Exception as error:  # told, and the training goes on
                failure = as_failure(error)
                self._failed(upload, failure)
            with self._changed:
                self._carried = None
                self._newest = (upload.step, failure)
                self._changed.notify_all()
