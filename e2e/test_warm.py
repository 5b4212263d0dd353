"""Jobs that start from a parent that has imported already are the same as others, whatever is killed meanwhile."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from conftest import Server, until
from test_resume import EVERY, STEPS, body, processes, weights

LORA = {"kind": "lora", "lora": {"rank": 8, "alpha": 16, "dropout": 0.1}}
SECONDS_TO_IMPORT = 120.0
WARM_START_SECONDS = 5.0  # of a cold one the imports alone take longer on a machine that trains


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "warm" / "home", "--warm-trainers", "hf")
    running.home.mkdir(parents=True)
    running.start()
    parent(running)
    yield running
    running.stop()


def parent(server: Server) -> int:
    """The process that this server's jobs are forked from, once it is ready."""

    def said() -> re.Match[str] | None:
        return re.search(r"start warm: their parent is process (\d+),", server.log.read_text())

    until(lambda: said() is not None, SECONDS_TO_IMPORT, lambda: server.log.read_text())
    found = said()
    assert found is not None
    return int(found.group(1))


def there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def shown(process: int) -> list[bytes]:
    return Path(f"/proc/{process}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")


def test_warm_jobs_survive_kills_of_themselves_and_of_the_server_with_the_weights_of_a_cold_one(
    warm: Server, server: Server, base: Path, tmp_path: Path
) -> None:
    def submitted(where: Server, name: str) -> str:
        return str(where.call("POST", "/api/v1/jobs", body(name, base, tmp_path / name, LORA))["id"])

    def step(job: str) -> int:
        return int((warm.job(job)["progress"] or {"step": 0})["step"])

    first_parent = parent(warm)
    killed, followed = submitted(warm, "killed"), submitted(warm, "followed")
    until(lambda: step(killed) > EVERY, 60, lambda: str(warm.job(killed)) + warm.log.read_text())
    [training] = processes(killed, training_only=True)
    assert shown(training)[1].endswith(b"/train.py")
    supervisor = int(Path(f"/proc/{training}/stat").read_text().rpartition(")")[2].split()[1])
    assert shown(supervisor)[1] == b"warm.py"
    [other] = processes(followed, training_only=True)

    os.kill(training, signal.SIGKILL)
    warm.kill()
    until(lambda: not there(first_parent), 10, lambda: "the parent outlives its server")
    assert there(other), "a warm job ended with the server"
    warm.start()
    assert parent(warm) != first_parent

    for job, attempts in ((followed, 1), (killed, 2)):
        ended = warm.wait(job)
        assert (ended["state"], len(ended["attempts"])) == ("succeeded", attempts), ended
    series = warm.call("GET", f"/api/v1/jobs/{killed}/metrics?name=loss")["series"][0]["points"]
    assert [point["step"] for point in series if point["attempt"] == 2][-1] == STEPS

    cold = submitted(server, "cold")
    assert server.wait(cold)["state"] == "succeeded"
    for job in (killed, followed):
        assert "without the warm parent" not in printed(warm, job)
    expected = weights(tmp_path / "cold")
    for name in ("killed", "followed"):
        found = weights(tmp_path / name)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[each], expected[each]) for each in expected), name


def test_a_parent_that_is_killed_takes_no_job_with_it_and_the_next_starts_cold_and_then_warm_again(
    warm: Server, base: Path, tmp_path: Path
) -> None:
    def submitted(name: str) -> str:
        return str(warm.call("POST", "/api/v1/jobs", body(name, base, tmp_path / name, LORA))["id"])

    running = submitted("running")
    until(lambda: warm.job(running)["progress"] is not None, 60, lambda: str(warm.job(running)))
    os.kill(parent(warm), signal.SIGKILL)
    alone = submitted("alone")
    until(lambda: "started cold" in warm.log.read_text(), 10, lambda: warm.log.read_text())
    for job in (running, alone):
        assert warm.wait(job)["state"] == "succeeded"
        assert len(warm.job(job)["attempts"]) == 1


def test_a_stop_ends_a_warm_job_saved_and_an_orderly_end_of_the_server_ends_the_parent(
    warm: Server, base: Path, tmp_path: Path
) -> None:
    asked = body("stopped", base, tmp_path / "stopped", LORA)
    asked["hyperparameters"]["max_steps"] = 5000
    job = warm.call("POST", "/api/v1/jobs", asked)["id"]
    began = time.monotonic()
    until(lambda: warm.job(job)["progress"] is not None, 60, lambda: str(warm.job(job)))
    assert time.monotonic() - began < WARM_START_SECONDS
    warm.call("POST", f"/api/v1/jobs/{job}/cancel")
    assert warm.wait(job)["state"] == "cancelled"
    assert not processes(job, training_only=False)
    until(lambda: '"event": "interrupted"' in printed(warm, job), 10, lambda: printed(warm, job))
    ended = parent(warm)
    warm.stop()
    until(lambda: not there(ended), 5, lambda: "the parent is left behind")
    warm.start()  # what the fixture stops


def printed(server: Server, job: str) -> str:
    return "\n".join(line["text"] for line in server.call("GET", f"/api/v1/jobs/{job}/logs?limit=1000")["lines"])
