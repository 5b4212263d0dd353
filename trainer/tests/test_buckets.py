"""Runs whose data, checkpoints and results lie in a real S3 server, and what is said when it cannot be used."""

from __future__ import annotations

import hashlib
import io
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import s3
from conftest import Jobs, Started
from exactness import killed_three_times
from test_resume import assert_same_weights
from test_train import failed
from throttle import Throttle

from trainer.bucket import Bucket
from trainer.config import Dataset
from trainer.failure import Failure
from trainer.rows import read

SECRET = "a-secret-of-somebody"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory, jobs: Jobs) -> Iterator[s3.Bucket]:
    with s3.served(tmp_path_factory.mktemp("s3") / "log") as found:
        content = jobs.data.read_bytes()
        found.put("runs/data.jsonl", content)
        found.put("runs/job-123/data.jsonl", b"".join(content.splitlines(keepends=True)[:17]))
        yield found


@pytest.fixture
def reachable(bucket: s3.Bucket, monkeypatch: pytest.MonkeyPatch) -> s3.Bucket:
    for name, value in bucket.environment().items():
        monkeypatch.setenv(name, value)
    return bucket


def in_bucket(jobs: Jobs, place: str, method: str = "lora", **changes: Any) -> dict[str, Any]:
    return jobs.document(
        method,
        place,
        datasets=[{"source": "s3://runs/data.jsonl"}],
        checkpoints__uri=f"s3://runs/{place}/checkpoints",
        **changes,
    )


def test_a_killed_run_goes_on_from_the_bucket_alone_and_is_bit_identical(
    jobs: Jobs, undisturbed: dict[str, Started], bucket: s3.Bucket
) -> None:
    document = in_bucket(jobs, "killed-s3", outputs__log_uri="s3://runs/killed-s3/logs")
    killed = jobs.start(document, environment=bucket.environment())
    killed.until(lambda event: event["event"] == "checkpoint" and event["step"] >= 20)
    killed.kill()
    assert not killed.of("finished")
    resumed = jobs.run({**document, "attempt": 2}, environment=bucket.environment())
    assert resumed.process.returncode == 0, resumed.explained()
    assert resumed.of("started")[0]["resume_step"] >= 20
    assert_same_weights(undisturbed["lora"], resumed, "lora")
    assert "killed-s3/logs/events-2-00000.jsonl" in bucket.names("killed-s3/logs")
    assert max(event["step"] for event in resumed.of("checkpoint")) == 60
    assert len(bucket.names("killed-s3/checkpoints/step-")) == 2, "no more are kept than were asked for"


@pytest.mark.drawn
@pytest.mark.parametrize(("framework", "method"), [("hf", "full"), ("hf", "lora"), ("meta", "full")])
def test_killed_three_times_with_all_of_it_in_the_bucket_the_weights_are_bit_identical(
    jobs: Jobs,
    undisturbed: dict[str, Started],
    bucket: s3.Bucket,
    draw: random.Random,
    framework: str,
    method: str,
) -> None:
    place = f"thrice-s3-{framework}-{method}"
    calm = undisturbed[method] if framework == "hf" else jobs.run(jobs.document(method, "calm-s3", framework=framework))
    document = in_bucket(jobs, place, method, framework=framework)
    ended = killed_three_times(jobs, document, draw, environment=bucket.environment())
    assert_same_weights(calm, ended, method)


def test_a_checkpoint_cut_in_the_middle_of_its_upload_is_not_gone_on_from(
    jobs: Jobs, undisturbed: dict[str, Started], bucket: s3.Bucket
) -> None:
    proxy = Throttle(bucket.port, 1e9)
    document = in_bucket(jobs, "cut", "full")
    job = jobs.start(document, environment=bucket.environment(proxy.port), narrow=True)
    first = job.until(lambda event: event["event"] == "checkpoint")["step"]
    proxy.bytes_per_second = 200_000  # a checkpoint takes some ten seconds now
    cut = until_partly_there(bucket, "cut/checkpoints", job)
    job.kill()
    whole = {int(name.split("step-")[1][:6]) for name in bucket.names("cut/checkpoints/step-")}
    assert first in whole
    assert cut not in whole
    resumed = jobs.run({**document, "attempt": 2}, environment=bucket.environment())
    assert resumed.process.returncode == 0, resumed.explained()
    assert resumed.of("started")[0]["resume_step"] == max(whole)
    assert_same_weights(undisturbed["full"], resumed, "full")
    proxy.close()


def until_partly_there(bucket: s3.Bucket, prefix: str, job: Started) -> int:
    """The step of a checkpoint of which some files have arrived, and no manifest."""
    for event in job.after():
        assert event["event"] != "finished"
        names = bucket.names(f"{prefix}/")
        whole = {int(name.split("/step-")[1][:6]) for name in names if "/step-" in name}
        arriving = {int(name.split("/checkpoint-")[1].split("/")[0]) for name in names if "/checkpoint-" in name}
        if arriving - whole:
            return max(arriving - whole)
    raise AssertionError(f"no upload was under way: {job.explained()}")


