"""Step 3: training is killed in mid-epoch and resumed in a new process; nothing is lost, nothing is seen twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from report import check, progress, rate, say
from split import split_rows
from tqdm import tqdm
from train import BATCH

import eider

CHIP_ID_HEX = 32  # characters of one chip id in the log
KILL_EPOCH = 1  # the second one: the first has shown that epochs differ in their order


def train_and_survive(uri: Path, run: Path, epochs: int) -> dict:
    """Trains `epochs` epochs in two processes, checks what they saw, and returns the last validation result."""
    split = split_rows(eider.dataset(uri))
    say(f"{len(split.train):,} training and {len(split.validation):,} validation chips in separate spatial blocks; "
        f"{split.dropped} chips on the seams dropped")  # fmt: skip
    check(split.shared_pixels == 0, f"{split.shared_pixels} pixels are shared by the two splits")
    steps = -(-len(split.train) // BATCH)
    kill_at = KILL_EPOCH * steps + steps // 2

    with progress("training", "step", epochs * steps) as bar:
        killed = _start(uri, run, epochs)
        _follow(killed, run, bar, kill_at)
        killed.send_signal(signal.SIGKILL)
        check(killed.wait() == -signal.SIGKILL, f"process {killed.pid} was killed in the middle of epoch {KILL_EPOCH}")
        resumed = _start(uri, run, epochs, "--resume")
        _follow(resumed, run, bar)
    check(resumed.returncode == 0, f"process {resumed.pid} resumed from the last checkpoint and finished")
    first, second = (_steps_of(run, process.pid) for process in (killed, resumed))
    _check_samples(uri, split.train, first, second, steps)
    _check_repeats(uri, run.with_name(run.name + "-again"), epochs, steps, {**first, **second})
    _say_times(first, second)
    return _say_validation(run)


def _start(uri: Path, run: Path, epochs: int, *flags: str) -> subprocess.Popen:
    script = Path(__file__).with_name("train.py")
    return subprocess.Popen([sys.executable, str(script), str(uri), str(run), "--epochs", str(epochs), *flags])


def _follow(process: subprocess.Popen, run: Path, bar: tqdm, stop_at: int | None = None) -> None:
    """Shows a process's progress until it ends, or has logged the step before `stop_at`."""
    while process.poll() is None and (stop_at is None or bar.n < stop_at):
        time.sleep(0.02)
        lines = _log(run, "steps.jsonl")
        if lines and lines[-1]["process"] == process.pid:
            bar.set_postfix(epoch=lines[-1]["epoch"], loss=f"{lines[-1]['loss']:.3f}", refresh=False)
            bar.update(len({(line["epoch"], line["step"]) for line in lines}) - bar.n)
    if process.poll() not in (None, 0):
        raise RuntimeError(f"training process {process.pid} ended with code {process.returncode}")


def _log(run: Path, name: str) -> list[dict]:
    """The whole lines of a log; the last one may be cut short by a kill."""
    file = run / name
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _steps_of(run: Path, process: int) -> dict[tuple[int, int], dict]:
    lines = [line for line in _log(run, "steps.jsonl") if line["process"] == process]
    return {(line["epoch"], line["step"]): line for line in lines}


def _check_samples(uri: Path, rows: np.ndarray, first: dict, second: dict, steps: int) -> None:
    resumed_at = min(second)[1]
    table = eider.dataset(uri).to_table(columns=["chip_id"])
    expected = {chip.as_py().hex for chip in table["chip_id"].take(rows)}
    before = [chip for step in range(resumed_at) for chip in _chips(first[KILL_EPOCH, step])]
    after = [chip for step in range(resumed_at, steps) for chip in _chips(second[KILL_EPOCH, step])]
    check(set(after) == expected - set(before) and len(before) + len(after) == len(expected),
          f"epoch {KILL_EPOCH}: {len(before)} samples before the checkpoint, exactly the {len(after)} "
          f"remaining ones after it")  # fmt: skip
    for epoch in {epoch for epoch, _ in second} - {KILL_EPOCH}:
        seen = [chip for step in range(steps) for chip in _chips(second[epoch, step])]
        if sorted(seen) != sorted(expected):
            raise AssertionError(f"epoch {epoch} did not see every training chip once")
    orders = {tuple(_chips(first[epoch, 0])) for epoch in (0, KILL_EPOCH)}
    check(len(orders) == 2, "every epoch sees each training chip once, each time in another order")


def _chips(line: dict) -> list[str]:
    text = line["chips"]
    return [text[i : i + CHIP_ID_HEX] for i in range(0, len(text), CHIP_ID_HEX)]


def _check_repeats(uri: Path, again: Path, epochs: int, steps: int, survived: dict) -> None:
    """Trains the first epochs once more, uninterrupted."""
    process = _start(uri, again, epochs, "--stop-after", str(KILL_EPOCH + 1))
    with progress("the same seed again", "step", (KILL_EPOCH + 1) * steps) as bar:
        _follow(process, again, bar)
    repeated = _steps_of(again, process.pid)
    same = all(survived[key]["loss"] == line["loss"] for key, line in repeated.items())
    check(same and len(repeated) == (KILL_EPOCH + 1) * steps,
          f"the same seed, uninterrupted, gives the same {len(repeated)} losses, bit by bit")  # fmt: skip


def _say_times(first: dict, second: dict) -> None:
    lines = [*first.values(), *second.values()]
    wait, total = sum(line["wait"] for line in lines), sum(line["time"] for line in lines)
    samples = sum(len(_chips(line)) for line in lines)
    say(f"{len(lines)} steps of {BATCH} on {os.cpu_count()} cores: {rate(samples, total, 'samples')}; "
        f"waiting for data took {wait / total:.2%} of the step time")  # fmt: skip


def _say_validation(run: Path) -> dict:
    result = _log(run, "epochs.jsonl")[-1]
    say(f"validation IoU {result['iou']:.3f}; the best constant answer's (all land) is {result['constant_iou']:.3f}")
    return result
