"""A real browser."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tools

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    found = subprocess.run([HERE / "chromium"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        reason = "NO PAGE WAS OPENED IN A BROWSER: there is none; apt-get install chromium"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    python = tools.python(HERE / "browser-requirements.txt")
    # Of the same Python as this one: tools are kept by its version.
    [packages] = python.parent.parent.glob("lib/python*/site-packages")
    sys.path.append(str(packages))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found.stdout.strip(), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that reports what it could not load or run."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    context.close()
