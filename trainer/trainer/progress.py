"""Progress pushed to the control plane by Kubeflow Trainer's status protocol.

POST {"trainerStatus": {...}} with a bearer token, at most one update in five
seconds, from a thread of its own: a slow or absent server never holds up a
step. transformers has a callback for the same protocol; we never use its
Trainer, and `start` switches the callback off as well, so nothing is sent twice.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECONDS_BETWEEN_UPDATES = 5.0
SECONDS_PER_REQUEST = 5.0
SECONDS_BETWEEN_TOKEN_READS = 300.0


def start(warn: Callable[[str], None]) -> Progress | None:
    """The pusher that the environment asks for, or None."""
    url = os.environ.get("KUBEFLOW_TRAINER_SERVER_URL")
    if not url or os.environ.get("DISABLE_KUBEFLOW_INTEGRATION", "").upper() in ("TRUE", "1", "YES"):
        return None
    os.environ["DISABLE_KUBEFLOW_INTEGRATION"] = "TRUE"
    return Progress(
        url,
        os.environ.get("KUBEFLOW_TRAINER_SERVER_TOKEN"),
        os.environ.get("KUBEFLOW_TRAINER_SERVER_CA_CERT"),
        warn,
    )


class Progress:
    def __init__(self, url: str, token_path: str | None, ca_path: str | None, warn: Callable[[str], None]) -> None:
        self._url = url
        self._token_path = token_path
        self._ca_path = ca_path
        self._warn = warn
        self._token = ""
        self._token_read_at = float("-inf")
        self._warned = False
        self._changed = threading.Condition()
        self._latest: dict[str, Any] | None = None
        self._forced = False
        self._closing = False
        self._thread = threading.Thread(target=self._send_until_closed, name="progress", daemon=True)
        self._thread.start()

    def observe(self, event: dict[str, Any]) -> None:
        """Takes every event and keeps only the newest state; never waits."""
        if event["event"] == "started":
            self._offer(_status(0, None, {}), forced=True)
        elif event["event"] == "step":
            percentage = min(99, 100 * event["step"] // max(1, event["total_steps"]))
            self._offer(_status(percentage, event.get("eta_seconds"), _step_metrics(event)), forced=False)
        elif event["event"] == "finished":
            metrics = {"loss": event["final_loss"], "current_step": event["step"]}
            self._offer(_status(100, 0, metrics), forced=True)

    def close(self) -> None:
        """Sends what is still unsent and waits for it, but not for long."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(SECONDS_PER_REQUEST + 1)

    def _offer(self, status: dict[str, Any], *, forced: bool) -> None:
        with self._changed:
            self._latest = status
            self._forced = self._forced or forced
            self._changed.notify()

    def _send_until_closed(self) -> None:
        sent_at = float("-inf")
        while True:
            with self._changed:
                while not self._closing:
                    due = sent_at + SECONDS_BETWEEN_UPDATES - time.monotonic()
                    if self._latest is not None and (self._forced or due <= 0):
                        break
                    self._changed.wait(due if self._latest is not None else None)
                status, self._latest, self._forced = self._latest, None, False
                closing = self._closing
            if status is not None:
                self._send(status)
                sent_at = time.monotonic()
            if closing:
                return

    def _send(self, status: dict[str, Any]) -> None:
        # Here, since a job that pushes nothing need not wait for them at its start.
        import ssl
        import urllib.request

        try:
            headers = {"Content-Type": "application/json"}
            token = self._read_token()
            if token:
                headers["Authorization"] = f"Bearer {token}"
            request = urllib.request.Request(self._url, json.dumps(status).encode(), headers, method="POST")
            context = ssl.create_default_context(cafile=self._ca_path) if self._url.startswith("https:") else None
            with urllib.request.urlopen(request, timeout=SECONDS_PER_REQUEST, context=context) as answer:
                if answer.status != 200:
                    raise OSError(f"the server answered {answer.status}")
        except Exception as error:  # whatever it is, it must not reach the training
            if not self._warned:
                self._warned = True
                self._warn(f"progress could not be sent to {self._url}: {error} (said once; training goes on)")

    def _read_token(self) -> str:
        # Read again now and then, since a cluster replaces the file before the
        # token in it runs out.
        if self._token_path and time.monotonic() - self._token_read_at > SECONDS_BETWEEN_TOKEN_READS:
            self._token = Path(self._token_path).read_text(encoding="utf-8").strip()
            self._token_read_at = time.monotonic()
        return self._token


def _step_metrics(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "loss": event["loss"],
        "learning_rate": event["learning_rate"],
        "grad_norm": event.get("grad_norm"),
        "tokens_per_second": event.get("tokens_per_second"),
        "current_step": event["step"],
        "total_steps": event["total_steps"],
        "current_epoch": event["epoch"],
    }


def _status(percentage: int, remaining_seconds: float | None, metrics: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {
        "lastUpdatedTime": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "progressPercentage": percentage,
        "metrics": [{"name": name, "value": str(value)} for name, value in metrics.items() if value is not None],
    }
    if remaining_seconds is not None:
        status["estimatedRemainingSeconds"] = round(remaining_seconds)
    return {"trainerStatus": status}
