"""transformers' Trainer as this trainer uses it: its loop, its state and its order of rows; our checkpoints and events.

A plain script with the same arguments takes the same steps, bit by bit
(tests/test_parity.py). What is replaced is told here, method by method.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from torch.nn import functional
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from trainer.evaluation import IGNORED
from trainer.failure import Failure
from trainer.health import Health, resources_used
from trainer.job import Job
from trainer.recipes import hf_model
from trainer.recipes.hf_rows import Collator

STATE_FILE = "training_state.json"
KEPT_LOG_ENTRIES = 16  # the Trainer writes its whole history into every checkpoint; ours are the events


@dataclass(frozen=True)
class RunState:
    """What has to be the same for a run to go on bit by bit, and the loss that it had."""

    method: str
    threads: int
    world_size: int
    loss: float | None

    @staticmethod
    def read(directory: Path) -> RunState:
        try:
            return RunState(**json.loads((directory / STATE_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise Failure(
                "config",
                f"the checkpoint in {directory} was not made by this version of the trainer ({error});"
                " use another checkpoints.uri, or checkpoints.resume false",
            ) from error


class JobTrainer(Trainer):  # type: ignore[misc]
    control: Any  # of a class that is untyped to us

    def __init__(
        self, job: Job, model: Any, arguments: TrainingArguments, tokenizer: Any, training: Any, held_out: Any
    ) -> None:
        self._job = job
        self.last_loss: float | None = None
        self._tokens = 0
        self._rows = 0
        self._step_began = time.monotonic()
        self._health = Health(job.events)
        self.evaluated_at = -1
        self.flow = Flow(job)
        super().__init__(
            model=model,
            args=arguments,
            data_collator=Collator(tokenizer),
            train_dataset=training,
            eval_dataset=held_out,
            callbacks=[self.flow],
        )
        self.remove_callback(PrinterCallback)  # it prints on standard output, which is the events'

    def total_steps(self) -> int:
        return int(self.set_initial_training_values(self.args, self.get_train_dataloader())[-1])

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        self._step_began = time.monotonic()
        samples, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        if items is not None:
            # Rows cut to their prompts have nothing to learn; nothing divided by nothing would be no number.
            items = items.clamp(min=1) if torch.is_tensor(items) else max(1, items)
        self._tokens = int(items) if items is not None else 0
        self._rows = sum(len(each["input_ids"]) for each in samples) * self._job.world.size
        return samples, items

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        super().log(logs, start_time)
        del self.state.log_history[:-KEPT_LOG_ENTRIES]
        if "loss" in logs:
            self._tell_step(logs)

    def _tell_step(self, logs: dict[str, float]) -> None:
        events, state = self._job.events, self.state
        self.last_loss = loss = logs["loss"]
        now = time.monotonic()
        seconds = max(1e-9, now - self._step_began)
        taken = state.global_step - self.flow.first
        events.emit(
            "step",
            step=state.global_step,
            total_steps=state.max_steps,
            epoch=round(state.epoch, 4),
            loss=loss,
            learning_rate=logs["learning_rate"],
            grad_norm=logs.get("grad_norm"),
            tokens_per_second=round(self._tokens / seconds, 1),
            samples_per_second=round(self._rows / seconds, 2),
            eta_seconds=round((state.max_steps - state.global_step) * (now - self.flow.began) / taken, 2),
            **resources_used(),
        )
        self._health.seen(state.global_step, loss)

    def evaluate(self, *ignored: Any, **also_ignored: Any) -> dict[str, float]:
        """The loss per token of all held-out rows. Trainer's own is a mean of means, which depends on the batches."""
        self.evaluated_at = self.state.global_step
        if self.eval_dataset is None or len(self.eval_dataset) == 0:
            return {}
        summed, tokens = self._summed_loss()
        both = torch.tensor([summed, tokens], dtype=torch.float64, device=self.args.device)
        if self._job.world.size > 1:
            torch.distributed.all_reduce(both)
        loss = float(both[0] / both[1].clamp(min=1))
        self._job.events.emit("eval", step=self.state.global_step, eval_loss=loss)
        metrics = {"eval_loss": loss}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    @torch.no_grad()
    def _summed_loss(self) -> tuple[float, int]:
        world, rows = self._job.world, self.eval_dataset
        mine = sorted(range(world.rank, len(rows), world.size), key=lambda index: len(rows[index]["input_ids"]))
        hf_model.rest(self.model)
        summed, tokens, size = 0.0, 0, self.args.per_device_eval_batch_size
        for start in range(0, len(mine), size):
            batch = self._prepare_inputs(self.data_collator([rows[index] for index in mine[start : start + size]]))
            labels = batch.pop("labels")[:, 1:]
            logits = self.model(**batch, use_cache=False).logits[:, :-1].float()
            summed += float(
                functional.cross_entropy(
                    logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=IGNORED, reduction="sum"
                )
            )
            tokens += int((labels != IGNORED).sum())
        self.model.train()
        return summed, tokens

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Into our storage, by the Trainer's own names, so that a plain Trainer could go on from it."""
        self.store_flos()
        states = self._random_states()
        self.flow.saved = self.state.global_step
        if self._job.world.rank == 0:
            self._job.checkpoints.save(self.state.global_step, self._writer(states))

    def _writer(self, random_states: dict[str, bytes]) -> Callable[[Path], None]:
        def write(directory: Path) -> None:
            hf_model.save_to_go_on(self.model, directory)
            torch.save(self.optimizer.state_dict(), directory / "optimizer.pt")
            torch.save(self.lr_scheduler.state_dict(), directory / "scheduler.pt")
            self._save_scaler(str(directory))
            for name, content in random_states.items():
                (directory / name).write_bytes(content)
            self.state.save_to_json(str(directory / "trainer_state.json"))
            run = self._job.run
            state = RunState(run.method.kind, torch.get_num_threads(), self._job.world.size, self.last_loss)
            (directory / STATE_FILE).write_text(json.dumps(asdict(state)), encoding="utf-8")

        return write

    def _random_states(self) -> dict[str, bytes]:
        """Of every process, since their dropouts differ. Only rank 0 writes, and may be on another machine."""
        with tempfile.TemporaryDirectory(prefix="trainer-random-") as name:
            self._save_rng_state(name)
            mine = {path.name: path.read_bytes() for path in Path(name).iterdir()}
        if self._job.world.size == 1:
            return mine
        gathered: list[Any] | None = [None] * self._job.world.size if self._job.world.rank == 0 else None
        torch.distributed.gather_object(mine, gathered, dst=0)
        return {name: content for each in gathered or [] for name, content in each.items()}

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Nothing: the model was loaded from the checkpoint in the first place, which spares loading it twice."""


class Flow(TrainerCallback):  # type: ignore[misc]
    """When to save and when to leave. Every process decides alike."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.first = 0  # the step that this process began after
        self.saved = 0
        self.stopped = False
        self.began = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.first = self.saved = state.global_step
        self.began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        last = state.global_step >= state.max_steps
        self.stopped = self._job.stop.agreed() and not last
        if self.stopped:
            control.should_training_stop = True
        if self.stopped or last or state.global_step % self._job.run.checkpoint_every == 0:
            control.should_save = True
        return control
