"""What each stage of the training but the denoiser's does and leaves in the work folder.

`train` orders them, `denoiser_stage` is the long one. A stage whose result is there does nothing,
one that was broken off goes on from its checkpoint, and one whose time is up ends with what it has.
"""

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from pipelines.embedded.assembly import assemble, ship
from pipelines.embedded.autoencoder import build_autoencoder, fidelity
from pipelines.embedded.canvas import Frame
from pipelines.embedded.captions import captioned
from pipelines.embedded.dataset import Shards
from pipelines.embedded.decoder_training import DecoderTraining, Lesson
from pipelines.embedded.denoiser_stage import start_denoiser
from pipelines.embedded.pca import fit_pca
from pipelines.embedded.plan import Run
from pipelines.embedded.rendering import Rendering, render_many
from pipelines.embedded.text_encoder import Reader, accuracy
from pipelines.embedded.text_training import TextTraining, text_batches
from pipelines.embedded.tokenizer import build_tokenizer

_WORD_SEEDS = 1_000_000
_PIXEL_SEEDS = 2_000_000
_READER_SEEDS = 50_000_000
_GATE_SEEDS = 60_000_000
_WORDS_SHARE = 0.12
_PIXELS_SHARE = 0.12
_LATENTS_SHARE = 0.25
"""What a stage may take of the time that a whole command has."""


class GateClosed(Exception):
    """The text encoder does not name what captions say well enough to draw from it."""


def vocabulary(run: Run) -> None:
    """Learn the tokenizer."""
    if run.work.vocabulary.exists():
        return
    seeds = range(_WORD_SEEDS, _WORD_SEEDS + run.plan.word_captions)
    unfinished = run.work.vocabulary.with_suffix(".new")
    build_tokenizer(captioned(seed)[1].text for seed in seeds).save_pretrained(unfinished)
    unfinished.rename(run.work.vocabulary)


def analysis(run: Run) -> None:
    """Fit the encoder of pixels."""
    if run.work.pca_file.exists():
        return
    seeds = range(_PIXEL_SEEDS, _PIXEL_SEEDS + run.plan.pixel_pictures)
    run.work.keep_pca(fit_pca(render_many(seeds, _square(run), run.plan.workers)))


def words(run: Run) -> None:
    """Learn the tokenizer and the text encoder.

    Raises: GateClosed: when an attribute is named right less often than the plan asks.
    """
    vocabulary(run)
    if run.work.reader_file.exists():
        return
    tokenizer = run.work.tokenizer()
    training = TextTraining(Reader(tokenizer), run.device)
    checkpoint = run.out / "reader-unfinished.pt"
    if checkpoint.exists():
        training.load(checkpoint)
    batches = text_batches(tokenizer, training.step, _READER_SEEDS)

    def step(done: float) -> Tensor:
        return training.train_step(next(batches), done)

    def keep() -> None:
        training.save(checkpoint)

    _teach(run, "words", training, run.plan.reader_steps, _WORDS_SHARE, step, keep)
    batches.close()
    check_reader(run, training)
    unfinished = run.work.reader_file.with_suffix(".tmp")
    torch.save(training.reader.cpu().state_dict(), unfinished)
    unfinished.replace(run.work.reader_file)
    checkpoint.unlink(missing_ok=True)


