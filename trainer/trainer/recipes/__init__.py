"""The recipes: each trains one family of models, and is started by its framework's name.

A recipe is a module with `run(job) -> Outcome`. It is imported only here, when
everything that can be refused without its slow imports has been refused.
"""

from __future__ import annotations

from trainer.config import Run
from trainer.failure import Failure
from trainer.job import Job, Outcome
from trainer.recipes import options, unsloth

KNOWN = ("hf", "unsloth", "meta", "nemo", "timm", "ultralytics")
VISION = ("timm", "ultralytics")


def require(run: Run) -> None:
    """Refuses what no recipe trains, and knobs that its recipe does not have."""
    match run.framework:
        case "hf":
            pass
        case "unsloth":
            unsloth.require(run)
        case "meta":
            options.meta(run)
        case "nemo":
            options.nemo(run)
        case "timm" | "ultralytics":
            options.vision(run)
        case _:
            raise Failure(
                "unsupported",
                f"framework {run.framework} is not built into this trainer, which trains {', '.join(KNOWN)} jobs;"
                f" give an image of your own that brings {run.framework}",
            )


def run(job: Job) -> Outcome:
    job.events.phase("loading_data")
    # What is wrong with them is said before the slow imports.
    _ = job.pictures if job.run.framework in VISION else (job.place, job.examples)
    job.events.phase("importing")
    match job.run.framework:
        case "meta":
            from trainer.recipes import meta

            return meta.run(job)
        case "nemo":
            from trainer.recipes import nemo

            return nemo.run(job)
        case "timm":
            from trainer.recipes import timm

            return timm.run(job)
        case "ultralytics":
            from trainer.recipes import ultralytics

            return ultralytics.run(job)
        case "unsloth":
            return unsloth.run(job)
        case _:
            from trainer.recipes import hf

            return hf.run(job)
