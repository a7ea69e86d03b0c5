"""Batches of a dataset as PyTorch tensors, read ahead by native threads.

    from eider.torch import Loader

    loader = Loader("images.lance", columns=["image", "label"], batch_size=256, shuffle=True, seed=1)
    for epoch in range(10):
        loader.set_epoch(epoch)
        for batch in loader:
            train(batch["image"], batch["label"])

How columns become tensors (``B`` rows in a batch):

=============================  ==========================================================================
numbers, dates and times       ``[B]``; dates and times as their integers
booleans                       ``[B]``, ``torch.bool``
fixed-size lists of n          ``[B, n]``; nested ones ``[B, n, m]``
``arrow.fixed_shape_tensor``   ``[B, *shape]``
fixed-size binary of n         ``[B, n]``, ``torch.uint8``
lists                          ``{"values": ..., "offsets": [B + 1]}``: row i is ``values[offsets[i]:offsets[i + 1]]``
structs                        dict of their fields
strings, binary                list of ``str`` or ``bytes``, ``None`` for nulls; not if dictionary-encoded
=============================  ==========================================================================

Nulls: floating-point columns have NaN there, strings and binary have None. Anything else raises :class:`eider.InvalidError`
when a batch holds a null, or, with ``nulls="mask"``, has zero there; then each nullable column ``x`` also comes with a bool
tensor ``x.valid``, and null lists are empty.

Tensors share the batch's memory. In row order, plain columns (embeddings, images) are views of the mapped file: nothing is
copied until the tensor is. Such a tensor is private to the process, writing into it never reaches the file, but later reads of
the same rows in this process see what was written: clone it first.
"""

from __future__ import annotations

import json
import operator
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch.utils.data import IterableDataset, get_worker_info

from . import _eider
from .dataset import LanceDataset
from .error import InvalidError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Loader"]

_STATE_FORMAT = 1


def _distributed_place() -> tuple[int, int]:
    """(rank, world size) of this process, (0, 1) when torch.distributed is not in use."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _tensor_shapes(field_metadata: list[tuple[str, dict[str, bytes]]]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Row shapes and axis permutations of the fixed_shape_tensor columns."""
    shapes: dict[str, list[int]] = {}
    permutations: dict[str, list[int]] = {}
    for name, metadata in field_metadata:
        if metadata.get("ARROW:extension:name") != b"arrow.fixed_shape_tensor":
            continue
        text = metadata.get("ARROW:extension:metadata", b"{}")
        try:
            described = json.loads(text)
            shapes[name] = [int(size) for size in described["shape"]]
            permutation = [int(axis) for axis in described.get("permutation") or range(len(shapes[name]))]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidError(f"loader: column {name!r}: {text!r} does not describe tensors of a fixed shape") from error
        if sorted(permutation) != list(range(len(shapes[name]))):
            raise InvalidError(f"loader: column {name!r}: permutation {permutation} of {len(shapes[name])} dimensions")
        if permutation != sorted(permutation):
            permutations[name] = [0, *(axis + 1 for axis in permutation)]
    return shapes, permutations


