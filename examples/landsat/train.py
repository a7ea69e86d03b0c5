"""One training process: reads the dataset through eider.torch.Loader, logs every step, can be killed and resumed.

    python train.py chips.lance run/ --epochs 12             starts a run
    python train.py chips.lance run/ --epochs 12 --resume    continues it from its last checkpoint

A line of run/steps.jsonl tells what one step saw: which chips, the loss, and how long it waited for its data.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from eider.torch import Loader
from model import UNet, has_data, loss_of
from split import split_rows

import eider

SEED = 7
BATCH = 32
CHECKPOINT_STEPS = 5


class Run:
    """Model, optimiser and loader of a run, with everything that a checkpoint must hold."""

    def __init__(self, uri: str, folder: Path, epochs: int):
        dataset = eider.dataset(uri)
        self.folder, self.epoch = folder, 0
        self.split = split_rows(dataset)
        columns = ["image", "mask", "chip_id"]
        self.loader = Loader(dataset, columns=columns, batch_size=BATCH, shuffle=True, seed=SEED, rows=self.split.train)
        self.validation = Loader(dataset, columns=columns[:2], batch_size=256, rows=self.split.validation)
        torch.manual_seed(SEED)
        self.net = UNet()
        self.optimiser = torch.optim.AdamW(self.net.parameters(), weight_decay=1e-2)
        steps = epochs * len(self.loader)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, max_lr=5e-3, total_steps=steps)

    def save(self, next_step: int) -> None:
        state = {"epoch": self.epoch, "step": next_step, "loader": self.loader.state_dict(),
                 "net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(),
                 "schedule": self.schedule.state_dict()}  # fmt: skip
        torch.save(state, self.folder / "checkpoint.tmp")
        os.replace(self.folder / "checkpoint.tmp", self.folder / "checkpoint.pt")

    def load(self) -> int:
        """Returns the step, within the epoch, that comes next."""
        state = torch.load(self.folder / "checkpoint.pt", weights_only=False)
        self.epoch = state["epoch"]
        for name in ("loader", "net", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        return state["step"]

    def step(self, images: torch.Tensor, masks: torch.Tensor, number: int) -> float:
        images, masks = _turned(images, masks, np.random.default_rng([SEED, self.epoch, number]))
        loss = loss_of(self.net(images)[0], images, masks)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        return loss.item()

    @torch.no_grad()
    def validate(self) -> dict:
        """Intersection over union of land, over the validation pixels that have data."""
        self.net.eval()
        both = either = land = seen = 0
        for batch in self.validation:
            valid = has_data(batch["image"])
            truth, guess = (batch["mask"] > 0) & valid, (self.net(batch["image"])[0] > 0) & valid
            both += int((truth & guess).sum())
            either += int((truth | guess).sum())
            land, seen = land + int(truth.sum()), seen + int(valid.sum())
        self.net.train()
        # The best constant answer is "all land" (its union is every pixel); "no land" has nothing in common.
        return {"iou": both / max(either, 1), "constant_iou": land / max(seen, 1)}


def _turned(
    images: torch.Tensor, masks: torch.Tensor, random: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The batch in one of the eight orientations of a square: the land has no preferred one."""
    turns, mirror = int(random.integers(4)), bool(random.integers(2))
    images, masks = torch.rot90(images, turns, (2, 3)), torch.rot90(masks, turns, (1, 2))
    return (images.flip(3), masks.flip(2)) if mirror else (images, masks)


def train(run: Run, first_step: int, last_epoch: int) -> None:
    with open(run.folder / "steps.jsonl", "a") as log, open(run.folder / "epochs.jsonl", "a") as epochs:
        while run.epoch < last_epoch:
            _train_epoch(run, first_step, log)
            print(json.dumps({"epoch": run.epoch, **run.validate()}), file=epochs, flush=True)
            run.epoch, first_step = run.epoch + 1, 0
            run.loader.set_epoch(run.epoch)
    torch.save(run.net.state_dict(), run.folder / "model.pt")


def _train_epoch(run: Run, first_step: int, log) -> None:
    asked = time.perf_counter()
    for number, batch in enumerate(run.loader, first_step):
        got = time.perf_counter()
        loss = run.step(batch["image"], batch["mask"], number)
        if (number + 1) % CHECKPOINT_STEPS == 0:
            run.save(number + 1)
        now = time.perf_counter()
        line = {"process": os.getpid(), "epoch": run.epoch, "step": number, "loss": loss, "wait": got - asked,
                "time": now - asked, "chips": batch["chip_id"].numpy().tobytes().hex()}  # fmt: skip
        print(json.dumps(line), file=log, flush=True)
        asked = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uri")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--stop-after", type=int, help="leave after this many of the epochs")
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    run = Run(arguments.uri, arguments.folder, arguments.epochs)
    first_step = run.load() if arguments.resume else 0
    train(run, first_step, arguments.stop_after or arguments.epochs)


if __name__ == "__main__":
    main()