def check_reader(run: Run, training: TextTraining) -> None:
    """Measure the text encoder on captions it never saw, and stop when it falls short, unless it
    was the clock that cut its training short.

    Raises: GateClosed: with the attribute that falls short most.
    """
    seeds = range(_GATE_SEEDS, _GATE_SEEDS + run.plan.gate_captions)
    captions = [captioned(seed, for_evaluation=True)[1] for seed in seeds]
    shares = accuracy(training.reader, run.work.tokenizer(), captions)
    run.log("named right: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    del shares["all"]
    worst = min(shares, key=lambda name: shares[name])
    if shares[worst] < run.plan.gate:
        verdict = (f"{worst} is named right in {shares[worst]:.1%} of new captions, "
                   f"not in {run.plan.gate:.0%}: train the words longer")  # fmt: skip
        if training.step >= run.plan.reader_steps:
            raise GateClosed(verdict)
        run.log(f"the words had too little time; {verdict}")


def pixels(run: Run) -> None:
    """Fit the encoder, then teach the decoder."""
    analysis(run)
    plan, checkpoint = run.plan, run.work.decoder_file
    vae = build_autoencoder(run.work.pca())
    training = DecoderTraining(vae.decoder, run.device, plan.decoder_batch)
    if checkpoint.exists():
        training.load(checkpoint)
    if _share_done(run, training, plan.decoder_steps, _PIXELS_SHARE) >= 1:
        return
    first = _PIXEL_SEEDS + plan.pixel_pictures
    seeds = range(first, first + plan.decoder_pictures)
    pictures = render_many(seeds, _square(run), plan.workers)
    latents = run.work.pca().encode_many(pictures)
    lesson = Lesson(torch.from_numpy(pictures).to(run.device), latents.to(run.device))

    def step(done: float) -> Tensor:
        return training.train_step(lesson, done)

    def keep() -> None:
        training.save(checkpoint)

    _teach(run, "pixels", training, plan.decoder_steps, _PIXELS_SHARE, step, keep)
    quality = fidelity(run.work.vae(1.0), pictures[-32:])
    run.log(f"decoder: {training.step} steps, {quality:.1f} dB")


def _teach(
    run: Run,
    name: str,
    training: TextTraining | DecoderTraining,
    steps: int,
    share: float,
    step: Callable[[float], Tensor],
    keep: Callable[[], None],
) -> None:
    """Take all steps, or as many as its share of the time allows; checkpoints on the way."""
    bar = run.progress.add_task(name, total=1.0, note="")
    began, before_s = time.monotonic(), training.seconds
    saved_s = before_s
    while (done := _share_done(run, training, steps, share)) < 1:
        loss = step(done)
        if training.step % run.plan.look_every == 0 or training.step == steps:
            note = f"step {training.step}, loss {loss.item():.4f}"
            training.seconds = before_s + time.monotonic() - began
            done = _share_done(run, training, steps, share)
            run.progress.update(bar, completed=min(1.0, done), note=note)
            if training.seconds - saved_s >= run.plan.checkpoint_s:
                keep()
                saved_s = training.seconds
    keep()


def _share_done(
    run: Run, training: TextTraining | DecoderTraining, steps: int, share: float
) -> float:
    """How much of the stage is done: of its steps, or of its share of the time."""
    return max(training.step / steps, training.seconds / (share * run.clock.total_s))


def latents(run: Run) -> None:
    """Render and encode the training pictures, or as many as the time allows. Pictures that are
    rendered beside the denoiser's training are left to it."""
    plan, shards = run.plan, run.shards
    if plan.beside:
        return
    bar = run.progress.add_task("latents", total=plan.shards, note="")
    until = time.monotonic() + _LATENTS_SHARE * run.clock.total_s
    for finished in _rendering(shards, plan.shards, plan.workers):
        run.progress.update(bar, completed=finished)
        if finished and time.monotonic() > until:
            run.log(f"time for {finished * plan.shard} pictures of {plan.pictures}")
            return


def _rendering(shards: Shards, count: int, workers: int) -> Iterator[int]:
    """Render; says again and again how many shards are finished."""
    if workers == 1:
        shards.folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            shards.write(index)
            yield index + 1
        return
    with Rendering(shards, count, workers) as rendering:
        while rendering.wait(1.0):
            yield len(shards.complete(count))
    yield len(shards.complete(count))


def ship_folder(run: Run) -> None:
    """Put the trained parts into one pipeline folder, `weights`, in half precision."""
    training = start_denoiser(run)
    training.load(run.work.denoiser_file)
    work = run.work
    parts = work.vae(), work.reader().encoder, work.tokenizer(), training.averaged()
    ship(assemble(*parts), work.weights)


def _square(run: Run) -> Frame:
    return Frame(run.plan.side, run.plan.side)
