"""Our stream of all events, read as it comes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

PATIENCE_SECONDS = 3_600


class Events:
    """Follows the stream on a thread of its own until the server goes away."""

    def __init__(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        connection.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream"})
        self._answer = connection.getresponse()
        threading.Thread(target=self._listen, daemon=True).start()

    def told(self, event: dict[str, Any], now: float) -> None:
        """An event, and when it arrived (seconds since 1970)."""
        raise NotImplementedError

    def _listen(self) -> None:
        try:
            while line := self._answer.readline():
                now = time.time()
                if line.startswith(b"data: "):
                    self.told(json.loads(line[6:]), now)
        except (OSError, ValueError, http.client.HTTPException):
            return  # the server went away: the run is over
