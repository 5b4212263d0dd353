"""The page to try the API on, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Server

TOKEN = "page-token"
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "home", "--job-runner", "mock", token=TOKEN)
    running.home.mkdir()
    running.start()
    yield running
    running.stop()


def watched(page: Any) -> list[str]:
    """What goes wrong on the page from now on."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(f"{request.url}: {request.failure}"))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    return troubles


@pytest.mark.parametrize("prefix", ["", "/nemo", "/meta", "/hf-unsloth"])
def test_every_operation_of_a_contract_is_shown(page: Any, server: Server, prefix: str) -> None:
    troubles = watched(page)
    page.goto(f"{server.url}{prefix}/docs")
    page.wait_for_selector(".opblock")
    paths = server.call("GET", f"{prefix}/openapi.json")["paths"]
    operations = sum(method in METHODS for path in paths.values() for method in path)
    assert page.locator(".opblock").count() == operations
    assert troubles == []


def test_a_job_is_handed_in_from_the_page(page: Any, server: Server) -> None:
    troubles = watched(page)
    page.goto(f"{server.url}/docs")
    page.locator("button.authorize").first.click()
    page.locator(".auth-container input").first.fill(TOKEN)
    page.locator(".auth-container button.authorize").first.click()
    page.locator(".btn-done").first.click()

    create = page.locator(".opblock-post").filter(has=page.locator("[data-path='/api/v1/jobs']"))
    create.locator(".opblock-summary-control").click()
    job = {"name": "from-the-page", "model": {"name": "tiny"}, "datasets": [{"source": "rows.jsonl"}]}
    create.locator("textarea.body-param__text").fill(json.dumps(job))
    create.locator("button.execute").click()
    answer = create.locator(".live-responses-table tr.response .response-col_status").first
    answer.wait_for()
    assert "201" in answer.inner_text()
    assert [each["name"] for each in server.call("GET", "/api/v1/jobs")["jobs"]] == ["from-the-page"]
    assert troubles == []
