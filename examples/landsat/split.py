"""Train and validation rows without leakage: whole spatial blocks go to one side, and no pixel is on both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scene import CHIP, STRIDE

MAX_NODATA = 0.5  # chips that are mostly border teach nothing
FOLDS, FOLD = 5, 4  # blocks lie on a knight's-move lattice of five folds; one of them validates


@dataclass(frozen=True)
class Split:
    train: np.ndarray  # row positions in the dataset, ascending
    validation: np.ndarray
    dropped: int  # training chips that shared pixels with a validation chip
    shared_pixels: int


def split_rows(dataset) -> Split:
    table = dataset.to_table(columns=["chip_row", "chip_col", "block_row", "block_col", "nodata_fraction"])
    chip_row, chip_col, block_row, block_col = (table[i].to_numpy().astype(np.int64) for i in range(4))
    useful = table["nodata_fraction"].to_numpy() <= MAX_NODATA
    held_out = (block_row + 2 * block_col) % FOLDS == FOLD
    shape = ((chip_row.max() + 2) * STRIDE, (chip_col.max() + 2) * STRIDE)

    validation = np.flatnonzero(useful & held_out)
    validated = _covered(shape, chip_row[validation], chip_col[validation])
    candidates = np.flatnonzero(useful & ~held_out)
    windows = np.lib.stride_tricks.sliding_window_view(validated, (CHIP, CHIP))
    touches = windows[chip_row[candidates] * STRIDE, chip_col[candidates] * STRIDE].any((1, 2))
    train = candidates[~touches]
    trained = _covered(shape, chip_row[train], chip_col[train])
    return Split(train, validation, int(touches.sum()), int((trained & validated).sum()))


def _covered(shape: tuple[int, int], chip_row: np.ndarray, chip_col: np.ndarray) -> np.ndarray:
    """The plane of pixels that lie in one of the chips."""
    plane = np.zeros(shape, bool)
    for row, col in zip(chip_row * STRIDE, chip_col * STRIDE):
        plane[row : row + CHIP, col : col + CHIP] = True
    return plane
