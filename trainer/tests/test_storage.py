"""What every storage must do, asked of a folder and of an object store alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.bucket import Bucket
from trainer.failure import Failure
from trainer.storage import Folder, Storage, Twice, local_path, open_storage, prove_writable, written


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Bucket("memory:///") if request.param == "bucket" else Folder(tmp_path / "root", str(tmp_path / "root"))


def publish(storage: Storage, prefix: str, files: dict[str, bytes]) -> None:
    scratch = storage.scratch()
    for name, content in files.items():
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_bytes(content)
    storage.publish(scratch, prefix)


def test_what_is_written_can_be_read_and_written_again(storage: Storage) -> None:
    storage.write("a/b.json", b"1")
    storage.write("a/b.json", b"2")
    assert storage.read("a/b.json") == b"2"
    assert storage.names() == ["a/b.json"]


def test_a_directory_comes_back_as_it_was_published(storage: Storage) -> None:
    publish(storage, "checkpoint-1", {"model.bin": b"m", "deep/er.bin": b"d"})
    publish(storage, "checkpoint-10", {"model.bin": b"x"})
    assert storage.names("checkpoint-1/") == ["checkpoint-1/deep/er.bin", "checkpoint-1/model.bin"]
    directory = storage.fetch("checkpoint-1")
    assert (directory / "deep" / "er.bin").read_bytes() == b"d"
    assert (directory / "model.bin").read_bytes() == b"m"


def test_deleting_takes_the_whole_directory_and_nothing_beside_it(storage: Storage) -> None:
    publish(storage, "checkpoint-1", {"model.bin": b"m"})
    publish(storage, "checkpoint-10", {"model.bin": b"x"})
    storage.write("step-1.json", b"{}")
    storage.delete("checkpoint-1")
    storage.delete("step-1.json")
    storage.delete("never-there")
    assert storage.names() == ["checkpoint-10/model.bin"]


def test_whoever_shares_the_volume_can_read_what_a_library_wrote_for_its_user_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "root", str(tmp_path / "root"))
    scratch = folder.scratch()
    (scratch / "model.bin").touch(0o600)
    folder.publish(scratch, "checkpoint-1")
    assert (tmp_path / "root" / "checkpoint-1" / "model.bin").stat().st_mode & 0o777 == 0o644


def test_what_is_left_in_two_places_is_whole_in_both(storage: Storage, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other", str(tmp_path / "other"))
    with written(Twice(storage, other)) as scratch:
        (scratch / "deep").mkdir()
        (scratch / "deep" / "model.bin").write_bytes(b"m")
        Twice(storage, other).publish(scratch, "")
    assert storage.names() == other.names() == ["deep/model.bin"]
    assert storage.read("deep/model.bin") == other.read("deep/model.bin") == b"m"


def test_proving_that_a_place_can_be_written_leaves_nothing_there(storage: Storage) -> None:
    prove_writable(storage)
    assert storage.names() == []


def test_publishing_at_the_root_leaves_what_is_there(storage: Storage) -> None:
    storage.write("checkpoints/step-000001.json", b"{}")
    publish(storage, "", {"model.bin": b"m"})
    assert storage.names() == ["checkpoints/step-000001.json", "model.bin"]


def test_file_uris_and_unknown_schemes(tmp_path: Path) -> None:
    assert local_path(f"file://{tmp_path}/a%20b") == tmp_path / "a b"
    assert isinstance(open_storage("relative/path"), Folder)
    with pytest.raises(Failure, match="unknown scheme"):
        open_storage("ftp://host/path")


def test_an_object_that_is_not_there_is_a_storage_failure() -> None:
    with pytest.raises(Failure, match="absent") as caught:
        Bucket("memory:///").read("absent")
    assert (caught.value.kind, caught.value.retryable) == ("storage", True)
