"""Step 5: pictures. Chips with true and predicted masks and the shoreline drawn over, and how training went."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scene import CHIP, Scene, footprints
from split import split_rows
from train import BATCH

import eider

CHIPS = 8
SEA, LAND, LINE = "#10324a", "#d9b36c", "#ff3b6b"


def draw_chips(scene: Scene, uri: Path, png: Path) -> None:
    """Validation chips only: the network has seen none of their pixels."""
    dataset = eider.dataset(uri)
    rows = _from_worst_to_best(dataset)
    columns = ["chip_row", "chip_col", "image", "mask", "predicted_mask", "shoreline", "score"]
    sample = dataset.take(rows.tolist(), columns=columns)
    images, masks, guesses = (sample[i].combine_chunks().to_numpy_ndarray() for i in (2, 3, 4))
    squares = footprints(scene, *(sample[i].to_numpy().astype(int) for i in (0, 1)))
    figure, axes = plt.subplots(4, CHIPS, figsize=(1.75 * CHIPS, 7.6), layout="constrained")
    palette = matplotlib.colors.ListedColormap([SEA, LAND])
    for i, square in enumerate(squares):
        colour = _stretched(images[i])
        axes[0, i].imshow(colour)
        axes[1, i].imshow(masks[i], cmap=palette, vmin=0, vmax=1)
        axes[2, i].imshow(guesses[i], cmap=palette, vmin=0, vmax=1)
        axes[3, i].imshow(colour)
        _outline(axes[3, i], sample["shoreline"][i].as_py(), square.bounds)
        axes[0, i].set_title(f"row {rows[i]}", fontsize=9)
        axes[2, i].set_xlabel(f"IoU {_iou(masks[i], guesses[i], images[i]):.2f}", fontsize=9)
    for axis, name in zip(axes[:, 0], ("chip", "true mask", "predicted mask", "shoreline over chip")):
        axis.set_ylabel(name, fontsize=11)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], xlim=(-0.5, CHIP - 0.5), ylim=(CHIP - 0.5, -0.5))
    figure.suptitle(
        "Land (tan) and water (blue) in chips that the network has not seen, from the worst to the best: 32 x 32 pixels of 300 m",
        fontsize=12,
    )
    figure.savefig(png, dpi=120)
    plt.close(figure)


def _from_worst_to_best(dataset) -> np.ndarray:
    """Validation chips without border and with much shoreline, at even steps of their IoU: the worst and the best are among them."""
    rows = split_rows(dataset).validation
    table = dataset.take(rows.tolist(), columns=["land_share", "nodata_fraction", "image", "mask", "predicted_mask"])
    share, nodata = (table[i].to_numpy() for i in (0, 1))
    ious = np.array([_iou(*of) for of in zip(*(table[i].combine_chunks().to_numpy_ndarray() for i in (3, 4, 2)))])
    mixed = np.flatnonzero((nodata == 0) & (share > 0.2) & (share < 0.8))
    if len(mixed) < CHIPS:
        mixed = np.argsort(nodata + np.abs(share - 0.5))[:CHIPS]
    mixed = mixed[np.argsort(ious[mixed])]
    return rows[mixed[np.linspace(0, len(mixed) - 1, CHIPS).astype(int)]]


def _stretched(image: np.ndarray) -> np.ndarray:
    """Bands first, raw, to a picture that uses the whole range of brightness."""
    low, high = np.percentile(image, (1, 99))
    return np.clip((np.moveaxis(image, 0, -1) - low) / max(high - low, 1), 0, 1)


def _iou(mask: np.ndarray, guess: np.ndarray, image: np.ndarray) -> float:
    seen = image.max(0) > 0
    either = ((mask > 0) | (guess > 0)) & seen
    return float(((mask > 0) & (guess > 0) & seen).sum() / max(either.sum(), 1))


def _outline(axis, polygons: list, bounds: tuple[float, float, float, float]) -> None:
    left, bottom, right, top = bounds
    for ring in (ring for polygon in polygons for ring in polygon):
        x, y = np.array([(vertex["x"], vertex["y"]) for vertex in ring]).T
        x, y = (x - left) / (right - left), (top - y) / (top - bottom)
        axis.plot(x * CHIP - 0.5, y * CHIP - 0.5, color=LINE, linewidth=1.3)


def draw_training(run: Path, png: Path) -> None:
    steps = {(line["epoch"], line["step"]): line for line in _lines(run / "steps.jsonl")}
    steps = [steps[key] for key in sorted(steps)]
    epochs = _lines(run / "epochs.jsonl")
    at = np.arange(len(steps))
    per_epoch = len(steps) / len(epochs)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 6.4), sharex=True, layout="constrained")
    losses = [line["loss"] for line in steps]
    top.plot(at, losses, color="#b8c4cc", linewidth=1, label="loss, each step")
    top.plot(at, _smooth(losses), color="#1f77b4", linewidth=2, label="loss, smoothed")
    right = top.twinx()
    right.plot([(i + 1) * per_epoch for i in range(len(epochs))], [line["iou"] for line in epochs], "o-",
               color="#2a9d5c", markersize=4, label="validation IoU")  # fmt: skip
    right.axhline(epochs[-1]["constant_iou"], color="#2a9d5c", linestyle=":", label="IoU of the best constant answer")
    killed = next(i for i in at[1:] if steps[i]["process"] != steps[i - 1]["process"])
    for axis in (top, bottom):
        axis.axvline(killed - 0.5, color=LINE, linewidth=1)
    top.annotate(" killed and resumed", (killed, max(losses)), color=LINE, fontsize=9, va="top")
    top.set(ylabel="loss", ylim=(0, None), title="Training: loss, validation, and waiting for data")
    right.set(ylabel="IoU", ylim=(0, 1))
    handles = [*top.get_lines()[:2], *right.get_lines()]
    labels = [line.get_label() for line in handles]
    top.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.03), ncols=4, fontsize=9)
    loader = [len(line["chips"]) / 32 / max(line["wait"], 1e-6) for line in steps]
    model = [len(line["chips"]) / 32 / max(line["time"], 1e-6) for line in steps]
    bottom.plot(at, loader, ".", color="#e08a2b", markersize=4, label="batch / wait for it (prefetched: an upper bound of what the loader gives)")
    bottom.plot(at, model, color="#1f77b4", linewidth=1, label="training consumes")
    bottom.set(yscale="log", ylabel="samples / s", xlabel=f"step of {BATCH} samples")
    bottom.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, fontsize=9)
    figure.savefig(png, dpi=120)
    plt.close(figure)


def _lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def _smooth(values: list[float], width: int = 15) -> np.ndarray:
    """Means of `width` steps; near the ends, of those that there are."""
    window = np.ones(width)
    return np.convolve(values, window, mode="same") / np.convolve(np.ones(len(values)), window, mode="same")
