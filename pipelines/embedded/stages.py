"""What each stage of the training does and leaves in the work folder; `train` orders them."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from rich.progress import Progress, TaskID
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPTokenizer

from pipelines.embedded.assembly import assemble, ship
from pipelines.embedded.autoencoder import (
    FACTOR,
    DecoderTraining,
    Pca,
    build_autoencoder,
    fidelity,
    fit_pca,
)
from pipelines.embedded.canvas import Frame
from pipelines.embedded.captions import captioned
from pipelines.embedded.dataset import SHARD, Shards, rendered
from pipelines.embedded.denoiser import build_unet
from pipelines.embedded.denoiser_training import Budget, DenoiserTraining, Examples
from pipelines.embedded.frames import SQUARE, frame_of
from pipelines.embedded.sheet import DOCUMENT_PROMPTS, OWN_PROMPTS, sample_sheet
from pipelines.embedded.text_encoder import Reader, accuracy, token_ids, train_reader
from pipelines.embedded.tokenizer import build_tokenizer

_WORD_SEEDS = 1_000_000
_PIXEL_SEEDS = 2_000_000
_READER_SEEDS = 50_000_000
_GATE_SEEDS = 60_000_000
_EMPTY = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything. The defaults are those of the shipped weights."""

    word_captions: int = 60_000
    reader_steps: int = 6000
    gate: float = 0.99
    gate_captions: int = 2000
    pixel_pictures: int = 1500
    decoder_steps: int = 5000
    decoder_pictures: int = 3000
    decoder_batch: int = 16
    pictures: int = 90_000
    shard: int = SHARD
    variants: int = 3
    channels: tuple[int, ...] = (80, 144, 224)
    batch: int = 128
    rate: float = 2e-3
    threads: int = 1
    denoiser_s: float = 80 * 60
    report_s: float = 600
    side: int = SQUARE.short
    workers: int = 1
    sheet_prompts: tuple[str, ...] = DOCUMENT_PROMPTS + OWN_PROMPTS


@dataclass(frozen=True, slots=True)
class Run:
    """A plan, the work folder, and where progress is shown."""

    plan: Plan
    out: Path
    progress: Progress

    @property
    def device(self) -> torch.device:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def shards(self) -> Shards:
        return Shards(self.out / "latents", load_pca(self.out), self.plan.shard, self.plan.side)

    def log(self, text: str) -> None:
        self.progress.console.log(text)


class GateClosed(Exception):
    """The text encoder does not name what captions say well enough to draw from it."""


def words(run: Run) -> None:
    """Learn the tokenizer and the text encoder.

    Raises: GateClosed: when an attribute is named right less often than the plan asks.
    """
    if (run.out / "reader.pt").exists():
        return
    plan = run.plan
    seeds = range(_WORD_SEEDS, _WORD_SEEDS + plan.word_captions)
    build_tokenizer(captioned(seed)[1].text for seed in seeds).save_pretrained(
        run.out / "tokenizer"
    )
    tokenizer = load_tokenizer(run.out)
    reader = Reader(tokenizer)
    bar = run.progress.add_task("words", total=plan.reader_steps, note="")
    for step, loss in train_reader(reader, tokenizer, _READER_SEEDS, plan.reader_steps):
        run.progress.update(bar, completed=step, note=f"loss {loss:.3f}")
    check_reader(run, reader, tokenizer)
    torch.save(reader.state_dict(), run.out / "reader.pt")


