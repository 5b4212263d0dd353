"""Jobs of three contracts on a real Kubernetes whose pods are processes: the real trainer, and a bucket."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Server, until

IMAGE = "trainer:e2e"
NAMESPACE = "training"
STEPS = 8
DATA = ROOT / "trainer" / "examples" / "dispatch.jsonl"
H100 = {"H100": {"nvidia.com/gpu.product": ["NVIDIA-H100-80GB-HBM3"]}}
ON_THE_HOST = {
    "scheduler.alpha.kubernetes.io/node-selector": "type=host",
    "scheduler.alpha.kubernetes.io/defaultTolerations": '[{"key":"cluster.trainyard.io/host","operator":"Exists"}]',
}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Bucket:
    """A bucket of an S3 server on this machine."""

    endpoint: str

    def environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
        return {"AWS_ENDPOINT_URL": self.endpoint, **keys}

    def put(self, name: str, content: bytes = b"") -> None:
        # Without a type it would be taken for a form, and its content dropped.
        plain = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(f"{self.endpoint}/{name}", content, plain, method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def names(self, prefix: str) -> list[str]:
        with urllib.request.urlopen(f"{self.endpoint}/runs?list-type=2&prefix={prefix}", timeout=10) as answer:
            return [part.split("</Key>")[0] for part in answer.read().decode().split("<Key>")[1:]]


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    requirements = Path(__file__).parent / "s3-requirements.txt"
    print_of = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "trainyard" / "python" / f"s3-{print_of}"
    if not folder.exists():
        building = folder.with_name(f"{folder.name}.building.{os.getpid()}")
        venv.create(building, with_pip=True)
        pip = [str(building / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--disable-pip-version-check", "--requirement", str(requirements)], check=True)
        building.rename(folder)
    port = free_port()
    log = tmp_path_factory.mktemp("s3") / "log"
    command = [str(folder / "bin" / "python"), "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        made = Bucket(f"http://127.0.0.1:{port}")

        def answers() -> bool:
            try:
                made.put("runs")
                return True
            except urllib.error.URLError:
                return False

        until(answers, 60, log.read_text)
        made.put("runs/dispatch.jsonl", DATA.read_bytes())
        rows = [json.dumps({"text": f"the {word} of the {word} is a {word}"}) for word in ("cat", "dog", "tree", "sea")]
        made.put("runs/text.jsonl", "\n".join(rows * 8).encode())
        yield made
        process.kill()


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

    def objects(self, kind: str, job: str = "") -> list[Any]:
        words = ["get", kind, "-n", NAMESPACE, "-o", "json"] + (["-l", f"trainyard.io/job={job}"] if job else [])
        found: list[Any] = json.loads(self.kubectl(*words))["items"]
        return found


def missing() -> str:
    if os.geteuid() != 0:
        return "the test cluster's host node needs root"
    found = subprocess.run([ROOT / "cluster" / "build", "--find"], capture_output=True, text=True, check=False)
    return "" if found.returncode == 0 else "the test cluster is not built (cluster/build)"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, bucket: Bucket) -> Iterator[Cluster]:
    if missing():
        pytest.skip(f"NOT RUN AGAINST A REAL KUBERNETES: {missing()}")
    find = [ROOT / "cluster" / "build", "--find"]
    binary = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    make = [ROOT / "trainer" / "environment", "hf"]
    python = Path(subprocess.run(make, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    folder = tmp_path_factory.mktemp("cluster")
    # What a container image would hold: the interpreter, the trainer, and where the bucket is.
    image = {
        "name": IMAGE,
        "entrypoint": [str(python), str(ROOT / "trainer" / "train.py")],
        "workingDirectory": str(ROOT / "trainer"),
        "environment": {**bucket.environment(), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
    }
    (folder / "images.yaml").write_text(json.dumps([image]))
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


def id_of(server: Server, name: str) -> str:
    [job] = [each for each in server.call("GET", "/api/v1/jobs")["jobs"] if each["name"] == name]
    return str(job["id"])


def losses(server: Server, job: str) -> list[tuple[int, int, float]]:
    series = server.call("GET", f"/api/v1/jobs/{job}/metrics?name=loss")["series"]
    return [(point["attempt"], point["step"], point["value"]) for each in series for point in each["points"]]


def printed(server: Server, job: str) -> list[dict[str, Any]]:
    lines = server.call("GET", f"/api/v1/jobs/{job}/logs?limit=1000")["lines"]
    return [json.loads(line["text"]) for line in lines if line["text"].startswith("{")]


def checkpoints(bucket: Bucket, folder: str) -> list[str]:
    return [name for name in bucket.names(f"{folder}/") if name.rpartition("/")[2].startswith("step-")]


def trained(server: Server, job: str, kept: Pushes) -> None:
    ended = server.wait(job, 170)
    assert ended["state"] == "succeeded", json.dumps(ended, indent=1)
    curve = losses(server, job)
    assert [step for _, step, _ in curve] == list(range(1, STEPS + 1))
    assert curve[-1][2] < curve[0][2]
    events = printed(server, job)
    assert [each["step"] for each in events if each["event"] == "step"] == list(range(1, STEPS + 1))
    assert events[-1]["event"] == "finished"
    assert kept.of(job) and set(kept.of(job)) == {200}, kept.seen


def test_requests_of_three_contracts_train_as_three_kinds_of_objects(
    on_cluster: Server, cluster: Cluster, bucket: Bucket, base: Path, pushes: tuple[Pushes, str]
) -> None:
    trainer_job = {
        "job_id": "e2e-trainjob",
        "base_model": {"provider": "custom", "model_name": str(base)},
        "datasets": [{"source": "s3://runs/dispatch.jsonl", "format": "jsonl"}],
        "customization": {"method": "lora", "precision": "fp32", "gradient_checkpointing": False, "lora": {"rank": 8}},
        "resources": {"gpus": 1, "gpu_type": "H100", "cpus": 1, "memory_gb": 2, "max_duration_minutes": 10},
        "artifacts": {"log_uri": "s3://runs/t3/logs", "output_uri": "s3://runs/t3"},
        "tuning_parameters": {"learning_rate": 0.01, "batch_size": 4, "num_epochs": 1, "max_sequence_length": 64},
        "extra_parameters": {
            "container_image": IMAGE,
            "trainer": {"max_steps": STEPS, "seed": 7, "checkpoint_every_steps": 4},
        },
    }
    unified = {
        "framework": "hf",
        "model_id": str(base),
        "run_id": "e2e-pytorchjob",
        "image": IMAGE,
        "checkpoint_base_uri": "s3://runs/unified",
        "dataset_uri": "s3://runs/dispatch.jsonl",
        "num_nodes": 2,
        "gpus_per_node": 1,
        "cpus_per_node": 1,
        "memory_per_node_gb": 2,
        "extra_args": {"method": "lora", "max_steps": STEPS, "max_seq_len": 64, "lr": 0.01, "precision": "fp32"},
    }
    studio = {
        "backend": "kubernetes",
        "job_name": "e2e-job",
        "dataset_file": "s3://runs/text.jsonl",
        "output_dir": "s3://runs/studio",
        "model": str(base),
        "trainer_args": {"method": "lora", "max_steps": STEPS, "max_length": 64, "learning_rate": 0.01},
        "no_gradient_checkpointing": True,
        "lora_rank": 8,
    }
    server, kept = on_cluster, pushes[0]
    server.call("POST", "/hf-unsloth/train", trainer_job)
    server.call("POST", "/unified/train", unified)
    server.call("POST", "/studio/train", studio)
    jobs = {each["contract"]: each["id"] for each in server.call("GET", "/api/v1/jobs")["jobs"]}
    kinds = {"trainer": "TrainJob", "unified": "PyTorchJob", "studio": "Job"}
    for contract, kind in kinds.items():
        trained(server, jobs[contract], kept)
        told = server.call("GET", f"/api/v1/jobs/{jobs[contract]}/events")["events"]
        assert any(event["message"].startswith(f"accepted as {kind} ") for event in told), told
    assert checkpoints(bucket, "t3") and checkpoints(bucket, "unified") and checkpoints(bucket, "studio")
    world = {event["world_size"] for event in printed(server, jobs["unified"]) if event["event"] == "started"}
    assert world == {2}
    unified_log = server.call("GET", f"/api/v1/jobs/{jobs['unified']}/logs?limit=1000")["lines"]
    assert {line["rank"] for line in unified_log} <= {0, 1}


def test_a_trainer_that_is_killed_resumes_in_a_new_attempt_from_its_last_complete_checkpoint(
    on_cluster: Server, cluster: Cluster, bucket: Bucket, base: Path
) -> None:
    steps, every = 20, 5
    server = on_cluster
    job = server.call(
        "POST",
        "/api/v1/jobs",
        {
            "name": "killed",
            "model": {"name": str(base), "provider": "custom"},
            "datasets": [{"source": "s3://runs/dispatch.jsonl"}],
            "method": {"kind": "lora", "precision": "fp32", "gradient_checkpointing": False},
            "hyperparameters": {"batch_size": 8, "max_steps": steps, "max_sequence_length": 128, "seed": 7},
            "checkpoints": {"uri": "s3://runs/killed/checkpoints", "every_steps": every},
            "outputs": {"uri": "s3://runs/killed"},
            "resources": {"cpus": 1, "memory_gib": 2},
            "placement": {"backends": ["kubeflow"], "runtime": "hf-unsloth-runtime"},
            "policy": {"user_retries": 1},
        },
    )["id"]

    def far_enough() -> bool:
        progress = server.job(job)["progress"]
        return progress is not None and (progress["checkpoint_step"] or 0) >= every and progress["step"] % every > 1

    until(far_enough, 150, lambda: str(server.job(job)))
    [first] = cluster.objects("trainjobs", job)
    [pod] = [
        each
        for each in cluster.objects("pods")
        if each["metadata"]["labels"].get("jobset.sigs.k8s.io/jobset-name") == first["metadata"]["name"]
    ]
    os.kill(int(pod["status"]["containerStatuses"][0]["containerID"].removeprefix("process://")), signal.SIGKILL)
    until(lambda: server.job(job)["state"] != "running", 60, lambda: str(server.job(job)))
    saved = max(int(name[-11:-5]) for name in checkpoints(bucket, "killed"))

    ended = server.wait(job, 170)
    assert ended["state"] == "succeeded", json.dumps(ended, indent=1)
    assert len(ended["attempts"]) == 2
    assert "SIGKILL" in json.dumps(ended["attempts"][0])
    # A step is told twice, by its line and by its push, and kept as it comes first: neighbours may change places.
    second = sorted(step for attempt, step, _ in losses(server, job) if attempt == 2)
    assert second == list(range(saved + 1, steps + 1))
    assert not cluster.objects("trainjobs", job)
