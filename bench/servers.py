"""Starts and stops the two servers, and reads what the kernel knows of them."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
JAR = ROOT / "server" / "target" / "trainyard-server.jar"
# As ./trainyard starts it.
HEAP = ("-Xms256m", "-Xmn192m", "-XX:MinHeapFreeRatio=20", "-XX:MaxHeapFreeRatio=40")
JAVA_FLAGS = ("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", *HEAP)
STARTED_WITHIN_SECONDS = 60
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Server:
    """A server on a port of this machine, in a process of its own."""

    def __init__(self, name: str, port: int, command: list[str], folder: Path, health: str) -> None:
        self.name = name
        self.port = port
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the server is
        began = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT
        )
        self.start_seconds = self._first_200(began, health)

    def _first_200(self, began: float, path: str) -> float:
        while time.perf_counter() < began + STARTED_WITHIN_SECONDS:
            if self.process.poll() is not None:
                break
            try:
                if get(self.port, path)[0] == 200:
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.002)
        self.log.seek(0)
        raise SystemExit(f"bench: {self.name} did not start:\n{self.log.read().decode(errors='replace')}")

    def cpu_seconds(self) -> float:
        """User and system time of all its threads, the compiler's and the collector's included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Trainyard(Server):
    """The built server on an empty home folder, which is deleted afterwards."""

    def __init__(self, *options: str, cache: Path | None = None, flags: tuple[str, ...] = JAVA_FLAGS) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="trainyard-bench-"))
        aot = [f"-XX:AOTCache={cache}"] if cache else []
        port = free_port()
        command = [java(), *flags, *aot, "-jar", str(JAR), "serve", "--home", str(self.home)]
        command += ["--host", "127.0.0.1", "--port", str(port), *options]
        self._command = command
        try:
            super().__init__("trainyard", port, command, self.home, "/health")
        except BaseException:
            shutil.rmtree(self.home, ignore_errors=True)
            raise

    def kill_and_start_again(self) -> None:
        """As a crash does it, on the same home folder and port."""
        self.process.kill()
        self.process.wait()
        self.log.close()
        super().__init__("trainyard", self.port, self._command, self.home, "/health")

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.home, ignore_errors=True)


class Peer(Server):
    """FastAPI on one uvicorn worker with everything that makes it fast."""

    def __init__(self, python: str) -> None:
        port = free_port()
        command = [python, "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        super().__init__("fastapi", port, command, ROOT / "bench" / "peer", "/hf-unsloth/healthz")


def java() -> str:
    return os.path.join(os.environ["JAVA_HOME"], "bin", "java")


def aot_cache() -> Path:
    """The cache of a start and its first requests, made as ./trainyard makes it; kept while the jar stays the same."""
    jar = JAR.stat()
    file = Path(tempfile.gettempdir()) / f"trainyard-bench-{os.getuid()}-{jar.st_mtime_ns}-{jar.st_size}.aot"
    if not file.exists():
        _make_aot_cache(file)
    return file


def _make_aot_cache(file: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        command = [java(), *JAVA_FLAGS, f"-XX:AOTCacheOutput={file}", "-jar", str(JAR), "serve", "--home", home]
        command += ["--port", "0", "--host", "127.0.0.1", "--job-runner", "mock"]
        command += ["--local-allow-commands", "true", "--exit-when-ready", "true"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
