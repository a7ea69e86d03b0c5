"""Step 4a: the trained network reads the whole dataset in row order; what it says becomes columns."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from eider.torch import Loader
from model import EMBEDDING, UNet, has_data
from report import check, progress, rate, say, size
from scene import CHIP

import eider

BATCH = 256


def infer(uri: Path, model_file: Path) -> int:
    """Adds `predicted_mask`, `score` and `embedding`; returns the dataset's new version V."""
    dataset = eider.dataset(uri)
    net = UNet()
    net.load_state_dict(torch.load(model_file, weights_only=True))
    net.eval()
    files = set(_data_files(uri))
    start = time.perf_counter()
    loader = Loader(dataset, columns=["image"], batch_size=BATCH)
    masks, scores, embeddings = _predict(net, loader, dataset.count_rows())
    seconds = time.perf_counter() - start
    dataset.add_columns(_table(masks, scores, embeddings))
    version = eider.dataset(uri).version
    written = sum(file.stat().st_size for file in set(_data_files(uri)) - files)
    say(f"predicted {len(masks):,} chips in row order, {rate(len(masks), seconds, 'chips')}")
    say(f"added predicted_mask, score, embedding[{EMBEDDING}]: {size(written)} written, version V = {version}")
    _check_written(uri, masks, embeddings)
    return version


@torch.no_grad()
def _predict(net: UNet, loader: Loader, num_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    masks, scores, embeddings = [], [], []
    with progress("inference", "chip", num_rows) as bar:
        for batch in loader:
            logits, embedding = net(batch["image"])
            valid = has_data(batch["image"])
            chance = torch.sigmoid(logits)
            sure = torch.maximum(chance, 1 - chance)  # of the answer given, per pixel
            masks.append(((logits > 0) & valid).to(torch.uint8).numpy())
            scores.append(((sure * valid).sum((1, 2)) / valid.sum((1, 2)).clamp(min=1)).numpy())
            embeddings.append(embedding.numpy())
            bar.update(len(logits))
    return np.concatenate(masks), np.concatenate(scores), np.concatenate(embeddings)


def _table(masks: np.ndarray, scores: np.ndarray, embeddings: np.ndarray) -> pa.Table:
    tensor = pa.fixed_shape_tensor(pa.uint8(), (CHIP, CHIP), dim_names=("y", "x"))
    storage = pa.FixedSizeListArray.from_arrays(pa.array(masks.reshape(-1)), type=tensor.storage_type)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(embeddings.reshape(-1)), EMBEDDING)
    return pa.table(
        {
            "predicted_mask": pa.ExtensionArray.from_storage(tensor, storage),
            "score": pa.array(scores),
            "embedding": vectors,
        }
    )


def _check_written(uri: Path, masks: np.ndarray, embeddings: np.ndarray) -> None:
    table = eider.dataset(uri).to_table(columns=["predicted_mask", "embedding"])
    stored = table["predicted_mask"].combine_chunks().to_numpy_ndarray()
    vectors = table["embedding"].combine_chunks().flatten().to_numpy().reshape(embeddings.shape)
    check(np.array_equal(stored, masks) and np.array_equal(vectors, embeddings), "the columns read back as predicted")


def _data_files(uri: Path) -> list[Path]:
    return list((uri / "data").iterdir())
