"""What the Hugging Face libraries are told before they load, since they look at the environment then."""

from __future__ import annotations

import os
import sys

from trainer.job import Job

TOKEN_NAMES = ("HF_TOKEN", "HUGGINGFACE_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACEHUB_API_TOKEN")


def prepare(job: Job) -> None:
    if job.place.local and job.run.extra.tokenizer_name is None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # nothing has to be asked of the hub
        loaded = sys.modules.get("huggingface_hub.constants")
        if loaded is not None:  # by the parent of a forked job
            loaded.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    token = next((os.environ[name] for name in TOKEN_NAMES if os.environ.get(name)), None)
    if token is not None:
        os.environ["HF_TOKEN"] = token
    # peft loads bitsandbytes wherever it is installed: two seconds of a start for nothing.
    if job.run.method.kind != "qlora" and job.run.method.precision != "int8":
        sys.modules.setdefault("bitsandbytes", None)  # type: ignore[arg-type] # how Python says "not there"
