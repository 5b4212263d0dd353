"""The main job as a newcomer meets it: one command, real training, an adapter that is better than its base."""

from __future__ import annotations

import json
import os
import subprocess

from conftest import ROOT


def test_the_demo_trains_an_adapter_that_beats_its_base() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD")}
    ran = subprocess.run(
        [str(ROOT / "trainyard"), "demo", "--json"], capture_output=True, text=True, env=environment, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = next(
        line["report"]
        for line in (json.loads(text) for text in ran.stdout.splitlines() if text.startswith("{"))
        if line.get("type") == "report"
    )
    base, adapter, untrained = (report[name] for name in ("base_loss", "adapter_loss", "untrained_adapter_loss"))
    assert adapter <= 0.9 * base
    assert untrained > 0.9 * base
