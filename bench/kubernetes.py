"""Many jobs on a real API server: what a job costs there, and how soon a change there is told here."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from client import Client
from events import Events
from report import Line, limited, percentile
from servers import ROOT, Trainyard, aot_cache

TOLD_P50_MS, TOLD_P99_MS = 50, 250
MEMORY_MB = 700
CALLS_PER_JOB = 6
SUBMITTERS = 16
NAMESPACE = "bench"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
HEADERS = {"Authorization": "Bearer admin-token", "Content-Type": "application/json"}
POLL_EVERY_SECONDS = 5
PACE_SECONDS = 0.1
PATIENCE_SECONDS = 120
AGENT = "trainyard"


class Cluster:
    """Our real Kubernetes in one program, with nodes that exist only as objects."""

    def __init__(self, nodes: int) -> None:
        built = subprocess.run([ROOT / "cluster" / "build"], check=False, stdout=subprocess.PIPE)
        if built.returncode != 0:
            raise SystemExit("bench: the test cluster cannot be built here, see above")
        program = built.stdout.decode().strip()
        self.folder = Path(tempfile.mkdtemp(prefix="trainyard-bench-cluster-"))
        command = [program, "run", "--dir", str(self.folder), "--nodes", str(nodes), "--stop-with-input"]
        self.audit = self.folder.with_suffix(".audit")
        command += ["--operators", "", "--host-node", "", "--audit", str(self.audit)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if b"READY" in line:
                break
        else:
            raise SystemExit("bench: the test cluster did not start: " + str(self.folder / "components.log"))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        text = (self.folder / "kubeconfig").read_text()
        address = re.findall(r"https://[0-9.:]+", text)[0]
        parts = urllib.parse.urlsplit(address)
        self.host, self.port = str(parts.hostname), int(parts.port or 443)
        self.trust = ssl.create_default_context()
        self.trust.check_hostname = False
        self.trust.verify_mode = ssl.CERT_NONE

    def connection(self, seconds: float = 30) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, timeout=seconds, context=self.trust)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        connection = self.connection()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, HEADERS)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def make_namespace(self) -> None:
        """Pods are refused until the controllers have made its default account."""
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        while self.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default")[0] != 200:
            time.sleep(0.05)

    def calls(self) -> Counter[str]:
        """What the product asked of the API server, by its audit: controllers ask for the same objects."""
        seen: dict[str, str] = {}
        with self.audit.open() as lines:
            for entry in map(json.loads, lines):
                if entry.get("userAgent") != AGENT or entry["verb"] == "watch":
                    continue
                about = entry.get("objectRef", {})
                part = "/" + about["subresource"] if "subresource" in about else ""
                # What takes long is told when it begins and when it ends.
                seen[entry["auditID"]] = f"{entry['verb']} {about.get('resource', entry['requestURI'])}{part}"
        return Counter(seen.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.audit.unlink(missing_ok=True)


class Watch:
    """When each job was first seen at the API server, and when it was first seen to be complete."""

    def __init__(self, cluster: Cluster) -> None:
        self.created: dict[str, float] = {}
        self.completed: dict[str, float] = {}
        self.paths: dict[str, str] = {}
        self._cluster, self._version = cluster, ""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """A watch that the server ends, as it does to one who reads too slowly, goes on where it stopped."""
        while self._cluster.process.poll() is None:
            try:
                connection = self._cluster.connection(3_600)
                connection.request("GET", f"{JOBS}?watch=1&resourceVersion={self._version}", headers=HEADERS)
                answer = connection.getresponse()
                while line := answer.readline():
                    self._take(json.loads(line)["object"], time.time())
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.01)

    def _take(self, job: dict[str, Any], now: float) -> None:
        self._version = job["metadata"].get("resourceVersion", "")
        name = job["metadata"].get("labels", {}).get("trainyard.io/job", "")
        if name not in self.created:
            self.created[name] = now
            self.paths[name] = f"{JOBS}/{job['metadata'].get('name')}"
        if name not in self.completed and complete(job):
            self.completed[name] = now


class Told(Events):
    """When each job's end was told by our stream of all events."""

    def __init__(self, port: int) -> None:
        self.ended: dict[str, float] = {}
        super().__init__(port)

    def told(self, event: dict[str, Any], now: float) -> None:
        if event.get("kind") == "succeeded":
            self.ended.setdefault(event["job_id"], now)


class Poller:
    """The naive way: asks for each living job every few seconds."""

    def __init__(self, cluster: Cluster, watch: Watch) -> None:
        self.calls = 0
        self.seen: dict[str, float] = {}
        self._cluster, self._watch, self._open = cluster, watch, True
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def _poll(self) -> None:
        connection = self._cluster.connection()
        while self._open:
            began = time.time()
            for job, path in list(self._watch.paths.items()):
                if job in self.seen:
                    continue
                connection.request("GET", path, headers=HEADERS)
                answer = connection.getresponse()
                text = answer.read()
                self.calls += 1
                # Once it is removed there is nothing to poll: the end was missed, or seen before.
                if answer.status == 404 or complete(json.loads(text)):
                    self.seen[job] = time.time()
            time.sleep(max(0.0, began + POLL_EVERY_SECONDS - time.time()))

    def stop(self) -> None:
        self._open = False
        self._thread.join()


