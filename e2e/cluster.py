"""A real Kubernetes whose pods are processes, and a server that runs its jobs there."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bucket import Bucket
from conftest import ROOT, Server, until

IMAGE = "trainer:e2e"
REGISTRY = "images.example/vision"
NAMESPACE = "training"
H100 = {"H100": {"nvidia.com/gpu.product": ["NVIDIA-H100-80GB-HBM3"]}}
ON_THE_HOST = {
    "scheduler.alpha.kubernetes.io/node-selector": "type=host",
    "scheduler.alpha.kubernetes.io/defaultTolerations": '[{"key":"cluster.trainyard.io/host","operator":"Exists"}]',
}


@dataclass
class Cluster:
    binary: str
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def kubectl(self, *words: str, said: object = None) -> str:
        ran = subprocess.run(
            [self.binary, "kubectl", *words],
            input=None if said is None else json.dumps(said),
            capture_output=True,
            text=True,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def api(self, verb: str) -> None:
        """Takes the API server away (stop) or brings it back (start)."""
        subprocess.run([self.binary, "api", verb, "--dir", str(self.folder)], check=True)

    def objects(self, kind: str, job: str = "") -> list[Any]:
        words = ["get", kind, "-n", NAMESPACE, "-o", "json"] + (["-l", f"trainyard.io/job={job}"] if job else [])
        found: list[Any] = json.loads(self.kubectl(*words))["items"]
        return found


def missing() -> str:
    if os.geteuid() != 0:
        return "the test cluster's host node needs root"
    found = subprocess.run([ROOT / "cluster" / "build", "--find"], capture_output=True, text=True, check=False)
    return "" if found.returncode == 0 else "the test cluster is not built (cluster/build)"


def interpreter(environment: str) -> Path:
    make = [ROOT / "trainer" / "environment", environment]
    return Path(subprocess.run(make, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def image(name: str, environment: str, bucket: Bucket) -> dict[str, Any]:
    """What a container image would hold: the interpreter, the trainer, and where the bucket is."""
    python = interpreter(environment)
    path = f"{python.parent}:{os.environ['PATH']}"
    return {
        "name": name,
        "entrypoint": [str(python), str(ROOT / "trainer" / "train.py")],
        "workingDirectory": str(ROOT / "trainer"),
        "environment": {**bucket.environment(), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "PATH": path},
    }


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, bucket: Bucket) -> Iterator[Cluster]:
    if missing():
        pytest.skip(f"NOT RUN AGAINST A REAL KUBERNETES: {missing()}")
    find = [ROOT / "cluster" / "build", "--find"]
    binary = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    python = interpreter("hf")
    folder = tmp_path_factory.mktemp("cluster")
    images = [image(IMAGE, "hf", bucket), image(f"{REGISTRY}/trainer-timm:e2e", "ultralytics", bucket)]
    (folder / "images.yaml").write_text(json.dumps(images))
    command = [binary, "run", "--stop-with-input", "--dir", str(folder / "data")]
    command += ["--images", str(folder / "images.yaml")]
    path = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=path)
    made = Cluster(binary, folder / "data")
    until(lambda: (made.folder / "ready").exists(), 120, log.read_text)
    namespace = {"name": NAMESPACE, "annotations": ON_THE_HOST}
    made.kubectl("apply", "-f", "-", said={"apiVersion": "v1", "kind": "Namespace", "metadata": namespace})
    made.kubectl("apply", "-f", str(ROOT / "deploy" / "kubeflow"))
    yield made
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


@dataclass
class Pushes:
    """Stands where jobs look for the server, hands everything on, and remembers it."""

    server: str = ""
    seen: list[tuple[str, int]] = field(default_factory=list)

    def of(self, job: str) -> list[int]:
        return [status for path, status in self.seen if f"/{job}/" in path]


@pytest.fixture
def pushes() -> Iterator[tuple[Pushes, str]]:
    kept = Pushes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            passed = {name: value for name, value in self.headers.items() if name in ("Authorization", "Content-Type")}
            try:
                request = urllib.request.Request(kept.server + self.path, body, passed)
                with urllib.request.urlopen(request, timeout=10) as answer:
                    status = answer.status
            except urllib.error.HTTPError as refused:
                status = refused.code
            kept.seen.append((self.path, status))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield kept, f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()


@pytest.fixture
def on_cluster(tmp_path: Path, cluster: Cluster, pushes: tuple[Pushes, str]) -> Iterator[Server]:
    kept, address = pushes
    settings = {
        "job-runner": "kubernetes",
        "kubernetes-kubeconfig": str(cluster.kubeconfig),
        "kubernetes-namespace": NAMESPACE,
        "jobs-namespace": NAMESPACE,
        "kubernetes-image": IMAGE,
        "kubernetes-gpu-types": json.dumps(H100),
        "vision-registry": REGISTRY,
        "vision-image-version": "e2e",
        "vision-namespace": NAMESPACE,
        "public-url": address,
        "poll-seconds": "1",
    }
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    server = Server(tmp_path / "home", *options)
    server.home.mkdir()
    server.start()
    kept.server = server.url
    yield server
    server.stop()