class Loader(IterableDataset):  # type: ignore[type-arg]
    """Batches of a dataset as dicts of tensors; one pass is one epoch.

    The order of a shuffled epoch depends on ``seed`` and epoch only. It is global: any row may meet any other in a batch, and
    no list of row numbers is held. Within a batch, shuffled rows stand in ascending order.

    Use it as it is (``num_workers=0`` is the fast way: threads of the engine read ahead), or through a
    ``torch.utils.data.DataLoader(loader, batch_size=None, num_workers=n)``: the batches then come in the same order. With another
    ``batch_size`` than None, DataLoader would stack batches into batches of batches.

    Args:
        dataset: Dataset or URI. The loader stays with the version it has now.
        columns: Names of the columns to read; None: all.
        batch_size: Rows in a batch.
        shuffle: Draw rows in a random order, another one for each ``set_epoch``.
        seed: Of the order, an integer.
        rank, world_size: The share of this process: batches are dealt to ranks in turn. None: those of torch.distributed when it
            is initialised, else 0 and 1. All ranks get the same number of batches.
        drop_last: Leave out the last batch when it is short, and the batches that not every rank would get. Otherwise every row
            is seen, and the last round may repeat batches from the start of the epoch.
        version: Version of the dataset; None: that of ``dataset``, or the latest of a URI.
        rows: The rows to draw from, e.g. one side of a split: positions, or one boolean for each row; None: all. Kept in little
            memory.
        prefetch: Batches to read ahead; 0 reads each when it is asked for.
        nulls: "error" or "mask", see the module.
    """

    def __init__(
        self,
        dataset: LanceDataset | str | os.PathLike[str],
        *,
        columns: Sequence[str] | None = None,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        drop_last: bool = False,
        version: int | None = None,
        rows: Sequence[int] | np.ndarray | None = None,
        prefetch: int = 4,
        nulls: Literal["error", "mask"] = "error",
    ) -> None:
        super().__init__()
        if not isinstance(dataset, LanceDataset):
            dataset = LanceDataset(dataset, version=version)
        native = dataset._native if version is None else dataset._native.checkout_version(version)
        if isinstance(columns, str):
            raise TypeError(f"loader: columns must be a list of names, got the str {columns!r}: [{columns!r}] reads one column")
        if seed is None:
            raise InvalidError("loader: seed is None; give an integer, e.g. 0: the order of an epoch is a function of it")
        rows = _positions_of(rows, native.count_rows())
        if (rank is None) != (world_size is None):
            raise InvalidError(f"loader: rank={rank} and world_size={world_size}: give both or none")
        place = _distributed_place() if rank is None or world_size is None else (rank, world_size)
        for name, value in (("batch_size", batch_size), ("rank", place[0]), ("world_size", place[1]), ("prefetch", prefetch)):
            if value < 0:
                raise InvalidError(f"loader: {name} is {value}")
        self._uri = native.location  # other processes may work in another folder
        self._version = native.version
        self._version_is_given = version is not None
        self._options: dict[str, Any] = {
            "columns": None if columns is None else list(columns),
            "batch_size": batch_size,
            "shuffle": bool(shuffle),
            "seed": operator.index(seed) % 2**64,
            "rank": place[0],
            "world_size": place[1],
            "drop_last": bool(drop_last),
            "prefetch": prefetch,
            "nulls": nulls,
        }
        self._epoch = 0
        self._passes = 0
        self._resume: dict[str, Any] | None = None
        self._worker: tuple[int, int] | None = None
        self._build(native, rows)
        self._rows_sum = None if rows is None else _sum_of(rows)  # after the native side has judged them

    def _build(self, native: _eider.Dataset, rows: Any) -> None:
        self._native = _eider.make_loader(native, rows=rows, **self._options)
        self._shape()

    def _shape(self) -> None:
        shapes, self._permutations = _tensor_shapes(self._native.field_metadata)
        self._native.set_shapes(shapes)
        self._native.set_epoch(self._epoch)
        self._pid = os.getpid()
        self._stride = 1

    # Passing through an epoch.

    def __len__(self) -> int:
        """Batches of one epoch, for this rank."""
        return int(self._native.num_batches)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the next pass. Without it every pass has the same order.

        Another epoch than that of a loaded state starts at its first batch.
        """
        if epoch < 0:
            raise InvalidError(f"loader: epoch {epoch}")
        self._epoch = epoch
        self._native.set_epoch(epoch)
        if self._resume is not None and self._resume["epoch"] != epoch:
            self._resume = None  # its position is one of another order

    def __iter__(self) -> Iterator[dict[str, Any]]:
        first = self._first_batch()  # may replace the native loader
        self._native.start(first)
        self._passes += 1
        return self._batches(self._passes)

    def _batches(self, number: int) -> Iterator[dict[str, Any]]:
        while True:
            if number != self._passes:
                raise InvalidError("loader: another pass has begun; make a second Loader to read two passes at once")
            if (batch := self._native.next()) is None:
                return
            for name, axes in self._permutations.items():
                batch[name] = batch[name].permute(axes)
            yield batch

    def _first_batch(self) -> int:
        """Where this pass begins; in a DataLoader's worker, this worker's share of it."""
        resume, self._resume = self._resume, None
        info = get_worker_info()
        self._worker = None if info is None else (info.id, info.num_workers)
        self._use_workers(1 if info is None else info.num_workers)
        if resume is None:
            return 0 if info is None else info.id
        if resume.get("num_workers") is not None:
            if info is None or (info.id, info.num_workers) != (resume["worker"], resume["num_workers"]):
                raise InvalidError(
                    f"loader: the state is of worker {resume['worker']} of {resume['num_workers']}, "
                    f"this is {'no worker' if info is None else f'worker {info.id} of {info.num_workers}'}"
                )
            return int(resume["position"])
        return int(resume["position"]) + (0 if info is None else info.id)

    def _use_workers(self, stride: int) -> None:
        """A forked process opens the dataset anew: threads of its parent may hold locks of the handle it inherited."""
        if os.getpid() == self._pid and stride == self._stride:
            return
        native = _eider.open_dataset(self._uri, self._version, None)
        self._native = self._native.with_dataset(native, stride)
        self._shape()
        self._stride = stride

    # State.

    def state_dict(self, position: int | None = None) -> dict[str, Any]:
        """Where the current pass stands: pass it to ``load_state_dict`` of a loader made with the same arguments, in this or
        another process, and the next pass yields exactly the batches that are left.

        Args:
            position: Batches already used; None: those that this object handed out. Give it when a DataLoader with workers is in
                between (they have copies of this object), or use torchdata's StatefulDataLoader, which asks the workers.
        """
        native = self._native.state()
        resume = self._resume
        if position is not None:
            native["position"], native["epoch"] = position, self._epoch
        elif resume is not None:
            native["position"], native["epoch"] = resume["position"], resume["epoch"]
        worker = self._worker if position is None and resume is None else None
        return {
            "format": _STATE_FORMAT,
            "version": self._version,
            "epoch": native["epoch"],
            "position": native["position"],
            "worker": None if worker is None else worker[0],
            "num_workers": None if worker is None else worker[1],
            **self._fingerprint(),
        }

    def _fingerprint(self) -> dict[str, Any]:
        named = ("seed", "shuffle", "batch_size", "rank", "world_size", "drop_last")
        return {**{name: self._options[name] for name in named}, "rows": self._rows_sum}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Makes the next pass go on where ``state`` was taken. A loader that was not given a version moves to the state's."""
        if not isinstance(state, dict):
            raise TypeError(f"loader: a state must be a dict, got {type(state).__name__}")
        if state.get("format") != _STATE_FORMAT:
            raise InvalidError(f"loader: state of format {state.get('format')}, not {_STATE_FORMAT}")
        for name, mine in self._fingerprint().items():
            if state.get(name) != mine:
                raise InvalidError(f"loader: the state has {name}={state.get(name)}, this loader has {name}={mine}")
        for name in ("version", "epoch", "position"):
            value = state.get(name)
            if not isinstance(value, int) or value < 0:
                raise InvalidError(f"loader: the state has {name}={value!r}")
        if state["version"] != self._version:
            self._move_to(state["version"])
        self.set_epoch(state["epoch"])
        self._resume = dict(state)

    def _move_to(self, version: int) -> None:
        if self._version_is_given:
            raise InvalidError(f"loader: the state is of version {version}, this loader was made for version {self._version}")
        native = _eider.open_dataset(self._uri, version, None)
        self._build(native, self._native.rows())
        self._version = version

    # What it did.

    @property
    def stats(self) -> dict[str, int]:
        """Counts since the loader was made, in this process: ``batches``, ``rows``, ``bytes_copied`` (decoded into batches; a view
        of the file costs nothing), ``requests``, ``bytes_read``, ``wait_ns`` (spent waiting for a batch)."""
        return dict(self._native.stats())

    @property
    def version(self) -> int:
        """Version of the dataset that is read."""
        return int(self._version)

    def positions(self, batch: int) -> list[int]:
        """Row positions of one batch of the pass that is going on (or was the last)."""
        return list(self._native.batch_positions(batch))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state["_native"] = self._native.rows()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows = state.pop("_native")
        self.__dict__.update(state)
        self._build(_eider.open_dataset(self._uri, self._version, None), rows)


def _positions_of(rows: Any, num_rows: int) -> Any:
    """Row positions; a boolean for each row, as comparisons of NumPy and torch give it, becomes the positions of the true ones."""
    if rows is None:
        return None
    import numpy as np

    array = rows if isinstance(rows, np.ndarray) else np.asarray(rows)
    if array.dtype != np.bool_:
        return rows
    if array.shape != (num_rows,):
        raise InvalidError(
            f"loader: rows is a boolean mask of shape {list(array.shape)}, the dataset has {num_rows} rows; "
            "give one boolean for each row, or positions (numpy.flatnonzero of a mask)"
        )
    return np.flatnonzero(array)


def _sum_of(rows: Any) -> int:
    """A checksum of a row subset, so that a state is not applied to another one."""
    import numpy as np

    return zlib.crc32(np.ascontiguousarray(rows, dtype=np.uint64).tobytes()) if len(rows) else 0
