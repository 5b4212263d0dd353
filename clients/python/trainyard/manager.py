"""The four verbs of a training manager, as vision platforms call them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from trainyard.server import Refused, Server, Unreachable

Executor: TypeAlias = Literal["subprocess", "kubernetes"]
EXECUTORS = ("subprocess", "kubernetes")
DEFAULT_URL = "http://localhost:4000"
MAX_LINES = 1000

log = logging.getLogger("trainyard")


class TrainingManager:
    """Trains on a Trainyard server.

    The verbs answer False, None or "" where something is wrong, as the first implementation did, and log why.
    """

    def __init__(
        self,
        url: str | None = None,
        default_executor: Executor | None = None,
        *,
        token: str | None = None,
        jobs: Mapping[int, Mapping[str, Any]] | Callable[[int], Mapping[str, Any] | None] | None = None,
    ) -> None:
        """
        :param url: of the server; the variable TRAINYARD_URL, or this machine
        :param default_executor: of jobs that do not say; theirs as they were created, or the server's
        :param token: the variable TRAINER_API_TOKEN
        :param jobs: where the configs of jobs stand that the server does not know yet
        """
        if default_executor is not None:
            _known(default_executor)
        self.default_executor = default_executor
        self._jobs = jobs
        self._server = Server(
            url or os.environ.get("TRAINYARD_URL") or DEFAULT_URL, token or os.environ.get("TRAINER_API_TOKEN")
        )

    def create_job(self, config: Mapping[str, Any]) -> int:
        """The id of a job that waits to be started. Raises Refused and Unreachable."""
        return int(self._server.call("POST", "/jobs", dict(config))["id"])

    def start_training(
        self,
        job_id: int,
        checkpoint_path: str | None = None,
        resume: bool = False,
        executor: Executor | None = None,
    ) -> bool:
        """Whether the job runs now because of this call."""
        if executor is not None:
            _known(executor)
        start: dict[str, Any] = {"executor": executor or self.default_executor, "checkpoint_path": checkpoint_path}
        start["resume"] = resume or None
        try:
            try:
                self._server.call("POST", f"/jobs/{job_id}/start", start)
            except Refused as refused:
                if refused.status != 404 or not self._created(job_id):
                    raise
                self._server.call("POST", f"/jobs/{job_id}/start", start)
        except (Refused, Unreachable) as trouble:
            log.error("training job %s is not started: %s", job_id, trouble)
            return False
        return True

    def _created(self, job_id: int) -> bool:
        if self._jobs is None:
            return False
        config = self._jobs.get(job_id) if isinstance(self._jobs, Mapping) else self._jobs(job_id)
        if config is None:
            return False
        self.create_job({**config, "job_id": job_id})
        return True

    def stop_training(self, job_id: int) -> bool:
        """Whether the job is stopped or had ended."""
        try:
            self._server.call("POST", f"/stop/{job_id}")
        except (Refused, Unreachable) as trouble:
            log.error("training job %s is not stopped: %s", job_id, trouble)
            return False
        return True

    def get_training_status(self, job_id: int) -> str | None:
        """pending, running, completed, failed or cancelled; None for a job that nobody knows."""
        try:
            return str(self._server.call("GET", f"/jobs/{job_id}/status")["job"]["status"])
        except (Refused, Unreachable) as trouble:
            log.warning("status of training job %s: %s", job_id, trouble)
            return None

    def get_training_logs(self, job_id: int, tail_lines: int = 100) -> str:
        """The last lines, whichever executor runs the job."""
        if tail_lines < 1:
            return ""
        try:
            answer = self._server.call("GET", f"/jobs/{job_id}/logs?limit={min(tail_lines, MAX_LINES)}")
        except (Refused, Unreachable) as trouble:
            log.warning("logs of training job %s: %s", job_id, trouble)
            return ""
        return "\n".join(f"{line['timestamp']} {line['message']}" for line in answer["logs"])


class TrainingManagerK8s(TrainingManager):
    """The same under the name and with the arguments of the first implementation."""

    def __init__(self, db: object = None, default_executor: Executor = "subprocess", *, url: str | None = None) -> None:
        """
        :param db: a mapping of job ids to configs, or a function from one to the other; anything else is left alone,
            and its jobs must be known to the server
        """
        self.db = db
        jobs = db if isinstance(db, Mapping) or callable(db) else None
        super().__init__(url, default_executor, jobs=jobs)


def _known(executor: str) -> None:
    if executor not in EXECUTORS:
        raise ValueError(f"executor: {executor!r} is none of {', '.join(EXECUTORS)}")