def complete(job: dict[str, Any]) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(each["type"] == "Complete" and each["status"] == "True" for each in conditions)


def job(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": {"name": "none"},
        "resources": {"gpus": 0, "cpus": 1, "memory_gib": 1},
        "container": {"image": "trainer:1", "command": ["train"], "environment": {"KEY": {"secret": "of the bench"}}},
    }


def run(wave: int, steady: int) -> list[Line]:
    with Cluster(8) as cluster:
        cluster.make_namespace()
        options = ["--job-runner", "kubernetes", "--kubernetes-kubeconfig", str(cluster.folder / "kubeconfig")]
        options += ["--kubernetes-namespace", NAMESPACE, "--kubernetes-logs-settle-seconds", "0"]
        with Trainyard(*options, cache=aot_cache()) as server:
            watch, told = Watch(cluster), Told(server.port)
            submit(server, 20, "warm", SUBMITTERS, 0)
            settle(told, 20)
            return in_a_wave(cluster, server, watch, told, wave) + one_by_one(cluster, server, watch, told, steady)


def in_a_wave(cluster: Cluster, server: Trainyard, watch: Watch, told: Told, wave: int) -> list[Line]:
    before = cluster.calls()
    began, done = time.time(), len(told.ended)
    sent = submit(server, wave, "wave", SUBMITTERS, 0)
    accepted = time.time()
    settle(told, done + wave)
    ended = time.time()
    took = [(watch.created[each] - at) * 1e3 for each, at in sent.items()]
    asked = cluster.calls() - before
    a_job = sum(asked.values()) / wave
    memory = server.rss_mb()
    print(
        f"{wave} jobs accepted in {accepted - began:.1f} s, all told as succeeded {ended - began:.1f} s after the first"
    )
    print("calls of the API server: " + ", ".join(f"{count} {name}" for name, count in sorted(asked.items()) if count))
    missed = sum(client_state(server, each) != "succeeded" for each in sent)
    return [
        Line(
            "submit to the object's creation, p50 / p99", f"{percentile(took, 50):.0f} / {percentile(took, 99):.0f} ms"
        ),
        limited("calls of the API server a job with a secret, watches apart", [a_job], CALLS_PER_JOB, "calls"),
        limited("jobs missed", [missed], 0, "jobs", 0),
        limited("memory of the server after it", [memory], MEMORY_MB, "MB", 0),
    ]


def one_by_one(cluster: Cluster, server: Trainyard, watch: Watch, told: Told, steady: int) -> list[Line]:
    """Each job is a few changes of its object and its pod: this many a second stay below fifty changes."""
    watch.paths.clear()
    poller = Poller(cluster, watch)
    done = len(told.ended)
    sent = submit(server, steady, "steady", 1, PACE_SECONDS)
    settle(told, done + steady)
    time.sleep(2 * POLL_EVERY_SECONDS)
    poller.stop()
    took = [(told.ended[each] - watch.completed[each]) * 1e3 for each in sent]
    late = [(poller.seen[each] - watch.completed[each]) * 1e3 for each in sent if each in poller.seen]
    print(
        f"asking for each living job every {POLL_EVERY_SECONDS} s instead: {poller.calls / steady:.1f} calls a job,"
        f" an end is known after p50 {percentile(late, 50):.0f}  p99 {percentile(late, 99):.0f} ms"
    )
    return [
        limited("condition at the API server to the SSE client, p50", [percentile(took, 50)], TOLD_P50_MS, "ms"),
        limited("condition at the API server to the SSE client, p99", [percentile(took, 99)], TOLD_P99_MS, "ms"),
    ]


def submit(server: Trainyard, count: int, name: str, threads: int, pace: float) -> dict[str, float]:
    """When each was sent, by our id."""
    sent: dict[str, float] = {}
    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "client"):
            local.client = Client(server.port)
        at = time.time()
        sent[local.client.submit(job(f"{name}-{number}"))] = at
        time.sleep(pace)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count)))
    return sent


def settle(told: Told, count: int) -> None:
    last, moved = len(told.ended), time.time()
    while len(told.ended) < count:
        time.sleep(0.1)
        if len(told.ended) != last:
            last, moved = len(told.ended), time.time()
        if time.time() > moved + PATIENCE_SECONDS:
            raise SystemExit(
                f"bench: {len(told.ended)} of {count} jobs ended, and nothing more for {PATIENCE_SECONDS} s"
            )


def client_state(server: Trainyard, job_id: str) -> str:
    client = Client(server.port)
    try:
        return client.state(job_id)
    finally:
        client.close()
