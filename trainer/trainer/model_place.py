"""Where a run's model is loaded from: found, or refused, before anything slow is imported."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.config import Run
from trainer.failure import Failure
from trainer.storage import BUCKET_SCHEMES, local_copy, local_path

HUB_PAGE = "https://huggingface.co/"


@dataclass(frozen=True)
class Place:
    """Where a model is loaded from: a local directory, or an id on the hub."""

    name: str
    local: bool


def find(run: Run) -> Place:
    uri = run.model.weights_uri or run.model.name
    if uri.rstrip("/").endswith(".nemo"):
        raise Failure(
            "unsupported",
            f"{uri} is a NeMo archive: its weights are laid out for NeMo's own models, which this trainer does not"
            " have; write it in Hugging Face format with NeMo's converters (convert_…_nemo_to_hf.py), and give that"
            " directory",
        )
    if uri.startswith(HUB_PAGE):
        return Place("/".join(uri.removeprefix(HUB_PAGE).split("/")[:2]), local=False)
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if scheme in BUCKET_SCHEMES:
        return Place(str(local_copy(uri)), local=True)
    if scheme not in ("", "file"):
        raise Failure("config", f"model weights {uri} cannot be read; give a directory, file://, s3:// or gs://")
    path = local_path(uri)
    if (path / "config.json").is_file():
        return Place(str(path), local=True)
    if scheme == "file" or uri.startswith(("/", ".", "~")) or run.model.weights_uri:
        raise Failure("config", f"model directory {path} does not exist or holds no config.json")
    return Place(uri, local=False)
