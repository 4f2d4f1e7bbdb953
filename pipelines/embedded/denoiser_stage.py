"""The denoiser's stage: hours on a CPU, minutes on a GPU; reports on the way.

A report is a sheet of samples, a picture of the loss, and, where the run carries away what it
makes, the weights so far, so that a run that is broken off has left something that draws.
"""

import time

from diffusers import UNet2DConditionModel
from rich.progress import TaskID
from torch import Tensor

from pipelines.embedded.assembly import assemble, ship
from pipelines.embedded.denoiser import build_unet
from pipelines.embedded.denoiser_training import Budget, DenoiserTraining
from pipelines.embedded.examples import ExamplePool, unit_scale
from pipelines.embedded.keeping import carry_away
from pipelines.embedded.loss_log import LossLog, loss_picture
from pipelines.embedded.pca import FACTOR
from pipelines.embedded.plan import Run
from pipelines.embedded.rendering import Rendering, RenderingFailed
from pipelines.embedded.sheet import sample_sheet

_ENDING_S = {"cuda": 15.0, "cpu": 60.0}
"""What is left of a whole command's time for the last sheet and for shipping."""
_EVALUATION_SHARE = 0.2
_LONGEST_END = 0.3
_SHORTEST_S = 0.1
"""A denoiser that knows nothing learns for a moment even when the time is up: it has to ship."""


def denoiser(run: Run) -> None:
    """Train the denoiser until its time is used up, on whatever shards are finished by then."""
    if run.rendering:
        _first_shards(run, run.rendering)
    _Stage(run).train()
    if run.rendering:
        run.rendering.end()


def _first_shards(run: Run, rendering: Rendering) -> None:
    """Wait for enough pictures to begin with."""
    shards, wanted = run.shards, min(run.plan.first_shards, run.plan.shards)
    bar = run.progress.add_task("first pictures", total=wanted, note="")
    while len(shards.complete(run.plan.shards)) < wanted and rendering.wait(0.2):
        run.progress.update(bar, completed=len(shards.complete(run.plan.shards)))
    run.progress.update(bar, completed=wanted)


def start_denoiser(run: Run) -> DenoiserTraining:
    """An untrained denoiser, or the one the run begins from; in the plan's threads on a CPU."""
    plan, first = run.plan, run.work.first_denoiser
    earlier = UNet2DConditionModel.from_pretrained(first).float() if first.exists() else None
    unet = earlier or build_unet(plan.channels, plan.side // FACTOR)
    threads = plan.threads if run.device.type == "cpu" else 1
    encoder = run.work.reader().encoder
    return DenoiserTraining(unet, encoder, run.device, plan.rate, plan.batch, threads)


def resume_denoiser(run: Run, training: DenoiserTraining) -> None:
    """Go on from the last checkpoint; with a longer budget than before, from the last one at
    the full learning rate, as weights that were brought to rest learn little more."""
    last, held = run.work.denoiser_file, run.work.held_file
    if last.exists():
        training.load(last)
    at_full_rate = training.seconds < budget(run, training).held_until_s
    if training.falling and at_full_rate and held.exists():
        training.load(held)


def budget(run: Run, training: DenoiserTraining) -> Budget:
    """The plan's; where the whole command has an end, all the time up to it."""
    if run.clock.endless:
        return Budget(run.plan.denoiser_s)
    share = _EVALUATION_SHARE if run.plan.evaluate else 0.0
    after_s = _ENDING_S[run.device.type] + share * run.clock.total_s
    after_s = min(after_s, _LONGEST_END * run.clock.total_s)
    shortest_s = 0.0 if training.step else _SHORTEST_S
    return Budget(training.seconds + max(shortest_s, run.clock.left_s() - after_s))


class _Stage:
    """One run of the stage."""

    def __init__(self, run: Run) -> None:
        self.run, self.rendering = run, run.rendering
        self.training = start_denoiser(run)
        resume_denoiser(run, self.training)
        self.began_at = self.training.step
        self.log = LossLog(run.out / "loss.csv")
        self.log.forget_after(self.training.step)
        scale = run.work.scale()
        if scale is None:
            scale = unit_scale(run.shards)
            run.work.keep_scale(scale)
        self.pool = ExamplePool(run.shards, run.plan.shards, scale, run.device)
        self.saved_s = self.reported_s = time.monotonic()

    def train(self) -> None:
        """Step until the budget is used up."""
        run, training = self.run, self.training
        bar = run.progress.add_task("denoiser", total=1.0, note="")
        while training.seconds < (whole := budget(run, training)).seconds:
            self._join()
            self._train_until(self._next_stop(whole), whole, bar)
            held_to_the_end = not training.falling and training.seconds >= whole.held_until_s
            if held_to_the_end or time.monotonic() - self.saved_s >= run.plan.checkpoint_s:
                self._checkpoint()
            if time.monotonic() - self.reported_s > run.plan.report_s:
                self._report()
        if training.step > self.began_at or not run.work.denoiser_file.exists():
            self._checkpoint()
            self._report()

    def _join(self) -> None:
        """Take in what was rendered meanwhile. What cannot be rendered is no reason to end."""
        self.pool.join()
        if self.rendering:
            try:
                self.rendering.check()
            except RenderingFailed as error:
                self.run.log(f"{error}. The training goes on with the pictures that are there")
                self.rendering = None

    @property
    def _round_s(self) -> float:
        """How long until there is something else to do than to step."""
        plan = self.run.plan
        return min(plan.checkpoint_s, plan.join_s if self.rendering else plan.report_s)

    def _next_stop(self, whole: Budget) -> float:
        stop = min(whole.seconds, self.training.seconds + self._round_s)
        return stop if self.training.falling else min(stop, whole.held_until_s)

    def _train_until(self, until_s: float, whole: Budget, bar: TaskID) -> None:
        """At least one step: it is the first of the falling rate that says that it falls."""
        training, losses, first = self.training, list[Tensor](), self.training.step
        while training.step == first or training.seconds < until_s:
            losses.append(training.train_step(self.pool.groups, whole))
            if training.step % self.run.plan.look_every == 0:
                loss = sum(one.item() for one in losses) / len(losses)
                self.log.add(training.step, training.samples, training.seconds, loss)
                note = f"{training.samples} samples, loss {loss:.4f}"
                self.run.progress.update(bar, completed=training.seconds / whole.seconds, note=note)
                losses = []

    def _checkpoint(self) -> None:
        self.training.save(self.run.work.denoiser_file)
        if not self.training.falling:
            self.training.save(self.run.work.held_file)
        self.saved_s = time.monotonic()

    def _report(self) -> None:
        """Draw what the weights can do by now, and carry it away where that is wanted."""
        run, training, work = self.run, self.training, self.run.work
        pipeline = assemble(
            work.vae(), work.reader().encoder, work.tokenizer(), training.averaged()
        ).to(run.device)
        sheet = run.out / f"samples-{training.samples:08d}.png"
        sample_sheet(pipeline, run.plan.sheet_prompts).save(sheet)
        points = self.log.read()
        loss_picture(points).save(run.out / "loss.png")
        speed = training.samples / max(training.seconds, 1e-9)
        said = f", loss {points[-1][1]:.4f}" if points else ""
        of = f"of {self.pool.pictures} pictures on {run.device}"
        run.log(f"{training.samples} samples {of}, {speed:.0f}/s{said}: {sheet.name}")
        if run.carry_to:
            ship(pipeline, work.weights)
            carry_away(work, run.carry_to)
        self.reported_s = time.monotonic()
