"""One kept connection to a server, for what is measured request by request."""

from __future__ import annotations

import http.client
import json
from typing import Any


class Client:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"bench: {method} {path} was answered {answer.status}: {text.decode()}")
        return json.loads(text)

    def submit(self, body: dict[str, Any]) -> str:
        """Hands in a job through our own API and returns its id."""
        job_id: str = self.ask("POST", "/api/v1/jobs", json.dumps(body).encode())["id"]
        return job_id

    def state(self, job_id: str) -> str:
        state: str = self.ask("GET", f"/api/v1/jobs/{job_id}")["state"]
        return state

    def close(self) -> None:
        self._connection.close()
