"""The Postman collection, run by newman against a real server: what a client clicks through is what the server does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tools
from conftest import ROOT, Server, until

COLLECTION = ROOT / "docs" / "postman" / "trainyard.postman_collection.json"
LOCK = [ROOT / "e2e" / "postman" / name for name in ("package.json", "package-lock.json")]
TOKEN = "newman's token"
BASES = {
    "trainyard_base_url": "",
    "nemo_base_url": "/nemo",
    "meta_base_url": "/meta",
    "hf_unsloth_base_url": "/hf-unsloth",
    "trainer_base_url": "/unified",
    "studio_base_url": "/studio",
    "vision_base_url": "/vision",
}
LEAST_ASSERTIONS = 190


@dataclass(frozen=True)
class Outcome:
    code: int
    printed: str
    run: Any

    def assertions(self) -> dict[str, list[tuple[str, bool]]]:
        """What each request asserted, and whether it held."""
        found: dict[str, list[tuple[str, bool]]] = {}
        for execution in self.run["executions"]:
            told = [(one["assertion"], "error" not in one) for one in execution.get("assertions", [])]
            found.setdefault(execution["item"]["id"], []).extend(told)
        return found


def items(folder: Any) -> Iterator[Any]:
    for item in folder["item"]:
        if "item" in item:
            yield from items(item)
        else:
            yield item


@pytest.fixture(scope="session")
def newman() -> list[str]:
    """The command of the pinned newman, installed once for the content of its lock file."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        reason = f"THE POSTMAN COLLECTION WAS NOT RUN: no {' and no '.join(missing)} here; apt-get install nodejs npm"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    folder = tools.installed("newman", LOCK, install)
    return ["node", str(folder / "node_modules" / "newman" / "bin" / "newman.js")]


def install(folder: Path) -> None:
    for file in LOCK:
        shutil.copy(file, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"npm ci failed:\n{done.stderr}"


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Server]:
    """A server whose runs outlast the collection, so that what is cancelled was alive."""
    running = Server(
        tmp_path / "home", "--job-runner", "mock", "--simulated-run-millis", "600000",
        "--vision-internal-token", "internal", token=TOKEN,
    )  # fmt: skip
    running.home.mkdir()
    running.start()
    yield running
    running.stop()


def play(newman: list[str], server: Server, token: str, report: Path) -> Outcome:
    values = {name: server.url + path for name, path in BASES.items()} | {"trainer_api_token": token}
    overrides = [word for name, value in values.items() for word in ("--env-var", f"{name}={value}")]
    exports = ["--reporters", "cli,json", "--reporter-json-export", str(report)]
    # No proxy of the machine stands between newman and this server.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [*newman, "run", str(COLLECTION), *overrides, *exports, "--color", "off", "--timeout-request", "30000"],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert report.is_file(), done.stdout + done.stderr
    return Outcome(done.returncode, done.stdout + done.stderr, json.loads(report.read_text())["run"])


def test_the_collection_names_the_published_variables_and_asserts_in_every_request() -> None:
    collection = json.loads(COLLECTION.read_text())
    assert collection["info"]["schema"].endswith("/collection/v2.1.0/collection.json")
    variables = {variable["key"]: variable["value"] for variable in collection["variable"]}
    assert {name: variables[name] for name in BASES} == {
        name: f"http://localhost:4000{path}" for name, path in BASES.items()
    }
    published = {
        "trainer_api_token": "trainer-demo-token",
        "nemo_job_id": "nemo-sample-001",
        "meta_job_id": "meta-sample-001",
        "hf_unsloth_job_id": "hf-unsloth-sample-001",
        "trainer_job_name": "hf-demo-001",
    }
    assert published.items() <= variables.items()
    folders = {folder["name"]: [item["name"] for item in items(folder)] for folder in collection["item"]}
    for name in ("Nemo Trainer", "Meta Trainer", "HF + Unsloth Trainer"):
        assert folders[name] == ["Health Check", "Submit Training Job", "Get Job Status", "Cancel Job"]
    for item in items(collection):
        script = "\n".join(line for event in item["event"] for line in event["script"]["exec"])
        assert script.count("pm.test(") >= 2, item["name"]


def test_newman_passes_every_request_twice_and_the_server_shows_what_it_did(
    newman: list[str], simulated: Server, tmp_path: Path
) -> None:
    requests = list(items(json.loads(COLLECTION.read_text())))
    for turn in ("first", "again"):  # a second run meets the jobs of the first
        outcome = play(newman, simulated, TOKEN, tmp_path / f"{turn}.json")
        assert outcome.code == 0, outcome.printed
        assert outcome.run["failures"] == [], outcome.printed
        stats = outcome.run["stats"]
        assert (stats["requests"]["total"], stats["requests"]["failed"]) == (len(requests), 0), outcome.printed
        assert stats["assertions"]["total"] >= LEAST_ASSERTIONS, stats["assertions"]
        told = outcome.assertions()
        assert len(told) == len(requests)
        assert all(len(one) >= 3 and all(held for _, held in one) for one in told.values()), outcome.printed

    def kept() -> list[Any]:
        jobs: list[Any] = simulated.call("GET", "/api/v1/jobs?limit=500")["jobs"]
        return jobs

    # Nothing ends by itself in ten minutes: what has ended was cancelled, and by this collection.
    until(lambda: {job["state"] for job in kept()} == {"cancelled"}, 30, lambda: json.dumps(kept(), indent=1))
    # A cancelled trainer job is run anew when it is sent again; a unified name stays taken; studio's jobs were deleted.
    counted = Counter(job["service"] or job["contract"] for job in kept())
    assert counted == {"nemo": 2, "meta": 2, "hf-unsloth": 2, "unified": 1, "vision": 4, "trainyard": 2}


def test_the_assertions_fail_where_the_server_does_not_do_as_they_say(
    newman: list[str], simulated: Server, tmp_path: Path
) -> None:
    outcome = play(newman, simulated, "a wrong token", tmp_path / "refused.json")
    assert outcome.code == 1
    codes = {one["item"]["name"]: one["response"]["code"] for one in outcome.run["executions"]}
    assert codes["Health Check"] == 200
    assert codes["Submit Training Job"] == 403
    failed = {one["item"]["id"] for one in outcome.run["executions"] if one["response"]["code"] == 403}
    told = outcome.assertions()
    assert len(failed) >= 40
    assert all(any(not held for _, held in told[item]) for item in failed), "a 403 passed for a success"
