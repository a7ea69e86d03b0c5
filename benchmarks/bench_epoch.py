"""A shuffled epoch of training batches, in rows a second: Eider's loader, the reference's torch loaders, a plain gather in memory,
the same loop over Parquet, and one file per sample.

Each run is a fresh epoch, cut off after some seconds; its rate is what counts.
"""

from __future__ import annotations

import pathlib
import time
import warnings
from collections.abc import Callable, Iterable, Iterator

import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import data
from benchmarks.harness import Case, Contender, keep_warm

BATCH = 1024
LIMIT = {True: 1.0, False: 4.0}  # seconds, by "quick"


def rate(rows: int, start: Callable[[int], Iterable], number: int, limit: float) -> float:
    """Rows a second of epoch `number`, cut off after `limit` seconds."""
    seen, begin = 0, time.perf_counter()
    iterator = iter(start(number))
    for batch in iterator:
        seen += batch_rows(batch)
        if time.perf_counter() - begin > limit:
            return seen / (time.perf_counter() - begin)
    if seen != rows:
        raise AssertionError(f"an epoch of {rows} rows gave {seen}")
    return seen / (time.perf_counter() - begin)


def batch_rows(batch) -> int:
    first = next(iter(batch.values())) if isinstance(batch, dict) else batch
    return len(first)


def eider_first_epochs(uri: str, columns: list[str] | None, batch: int) -> Callable[[int], Iterable]:
    """A new loader for every epoch: a shuffled one decodes the narrow columns first."""
    import eider.torch

    return lambda i: eider.torch.Loader(uri, columns=columns, batch_size=batch, shuffle=True, seed=i)


def eider_epochs(uri: str, columns: list[str] | None, batch: int, shuffle: bool) -> Callable[[int], Iterable]:
    """One loader, epoch after epoch, as a training script uses it."""
    import eider.torch

    loader = eider.torch.Loader(uri, columns=columns, batch_size=batch, shuffle=shuffle)

    def start(number: int) -> Iterable:
        loader.set_epoch(number)
        return loader

    return start


def touched(start: Callable[[int], Iterable]) -> Callable[[int], Iterable]:
    """The same with every value read once, as a model would: in row order a batch is a view that nobody has looked at yet."""

    def look(number: int) -> Iterator:
        for batch in start(number):
            for tensor in batch.values():
                tensor.sum()
            yield batch

    return look


def eider_starts(uri: str, columns: list[str] | None, batch: int) -> dict[str, Callable[[int], Iterable]]:
    shuffled, ordered = eider_epochs(uri, columns, batch, True), eider_epochs(uri, columns, batch, False)
    return {
        "eider": shuffled,
        "eider new loader": eider_first_epochs(uri, columns, batch),
        "eider in order": ordered,
        "eider, summed": touched(shuffled),
        "eider in order, summed": touched(ordered),
    }


def pylance_sequential(uri: str, columns: list[str], batch: int) -> Callable[[int], Iterable]:
    from lance.torch.data import LanceDataset

    return lambda i: LanceDataset(uri, batch_size=batch, columns=columns)


def pylance_shuffled(uri: str, batch: int) -> Callable[[int], Iterable]:
    import torch
    from lance.torch.data import SafeLanceDataset

    def collate(rows):
        return {name: torch.as_tensor(np.asarray([row[name] for row in rows])) for name in rows[0]}

    def start(number: int):
        torch.manual_seed(number)
        return torch.utils.data.DataLoader(SafeLanceDataset(uri), batch_size=batch, shuffle=True, collate_fn=collate)

    return start


def pylance_take(uri: str, rows: int, batch: int) -> Callable[[int], Iterable]:
    """The best that the reference's API gives: whole batches by `take`, straight to tensors."""
    import torch

    ds = lance.dataset(uri)

    def start(number: int):
        order = np.random.default_rng(number).permutation(rows)
        for at in range(0, rows, batch):
            got = ds.take(order[at:at + batch].tolist()).combine_chunks()
            yield {name: torch.from_numpy(plain(got.column(name).chunk(0))) for name in got.column_names}

    return start


def plain(array: pa.Array) -> np.ndarray:
    if pa.types.is_fixed_size_list(array.type):
        return array.flatten().to_numpy(zero_copy_only=False).reshape(len(array), -1).copy()
    return array.to_numpy(zero_copy_only=False).copy()


def gather(table: pa.Table, batch: int) -> Callable[[int], Iterable]:
    """Everything in memory as tensors, one index per column and batch."""
    import torch

    columns = {name: torch.from_numpy(plain(table.column(name).combine_chunks())) for name in table.column_names}

    def start(number: int):
        order = torch.randperm(table.num_rows, generator=torch.Generator().manual_seed(number))
        for picks in order.split(batch):
            yield {name: column[picks] for name, column in columns.items()}

    return start


def parquet_loop(path: str, batch: int) -> Callable[[int], Iterable]:
    """Row groups in random order, shuffled within: what a training loop over Parquet usually does."""
    import torch

    def start(number: int):
        npr = np.random.default_rng(number)
        file = pq.ParquetFile(path)
        for group in npr.permutation(file.num_row_groups):
            table = file.read_row_group(int(group)).combine_chunks()
            columns = {name: plain(table.column(name).chunk(0)) for name in table.column_names}
            order = npr.permutation(table.num_rows)
            for at in range(0, len(order), batch):
                yield {name: torch.from_numpy(column[order[at:at + batch]]) for name, column in columns.items()}

    return start


