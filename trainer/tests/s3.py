"""A real S3 server on this machine, of the versions that e2e/s3-requirements.txt says."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[2] / "e2e" / "s3-requirements.txt"
SECONDS_TO_START = 60.0


@dataclass(frozen=True)
class Bucket:
    port: int
    uri: str = "s3://runs"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What a job needs to reach it, directly or through a proxy at `port`."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-somebody",
            "AWS_REGION": "us-east-1",
        }

    def as_google(self) -> dict[str, str]:
        """What a job needs to reach it by gs://: Google's XML API asks as S3 does; moto reads the token."""
        token = "Credential=somebody/20260101/us-east-1/s3/aws4_request"
        return {"GOOGLE_BASE_URL": self.endpoint, "GOOGLE_BEARER_TOKEN": token}

    def put(self, name: str, content: bytes = b"") -> None:
        plain = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(f"{self.endpoint}/{name}", content, plain, method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def names(self, prefix: str) -> list[str]:
        with urllib.request.urlopen(f"{self.endpoint}/runs?list-type=2&prefix={prefix}", timeout=10) as answer:
            return [part.split("</Key>")[0] for part in answer.read().decode().split("<Key>")[1:]]

    def checkpoints(self, folder: str) -> list[str]:
        return [name for name in self.names(f"{folder}/") if name.rpartition("/")[2].startswith("step-")]


@contextmanager
def served(log: Path, environment: dict[str, str] | None = None) -> Iterator[Bucket]:
    """The server, and its bucket `runs` unless the environment asks for credentials first."""
    port = free_port()
    command = [_python(), "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    surroundings = {**os.environ, **(environment or {})}
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=surroundings) as process:
        try:
            bucket = Bucket(port)
            _until_it_answers(bucket, log)
            yield bucket
        finally:
            process.kill()


@contextmanager
def refused_port() -> Iterator[int]:
    """
    A port at which nobody listens, nor can while it lasts. Its number reads like a status, which must mislead nobody
    who looks for one in a message.
    """
    for port in range(40300, 40400):
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield port
            return
    raise RuntimeError("no port between 40300 and 40400 is free")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _until_it_answers(bucket: Bucket, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return bucket.put("runs")
        except urllib.error.HTTPError:
            return None  # it answers; that it asks for credentials is its test's business
        except urllib.error.URLError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def _python() -> str:
    print_of = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "trainyard" / "python" / f"s3-{print_of}"
    if not folder.exists():
        building = folder.with_name(f"{folder.name}.building.{os.getpid()}")
        venv.create(building, with_pip=True)
        pip = [str(building / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--disable-pip-version-check", "--requirement", str(REQUIREMENTS)], check=True)
        building.rename(folder)
    return str(folder / "bin" / "python")
