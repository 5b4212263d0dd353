"""A real S3 server on this machine, as the trainer's own tests have it, with what the jobs of these tests read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "trainer" / "tests"))
import s3

Bucket = s3.Bucket
DATA = ROOT / "trainer" / "examples" / "dispatch.jsonl"


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with s3.served(tmp_path_factory.mktemp("s3") / "log") as made:
        made.put("runs/dispatch.jsonl", DATA.read_bytes())
        rows = [json.dumps({"text": f"the {word} of the {word} is a {word}"}) for word in ("cat", "dog", "tree", "sea")]
        made.put("runs/text.jsonl", "\n".join(rows * 8).encode())
        yield made