def check_reader(run: Run, reader: Reader, tokenizer: CLIPTokenizer) -> None:
    """Measure the text encoder on captions it never saw, and stop when it falls short.

    Raises: GateClosed: with the attribute that falls short most.
    """
    seeds = range(_GATE_SEEDS, _GATE_SEEDS + run.plan.gate_captions)
    captions = [captioned(seed, for_evaluation=True)[1] for seed in seeds]
    shares = accuracy(reader, tokenizer, captions)
    run.log("named right: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    del shares["all"]
    worst = min(shares, key=lambda name: shares[name])
    if shares[worst] < run.plan.gate:
        raise GateClosed(f"{worst} is named right in {shares[worst]:.1%} of new captions, "
                         f"not in {run.plan.gate:.0%}: train the words longer")  # fmt: skip


def pixels(run: Run) -> None:
    """Fit the encoder, then teach the decoder, from its last checkpoint if there is one."""
    plan = run.plan
    if not (run.out / "pca.safetensors").exists():
        seeds = range(_PIXEL_SEEDS, _PIXEL_SEEDS + plan.pixel_pictures)
        pca = fit_pca(rendered(seeds, Frame(plan.side, plan.side)))
        save_file(pca.tensors(), run.out / "pca.safetensors")
    vae = build_autoencoder(load_pca(run.out))
    training = DecoderTraining.start(vae)
    checkpoint = run.out / "decoder.pt"
    if checkpoint.exists():
        training.load(checkpoint)
    bar = run.progress.add_task("pixels", total=plan.decoder_steps, note="")
    if training.step < plan.decoder_steps:
        _teach_decoder(run, training, checkpoint, bar)
    run.progress.update(bar, completed=plan.decoder_steps)


def _teach_decoder(run: Run, training: DecoderTraining, checkpoint: Path, bar: TaskID) -> None:
    plan = run.plan
    first = _PIXEL_SEEDS + plan.pixel_pictures
    pictures = torch.from_numpy(
        rendered(range(first, first + plan.decoder_pictures), Frame(plan.side, plan.side))
    )
    latents = load_pca(run.out).encode_many(pictures.numpy())
    generator = torch.Generator().manual_seed(training.step)
    while training.step < plan.decoder_steps:
        rows = torch.randint(0, len(pictures), (plan.decoder_batch,), generator=generator)
        whole = pictures[rows].permute(0, 3, 1, 2).float() / 255
        loss = training.train_step(whole, latents[rows].float(), plan.decoder_steps, generator)
        run.progress.update(bar, completed=training.step, note=f"loss {loss:.4f}")
        if training.step % 250 == 0 or training.step == plan.decoder_steps:
            training.save(checkpoint)
            fine = fidelity(load_vae(run.out, 1.0), pictures[:32].numpy())
            run.log(f"decoder: step {training.step}, loss {loss:.4f}, {fine:.1f} dB")


def latents(run: Run) -> None:
    """Render and encode the training pictures."""
    count = -(-run.plan.pictures // run.plan.shard)
    bar = run.progress.add_task("latents", total=count, note="")
    for done in run.shards.write_all(count, run.plan.workers):
        run.progress.update(bar, completed=done + 1)


def denoiser(run: Run) -> None:
    """Train the denoiser until its time is used up; every report is a checkpoint and a sheet.

    Shards that were finished meanwhile (by a `latents` stage in another process) join in then.
    """
    plan = run.plan
    budget = Budget(plan.denoiser_s)
    training = start_denoiser(run)
    resume_denoiser(run, training, budget)
    bar = run.progress.add_task("denoiser", total=plan.denoiser_s, note="")
    run.progress.update(bar, completed=training.seconds)
    while training.seconds < plan.denoiser_s:
        groups, scale = load_examples(run, load_tokenizer(run.out))
        (run.out / "scale.txt").write_text(f"{scale:.6f}\n")
        count = sum(len(group.latents) for group in groups)
        run.log(f"{count} pictures on {run.device}, sample {training.samples}")
        until = min(plan.denoiser_s, training.seconds + plan.report_s)
        if not training.falling:
            until = min(until, budget.held_until_s)
        _train_until(run, training, groups, budget, until, bar)
        _report(run, training)


def start_denoiser(run: Run) -> DenoiserTraining:
    """An untrained denoiser, in as many threads as the plan has on a CPU."""
    plan = run.plan
    unet = build_unet(plan.channels, plan.side // FACTOR)
    threads = plan.threads if run.device.type == "cpu" else 1
    encoder = load_reader(run.out).encoder
    return DenoiserTraining(unet, encoder, run.device, plan.rate, plan.batch, threads)


def resume_denoiser(run: Run, training: DenoiserTraining, budget: Budget) -> None:
    """Go on from the last checkpoint; with a longer budget than before, from the last one at
    the full learning rate, as weights that were brought to rest learn little more."""
    last, held = run.out / "denoiser.pt", run.out / "denoiser-held.pt"
    if last.exists():
        training.load(last)
    if training.falling and training.seconds < budget.held_until_s and held.exists():
        training.load(held)


def _train_until(
    run: Run,
    training: DenoiserTraining,
    groups: list[Examples],
    budget: Budget,
    until_s: float,
    bar: TaskID,
) -> None:
    losses: list[float] = []
    while training.seconds < until_s:
        losses.append(training.train_step(groups, budget))
        if training.step % 20 == 0:
            note = _note(run, training, losses)
            run.progress.update(bar, completed=training.seconds, note=note)
            losses = []


def _note(run: Run, training: DenoiserTraining, losses: list[float]) -> str:
    loss = sum(losses) / len(losses)
    speed = training.samples / training.seconds
    with (run.out / "loss.csv").open("a") as file:
        file.write(f"{training.step},{training.samples},{training.seconds:.0f},{loss:.5f}\n")
    return f"{training.samples} samples, {speed:.0f}/s, loss {loss:.4f}"


def _report(run: Run, training: DenoiserTraining) -> None:
    """Save a checkpoint, and draw what the weights can do by now."""
    training.save(run.out / "denoiser.pt")
    if not training.falling:
        training.save(run.out / "denoiser-held.pt")
    pipeline = assemble(
        load_vae(run.out),
        load_reader(run.out).encoder,
        load_tokenizer(run.out),
        training.averaged(),
    )
    sample_sheet(pipeline, run.plan.sheet_prompts).save(
        run.out / f"samples-{training.samples:08d}.png"
    )
    run.log(f"checkpoint at {training.samples} samples")


def ship_folder(run: Run) -> None:
    """Put the trained parts into one pipeline folder, `weights`, in half precision."""
    training = start_denoiser(run)
    training.load(run.out / "denoiser.pt")
    parts = load_vae(run.out), training.encoder.cpu(), load_tokenizer(run.out), training.averaged()
    ship(assemble(*parts), run.out / "weights")


def load_tokenizer(out: Path) -> CLIPTokenizer:
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(out / "tokenizer")
    return tokenizer


def load_reader(out: Path) -> Reader:
    reader = Reader(load_tokenizer(out))
    reader.load_state_dict(torch.load(out / "reader.pt", weights_only=True))
    return reader.eval()


def load_pca(out: Path) -> Pca:
    return Pca.of(load_file(out / "pca.safetensors"))


def load_vae(out: Path, scale: float | None = None) -> AutoencoderTiny:
    """The autoencoder with the decoder's averaged weights as far as they are trained."""
    vae = build_autoencoder(load_pca(out))
    training = DecoderTraining.start(vae)
    if (out / "decoder.pt").exists():
        training.load(out / "decoder.pt")
        training.finish()
    vae.register_to_config(scaling_factor=scale or float((out / "scale.txt").read_text()))
    return vae.to(memory_format=torch.contiguous_format).eval()


def load_examples(run: Run, tokenizer: CLIPTokenizer) -> tuple[list[Examples], float]:
    """The training examples by frame, on the device, and the factor that gives latents unit spread."""
    count = min(run.shards.complete(), -(-run.plan.pictures // run.plan.shard))
    scale = 1 / float(run.shards.load(0).float().std((0, 2, 3)).square().mean().sqrt())
    empty = token_ids(tokenizer, [_EMPTY])[0].short().to(run.device)
    by_frame: dict[Frame, list[int]] = {}
    for index in range(count):
        by_frame.setdefault(frame_of(index, run.plan.side), []).append(index)
    groups = []
    for shards in by_frame.values():
        drawn = torch.cat([run.shards.load(index) for index in shards])
        ids = torch.cat([_ids(run, tokenizer, index) for index in shards])
        groups.append(Examples(drawn.mul_(scale).to(run.device), ids.to(run.device), empty))
    return groups, scale


def _ids(run: Run, tokenizer: CLIPTokenizer, shard: int) -> Tensor:
    """Token ids of a shard's captions, [pictures, variants, tokens]; kept beside it."""
    path = run.out / "latents" / f"ids-{shard:05d}-{run.plan.variants}.pt"
    if not path.exists():
        ids = token_ids(tokenizer, run.shards.captions(shard, run.plan.variants)).short()
        torch.save(ids.view(run.plan.shard, run.plan.variants, -1), path)
    kept: Tensor = torch.load(path, weights_only=True)
    return kept