def file_loop(folder: pathlib.Path, batch: int) -> Callable[[int], Iterable]:
    """One file per chip and one per mask, their paths in a CSV."""
    import csv

    import torch

    def start(number: int):
        with open(folder / "samples.csv", newline="") as listing:
            rows = [(row["chip"], row["mask"]) for row in csv.DictReader(listing)]
        order = np.random.default_rng(number).permutation(len(rows))
        for at in range(0, len(order), batch):
            picks = [rows[i] for i in order[at:at + batch]]
            chips = np.stack([np.fromfile(folder / chip, np.uint8) for chip, _ in picks])
            masks = np.stack([np.fromfile(folder / mask, np.uint8) for _, mask in picks])
            yield {"chip": torch.from_numpy(chips), "mask": torch.from_numpy(masks)}

    return start


def write_files(table: pa.Table, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    chips = plain(table.column("chip").combine_chunks())
    masks = plain(table.column("mask").combine_chunks())
    with open(folder / "samples.csv", "w") as listing:
        listing.write("chip,mask\n")
        for i in range(table.num_rows):
            place = f"{i // 1000:04d}"
            if i % 1000 == 0:
                (folder / place).mkdir()
            (folder / place / f"{i}.chip").write_bytes(chips[i].tobytes())
            (folder / place / f"{i}.mask").write_bytes(masks[i].tobytes())
            listing.write(f"{place}/{i}.chip,{place}/{i}.mask\n")


def check_epoch(start: Callable[[int], Iterable], rows: int, column: str, total: int) -> None:
    """Every row once: the column's sum over the epoch is the table's."""
    seen = summed = 0
    for batch in start(5):
        seen += batch_rows(batch)
        summed += int(batch[column].long().sum())
    assert (seen, summed) == (rows, total), f"epoch: {seen} rows with sum {summed}, expected {rows} with {total}"


def epoch_case(name: str, rows: int, starts: dict[str, Callable[[int], Iterable]], quick: bool, note: str) -> Case:
    contenders = [Contender(label, lambda number, start=start: rate(rows, start, number, LIMIT[quick]), slow=True)
                  for label, start in starts.items()]
    return Case(name, contenders, rows=rows, note=note, rates=True)


def numeric(eider, quick: bool) -> Case:
    uri = data.lance_by_reference("numeric", quick)
    keep_warm(uri)
    table = data.table("numeric", quick)
    rows = table.num_rows
    starts = {
        **eider_starts(uri, None, BATCH),
        "pylance safe+shuffle": pylance_shuffled(uri, BATCH),
        "pylance take": pylance_take(uri, rows, BATCH),
        "pylance in order": pylance_sequential(uri, table.column_names, BATCH),
        "gather in memory": gather(table, BATCH),
    }
    check_epoch(starts["eider"], rows, "i3", int(table["i3"].to_numpy().sum()))
    return epoch_case("epoch-numeric", rows, starts, quick, f"39 columns, batches of {BATCH}")


def fashion(eider, quick: bool) -> Case | None:
    table = data.fashion()
    if table is None:
        print("epoch-fashion                skipped: the Debian package dataset-fashion-mnist is not installed")
        return None
    if quick:
        table = table.slice(0, 10_000)
    uri = str(data.once(data.folder(quick) / "fashion.lance", lambda p: lance.write_dataset(table, str(p))))
    keep_warm(uri)
    rows = table.num_rows
    starts = {
        **eider_starts(uri, None, 256),
        "pylance safe+shuffle": pylance_shuffled(uri, 256),
        "pylance take": pylance_take(uri, rows, 256),
        "pylance in order": pylance_sequential(uri, table.column_names, 256),
        "gather in memory": gather(table, 256),
    }
    check_epoch(starts["eider"], rows, "image", int(plain(table["image"].combine_chunks()).sum(dtype=np.int64)))
    return epoch_case("epoch-fashion", rows, starts, quick, "Fashion-MNIST, batches of 256")


def demo(eider, quick: bool) -> Case:
    rows = 20_000 if quick else 262_144  # 1 GB of chips and masks
    folder = data.folder(quick)
    uri = str(data.once(folder / "chips.lance", lambda p: lance.write_dataset(data.chips(rows), str(p))))
    parquet = str(data.once(folder / "chips.parquet", lambda p: pq.write_table(
        data.chips(rows).select(["chip", "mask"]), p, row_group_size=16_384)))
    files = data.once(folder / "chips.files", lambda p: write_files(data.chips(rows), p))
    keep_warm(uri, parquet)
    columns = ["chip", "mask"]
    starts = {
        **eider_starts(uri, columns, 256),
        "pylance take": pylance_take(uri, rows, 256),
        "pylance in order": pylance_sequential(uri, columns, 256),
        "parquet row groups": parquet_loop(parquet, 256),
        "a file per sample": file_loop(files, 256),
    }
    check_epoch(starts["eider"], rows, "mask", int(plain(lance.dataset(uri).to_table(columns=["mask"])["mask"].combine_chunks())
                                                    .sum(dtype=np.int64)))
    return epoch_case("epoch-demo", rows, starts, quick, "chips and masks of the demo, batches of 256")


def cases(eider, quick: bool, only: set[str]) -> Iterator[Case]:
    import torch

    warnings.filterwarnings("ignore", message=".*writable.*")
    torch.set_num_threads(1)  # for all alike: its threads spin while they wait, and take the cores from whoever reads
    for name, make in (("numeric", numeric), ("fashion", fashion), ("demo", demo)):
        if not only or "epoch" in only or f"epoch-{name}" in only:
            case = make(eider, quick)
            if case is not None:
                yield case
