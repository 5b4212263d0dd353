"""Tells the vision platform how its job goes, by the calls that its trainers make.

PATCH …/status, POST …/training-metrics, …/metrics, …/validation-results and
…/logs below the given address, each with X-Internal-Auth. From a thread of its
own: a slow or absent platform never holds up a step, and is warned of once.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from trainer.failure import Failure

SECONDS_PER_REQUEST = 10.0
MAX_WAITING_CALLS = 1000  # what comes on top of them is dropped, the last words never
SECONDS_TO_SAY_GOODBYE = 15.0
_NOT_METRICS = ("v", "ts", "run_id", "attempt", "seq", "event", "step", "epoch", "total_steps", "eta_seconds")
_COLUMNS = ("loss", "accuracy", "learning_rate")

Call = tuple[str, str, dict[str, Any]]  # method, path below the address, body


def start(address: str | None, warn: Callable[[str], None]) -> Callbacks | None:
    if address is None:
        return None
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
        raise Failure("config", f"--callback_url must be an http or https address, not {address[:80]!r}")
    return Callbacks(address.rstrip("/"), os.environ.get("INTERNAL_AUTH_TOKEN", ""), warn)


class Callbacks:
    def __init__(self, address: str, token: str, warn: Callable[[str], None]) -> None:
        self._address = address
        self._token = token
        self._warn = warn
        self._warned = False
        self._latest: dict[str, Any] = {}
        self._checkpoint: str | None = None
        self._calls: queue.Queue[Call | None] = queue.Queue()
        self._thread = threading.Thread(target=self._send_until_closed, name="callbacks", daemon=True)
        self._thread.start()

    def observe(self, event: dict[str, Any]) -> None:
        """Takes every event; never waits."""
        handler = getattr(self, f"_on_{event['event']}", None)
        if handler is not None:
            handler(event)

    def close(self) -> None:
        """Waits for what is still unsent, but not for long."""
        self._calls.put(None)
        self._thread.join(SECONDS_TO_SAY_GOODBYE)

    def _on_started(self, event: dict[str, Any]) -> None:
        self._status("running", 0)

    def _on_step(self, event: dict[str, Any]) -> None:
        self._latest = event

    def _on_checkpoint(self, event: dict[str, Any]) -> None:
        self._checkpoint = event["uri"]

    def _on_eval(self, event: dict[str, Any]) -> None:
        """An epoch has ended: what it came to."""
        step = self._latest
        told = {**step, **event}
        numbers = {name: each for name, each in told.items() if name not in _NOT_METRICS and _is_number(each)}
        epoch = round(told.get("epoch") or 0)
        self._put(
            "POST",
            "training-metrics",
            {
                "epoch": epoch,
                "step": event["step"],
                **{name: numbers.get(name) for name in _COLUMNS},
                "checkpoint_path": self._checkpoint,
                "extra_metrics": {name: each for name, each in numbers.items() if name not in _COLUMNS},
            },
        )
        measured = {name: each for name, each in event.items() if name in numbers}
        self._put("POST", "validation-results", {"epoch": epoch, "step": event["step"], "metrics": measured})
        for name, value in measured.items():
            self._put("POST", "metrics", {"name": name, "value": value, "epoch": epoch, "step": event["step"]})
        if step:
            self._status("running", min(99, 100 * step["step"] // max(1, step["total_steps"])))

    def _on_phase(self, event: dict[str, Any]) -> None:
        self._put("POST", "logs", {"message": event["phase"].replace("_", " "), "level": "INFO"})

    def _on_warning(self, event: dict[str, Any]) -> None:
        self._put("POST", "logs", {"message": event["message"], "level": "WARNING"})

    def _on_finished(self, event: dict[str, Any]) -> None:
        self._status("completed", 100)

    def _on_interrupted(self, event: dict[str, Any]) -> None:
        self._status("cancelled", None)

    def _on_failed(self, event: dict[str, Any]) -> None:
        self._put("POST", "logs", {"message": event["message"], "level": "ERROR"})
        self._status("failed", None, event["message"])

    def _status(self, word: str, progress: int | None, error: str | None = None) -> None:
        body = {"status": word, "error": error, "progress": progress, "updated_at": _now()}
        self._put("PATCH", "status", {name: each for name, each in body.items() if each is not None})

    def _put(self, method: str, path: str, body: dict[str, Any]) -> None:
        last_words = path == "status" and body["status"] != "running"
        if last_words or self._calls.qsize() < MAX_WAITING_CALLS:
            self._calls.put((method, path, {**body, "timestamp": _now()}))

    def _send_until_closed(self) -> None:
        while (call := self._calls.get()) is not None:
            self._send(*call)

    def _send(self, method: str, path: str, body: dict[str, Any]) -> None:
        import urllib.request  # here, since a job that calls nobody need not wait for it at its start

        headers = {"Content-Type": "application/json", "X-Internal-Auth": self._token}
        request = urllib.request.Request(f"{self._address}/{path}", json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_PER_REQUEST):
                pass
        except Exception as error:  # whatever it is, it must not reach the training
            if not self._warned:
                self._warned = True
                self._warn(f"{method} {self._address}/{path} failed: {error} (said once; training goes on)")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