@pytest.mark.parametrize("spelled", ["dashes", pytest.param("underscores", marks=pytest.mark.drawn)])
def test_the_published_example_of_the_studio_contract_reads_s3_and_leaves_its_adapter_in_gs_too(
    jobs: Jobs, bucket: s3.Bucket, spelled: str
) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed here: qlora is not tested")
    output = jobs.directory / f"studio-{spelled}"
    output.mkdir()
    flags = {
        "dataset_file": "s3://runs/job-123/data.jsonl",
        "output_dir": str(output),
        "upload_output_to": f"gs://runs/models/job-{spelled}",
        "num_train_epochs": "2",
        "per_device_train_batch_size": "2",
        "gradient_accumulation_steps": "8",
        "model_id": str(jobs.model),
    }
    names = {name: name if spelled == "underscores" else name.replace("_", "-") for name in flags}
    arguments = [word for name, value in flags.items() for word in (f"--{names[name]}", value)]
    job = Started(["train.py", *arguments], {**bucket.environment(), **bucket.as_google()}, output)
    assert job.finish() == 0, job.explained()
    assert job.of("started")[0]["method"] == "qlora"
    assert [event["step"] for event in job.of("step")] == [1, 2]  # 16 rows by 16, twice
    assert job.events[-1]["copied_to"] == f"gs://runs/models/job-{spelled}"
    state = json.loads((output / "checkpoints" / "checkpoint-2" / "training_state.json").read_text())
    assert state["threads"] == 1, "as many as it was granted by OMP_NUM_THREADS"
    here = {file.name for file in output.iterdir() if file.is_file()}
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"} <= here
    there = {name.rpartition("/")[2] for name in bucket.names(f"models/job-{spelled}/")}
    assert there == here - {"stderr.txt"} - {file.name for file in output.glob("termination-*")}


def test_rows_are_read_from_the_bucket_as_they_arrive(reachable: s3.Bucket) -> None:
    reachable.put("runs/many/a.jsonl", b"".join(b'{"text": "row %d"}\n' % number for number in range(200_000)))
    rows = read(Dataset("s3://runs/many"))
    began = time.monotonic()
    assert next(iter(rows)).values == {"text": "row 0"}
    assert time.monotonic() - began < 5
    assert sum(1 for _ in rows) == 199_999


def test_parquet_is_read_from_the_bucket(reachable: s3.Bucket) -> None:
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed, so Parquet is not tested")
    parquet = pytest.importorskip("pyarrow.parquet")
    written = io.BytesIO()
    parquet.write_table(arrow.table({"text": [f"row {number}" for number in range(5000)]}), written)
    reachable.put("runs/tables/a.parquet", written.getvalue())
    found = [row.values["text"] for row in read(Dataset("s3://runs/tables", "parquet"))]
    assert found == [f"row {number}" for number in range(5000)]


def test_bad_rows_in_a_bucket_are_named(reachable: s3.Bucket) -> None:
    reachable.put("runs/bad.jsonl", b'{"text": "good"}\n{"text": \n')
    with pytest.raises(Failure, match=r"s3://runs/bad\.jsonl line 2, column 10: not JSON"):
        list(read(Dataset("s3://runs/bad.jsonl")))
    with pytest.raises(Failure, match=r"s3://runs/none\.jsonl does not exist"):
        list(read(Dataset("s3://runs/none.jsonl")))


def test_an_unreachable_bucket_ends_the_job_soon_and_says_where_it_looked(jobs: Jobs, bucket: s3.Bucket) -> None:
    began = time.monotonic()
    with s3.refused_port() as nobody:
        job = jobs.run(in_bucket(jobs, "unreachable"), environment=bucket.environment(nobody))
    assert time.monotonic() - began < 60
    assert job.process.returncode == 1
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("storage", True)
    assert f"http://127.0.0.1:{nobody} cannot be reached" in event["message"]
    assert SECRET not in json.dumps(job.events)


def test_a_bucket_that_does_not_exist_is_named(jobs: Jobs, bucket: s3.Bucket) -> None:
    document = jobs.document("lora", "no-bucket", checkpoints__uri="s3://nobodys-bucket/checkpoints")
    job = jobs.run(document, environment=bucket.environment())
    assert job.process.returncode == 1
    assert (failed(job)["kind"], failed(job)["retryable"]) == ("storage", False)
    assert "there is no such bucket" in failed(job)["message"]


def test_wrong_credentials_are_told_without_repeating_them(jobs: Jobs, tmp_path: Path) -> None:
    with s3.served(tmp_path / "log", {"INITIAL_NO_AUTH_ACTION_COUNT": "1"}) as guarded:
        job = jobs.run(in_bucket(jobs, "refused"), environment=guarded.environment())
    assert job.process.returncode == 1
    event = failed(job)
    assert (event["kind"], event["retryable"]) == ("storage", False)
    assert "access is refused; check AWS_ACCESS_KEY_ID" in event["message"]
    assert SECRET not in json.dumps(job.events) + job.explained()


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_what_a_bucket_holds_is_what_was_published(
    reachable: s3.Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    for name, value in reachable.as_google().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "a").mkdir()
    content = bytes(range(256)) * 100_000  # more than one part
    (tmp_path / "a" / "big.bin").write_bytes(content)
    store = Bucket(f"{scheme}://runs/published-{scheme}")
    store.publish(tmp_path / "a", "x")
    fetched = (store.fetch("x") / "big.bin").read_bytes()
    assert hashlib.sha256(fetched).digest() == hashlib.sha256(content).digest()
    assert f"published-{scheme}/x/big.bin" in reachable.names(f"published-{scheme}/")
    store.delete("x")
    assert store.names() == []
