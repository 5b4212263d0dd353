"""The recipes: each trains one family of models, and is started by its framework's name.

A recipe is a module with `run(job) -> Outcome`. It is imported only here, when
everything that can be refused without its slow imports has been refused.
"""

from __future__ import annotations

from trainer.failure import Failure
from trainer.job import Job, Outcome

KNOWN = ("hf", "unsloth")


def require(framework: str) -> None:
    if framework not in KNOWN:
        raise Failure(
            "unsupported",
            f"framework {framework} is not built into this trainer, which trains {', '.join(KNOWN)} jobs;"
            f" give an image of your own that brings {framework}",
        )


def run(job: Job) -> Outcome:
    job.events.phase("loading_data")
    _ = job.place, job.examples  # what is wrong with them is said before the slow imports
    job.events.phase("importing")
    from trainer.recipes import hf

    return hf.run(job)
