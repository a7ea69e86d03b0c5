"""The training loader: what it yields, what it copies, and how it resumes."""

import itertools
import json
import multiprocessing
import os
import pathlib
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pytest

import eider

torch = pytest.importorskip("torch")
from eider.torch import Loader
from torch.utils.data import DataLoader

ROWS = 1000
WIDTH = 64


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """1000 rows in three fragments: position, vector (all elements = position), image tensor, flag, words, text."""
    n = ROWS
    vectors = np.repeat(np.arange(n, dtype=np.float32), WIDTH)
    image_type = pa.fixed_shape_tensor(pa.uint8(), (3, 4, 5))
    pixels = np.repeat(np.arange(n) % 251, 60).astype(np.uint8)
    table = pa.table(
        {
            "position": pa.array(range(n), pa.int64()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors), WIDTH),
            "image": pa.ExtensionArray.from_storage(image_type, pa.FixedSizeListArray.from_arrays(pa.array(pixels), 60)),
            "flag": pa.array([i % 3 == 0 for i in range(n)]),
            "words": pa.array([list(range(i % 4)) for i in range(n)], pa.list_(pa.int32())),
            "text": pa.array([None if i % 10 == 9 else f"row {i}" for i in range(n)]),
            "score": pa.array([None if i % 7 == 0 else float(i) for i in range(n)], pa.float64()),
            "count": pa.array([None if i % 5 == 0 else i for i in range(n)], pa.int32()),
        }
    )
    path = str(tmp_path_factory.mktemp("loader") / "t.lance")
    eider.write_dataset(table, path, max_rows_per_file=400)
    return path


def drain(loader: object) -> list[list[int]]:
    return [batch["position"].tolist() for batch in loader]


def rows_of(batches: Iterable[list[int]]) -> list[int]:
    return list(itertools.chain.from_iterable(batches))


def mapped_ranges(suffix: str) -> list[tuple[int, int]]:
    ranges = []
    for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
        if line.endswith(suffix):
            start, end = re.match(r"([0-9a-f]+)-([0-9a-f]+)", line).groups()
            ranges.append((int(start, 16), int(end, 16)))
    return ranges


def test_a_sequential_pass_yields_rows_in_order(uri: str) -> None:
    loader = Loader(uri, columns=["position", "vector"], batch_size=64)
    assert len(loader) == 16
    batches = list(loader)
    assert [b["position"].shape[0] for b in batches] == [64] * 15 + [40]
    assert torch.cat([b["position"] for b in batches]).tolist() == list(range(ROWS))
    vectors = torch.cat([b["vector"] for b in batches])
    assert vectors.shape == (ROWS, WIDTH)
    assert vectors.dtype == torch.float32
    assert torch.equal(vectors[:, 5], torch.arange(ROWS, dtype=torch.float32))


def test_a_sequential_batch_is_a_view_of_the_mapped_file(uri: str) -> None:
    loader = Loader(uri, columns=["vector"], batch_size=100)
    batch = next(iter(loader))["vector"]
    assert any(start <= batch.data_ptr() < end for start, end in mapped_ranges(".lance"))
    assert loader.stats["bytes_copied"] == 0


def test_writing_into_a_view_does_not_reach_the_file(uri: str) -> None:
    batch = next(iter(Loader(uri, columns=["vector"], batch_size=10)))["vector"]
    before = batch.clone()
    batch += 1
    code = f"from eider.torch import Loader; print(next(iter(Loader({uri!r}, columns=['vector'], batch_size=10)))['vector'].sum().item())"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    batch -= 1
    assert float(seen) == before.sum().item()


def test_a_shuffled_batch_costs_one_gather(uri: str) -> None:
    loader = Loader(uri, columns=["vector"], batch_size=100, shuffle=True)
    batch = next(iter(loader))["vector"]
    assert loader.stats["bytes_copied"] == batch.numel() * batch.element_size()


def test_every_epoch_is_a_permutation(uri: str) -> None:
    loader = Loader(uri, columns=["position"], batch_size=33, shuffle=True, seed=5)
    orders = []
    for epoch in range(3):
        loader.set_epoch(epoch)
        batches = drain(loader)
        assert sorted(rows_of(batches)) == list(range(ROWS))
        orders.append(batches)
    assert orders[0] != orders[1] != orders[2]
    loader.set_epoch(1)
    assert drain(loader) == orders[1]
    assert drain(Loader(uri, columns=["position"], batch_size=33, shuffle=True, seed=5)) == orders[0]
    assert drain(Loader(uri, columns=["position"], batch_size=33, shuffle=True, seed=6)) != orders[0]


def test_a_shape_that_does_not_fit_its_column_is_named(uri: str) -> None:
    loader = Loader(uri, columns=["vector"], batch_size=20)
    with pytest.raises(eider.InvalidError, match=rf"column 'vector' has {WIDTH} values a row, .* shape \[2, 3\]"):
        loader._native.set_shapes({"vector": [2, 3]})


def test_columns_take_their_shapes(uri: str) -> None:
    batch = next(iter(Loader(uri, columns=["image", "flag", "words", "text", "score"], batch_size=20, shuffle=True)))
    positions = Loader(uri, columns=["position"], batch_size=20, shuffle=True).positions(0)
    assert batch["image"].shape == (20, 3, 4, 5)
    assert batch["image"].dtype == torch.uint8
    assert batch["image"][:, 2, 3, 4].tolist() == [p % 251 for p in positions]
    assert batch["flag"].dtype == torch.bool
    assert batch["flag"].tolist() == [p % 3 == 0 for p in positions]
    offsets, values = batch["words"]["offsets"], batch["words"]["values"]
    assert offsets.shape == (21,)
    assert [values[offsets[i] : offsets[i + 1]].tolist() for i in range(20)] == [list(range(p % 4)) for p in positions]
    assert batch["text"] == [None if p % 10 == 9 else f"row {p}" for p in positions]
    nan = [p % 7 == 0 for p in positions]
    assert torch.isnan(batch["score"]).tolist() == nan


def test_nulls_of_integers_are_an_error_or_a_mask(uri: str) -> None:
    with pytest.raises(eider.InvalidError, match="column 'count' has .* nulls"):
        next(iter(Loader(uri, columns=["count"], batch_size=10)))
    batch = next(iter(Loader(uri, columns=["count"], batch_size=10, nulls="mask")))
    assert batch["count.valid"].tolist() == [i % 5 != 0 for i in range(10)]
    assert batch["count"].tolist() == [0 if i % 5 == 0 else i for i in range(10)]


def test_a_subset_is_drawn_from(uri: str) -> None:
    rows = np.arange(0, ROWS, 3)
    loader = Loader(uri, columns=["position"], batch_size=50, rows=rows)
    assert rows_of(drain(loader)) == rows.tolist()
    shuffled = rows_of(drain(Loader(uri, columns=["position"], batch_size=50, rows=rows, shuffle=True)))
    assert shuffled != rows.tolist()
    assert sorted(shuffled) == rows.tolist()
    with pytest.raises(eider.InvalidError, match=r"rows\[1\] is 1000"):
        Loader(uri, batch_size=1, rows=[0, ROWS])


def test_ranks_share_an_epoch(uri: str) -> None:
    loaders = [Loader(uri, columns=["position"], batch_size=50, shuffle=True, rank=r, world_size=4) for r in range(4)]
    assert {len(loader) for loader in loaders} == {5}
    assert sorted(rows_of(itertools.chain.from_iterable(map(drain, loaders)))) == list(range(ROWS))


@pytest.mark.parametrize("stop", [0, 1, 7, 20])
def test_a_state_resumes_exactly(uri: str, stop: int) -> None:
    arguments = {"columns": ["position"], "batch_size": 50, "shuffle": True, "seed": 3}
    loader = Loader(uri, **arguments)
    loader.set_epoch(2)
    whole = drain(loader)
    passing = iter(loader)
    for _ in range(stop):
        next(passing)
    state = loader.state_dict()
    resumed = Loader(uri, **arguments)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert drain(resumed) == whole[stop:]
    assert drain(resumed) == whole, "the pass after a resumed one is whole"


def test_a_state_of_another_loader_is_refused(uri: str) -> None:
    state = Loader(uri, batch_size=50, seed=1).state_dict()
    with pytest.raises(eider.InvalidError, match="batch_size=50"):
        Loader(uri, batch_size=51, seed=1).load_state_dict(state)
    with pytest.raises(eider.InvalidError, match="rows"):
        Loader(uri, batch_size=50, seed=1, rows=[1, 2]).load_state_dict(state)


def test_a_loader_stays_with_its_version(write: Callable[..., eider.LanceDataset]) -> None:
    ds = write(pa.table({"position": pa.array(range(10), pa.int64())}))
    loader = Loader(ds, batch_size=5)
    state = loader.state_dict()
    eider.write_dataset(pa.table({"position": pa.array(range(10, 20), pa.int64())}), ds.uri, mode="append")
    assert drain(loader) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    newer = Loader(ds.uri, batch_size=5)
    assert len(newer) == 4
    newer.load_state_dict(state)
    assert newer.version == loader.version
    assert drain(newer) == drain(loader)


KILLED = """
import os, signal, sys, json
from eider.torch import Loader
loader = Loader({uri!r}, columns=["position"], batch_size=50, shuffle=True, seed=8)
if len(sys.argv) > 1:
    loader.load_state_dict(json.loads(sys.argv[1]))
for i, batch in enumerate(loader):
    print(json.dumps([batch["position"].tolist(), loader.state_dict()]), flush=True)
    if len(sys.argv) == 1 and i == 6:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_is_resumed_exactly(uri: str) -> None:
    code = KILLED.format(uri=uri)
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    before = [json.loads(line) for line in killed.stdout.splitlines()]
    assert len(before) == 7
    resumed = subprocess.run(
        [sys.executable, "-c", code, json.dumps(before[-1][1])], capture_output=True, text=True, check=True
    )
    after = [json.loads(line) for line in resumed.stdout.splitlines()]
    assert [b[0] for b in before + after] == drain(Loader(uri, columns=["position"], batch_size=50, shuffle=True, seed=8))


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_yield_the_same_batches_in_the_same_order(uri: str, context: str) -> None:
    loader = Loader(uri, columns=["position"], batch_size=50, shuffle=True, seed=4)
    alone = drain(loader)  # the threads of the parent run before the fork
    workers = DataLoader(loader, batch_size=None, num_workers=2, multiprocessing_context=context)
    assert drain(workers) == alone
    loader.load_state_dict(loader.state_dict(position=7))
    assert drain(workers) == alone[7:]


def test_a_forked_process_goes_on(uri: str) -> None:
    loader = Loader(uri, columns=["position"], batch_size=100)
    passing = iter(loader)
    next(passing)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=lambda: queue.put(next(passing)["position"].tolist()))
    child.start()
    assert queue.get(timeout=60) == list(range(100, 200))
    child.join()
    assert next(passing)["position"].tolist() == list(range(100, 200))


def test_threads_of_the_loader_hold_no_python(uri: str) -> None:
    """A dropped pass leaves nothing running that needs the interpreter."""
    code = f"from eider.torch import Loader; next(iter(Loader({uri!r}, batch_size=10, columns=['vector'], prefetch=16)))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_bad_arguments_are_named(uri: str) -> None:
    with pytest.raises(eider.InvalidError, match="batch_size"):
        Loader(uri, batch_size=0)
    with pytest.raises(eider.InvalidError, match="rank 3 of a world of 2"):
        Loader(uri, batch_size=1, rank=3, world_size=2)
    with pytest.raises(eider.NotFoundError, match="nope"):
        Loader(uri, batch_size=1, columns=["nope"])
    with pytest.raises(eider.InvalidError, match="nulls"):
        Loader(uri, batch_size=1, nulls="maybe")


def test_the_default_place_is_that_of_torch_distributed(uri: str, tmp_path: pathlib.Path) -> None:
    if not torch.distributed.is_available():
        pytest.skip("torch without distributed")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1)
    try:
        assert len(Loader(uri, batch_size=50)) == 20
    finally:
        torch.distributed.destroy_process_group()


def test_null_booleans_within_lists_are_not_taken_for_false(tmp_path):
    lists = pa.list_(pa.bool_(), 2)
    ds = eider.write_dataset(
        pa.table({"whole": pa.array([[True, False], None], lists), "holes": pa.array([[True, None], None], lists)}),
        tmp_path / "bits.lance",
    )
    batch = next(iter(Loader(ds, columns=["whole"], batch_size=2, nulls="mask")))
    assert batch["whole"].tolist() == [[True, False], [False, False]] and batch["whole.valid"].tolist() == [True, False]
    with pytest.raises(eider.InvalidError, match="holes"):
        next(iter(Loader(ds, columns=["holes"], batch_size=2, nulls="mask")))


def test_rows_may_be_a_mask(uri: str) -> None:
    mask = np.arange(ROWS) % 3 == 0
    for rows in (mask, torch.from_numpy(mask), mask.tolist()):
        loader = Loader(uri, columns=["position"], batch_size=50, rows=rows)
        assert rows_of(drain(loader)) == np.flatnonzero(mask).tolist()
    with pytest.raises(eider.InvalidError, match=rf"mask of shape \[10\], the dataset has {ROWS} rows.*flatnonzero"):
        Loader(uri, batch_size=50, rows=mask[:10])


def test_columns_as_text_and_no_seed_are_refused(uri: str) -> None:
    with pytest.raises(TypeError, match="columns must be a list of names, got the str 'score'"):
        Loader(uri, columns="score", batch_size=10)
    with pytest.raises(eider.InvalidError, match="seed is None; give an integer"):
        Loader(uri, batch_size=10, shuffle=True, seed=None)


def test_shuffled_batches_hold_live_rows_only(tmp_path: pathlib.Path) -> None:
    lance = pytest.importorskip("lance")
    rows = 1200
    table = pa.table(
        {
            "id": pa.array(range(rows)),
            "twice": pa.array([None if i % 7 == 0 else 2.0 * i for i in range(rows)]),
            "odd": pa.array([i % 2 == 1 for i in range(rows)]),
            "words": pa.array([f"row {i}" for i in range(rows)]),
            "pair": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(2 * rows, dtype=np.int16)), 2),
        }
    )
    uri = str(tmp_path / "deleted.lance")
    lance.write_dataset(table, uri, max_rows_per_file=500)
    lance.dataset(uri).delete("id % 5 = 2 or (id > 700 and id < 800)")
    live = [i for i in range(rows) if i % 5 != 2 and not 700 < i < 800]
    seen: list[int] = []
    for batch in Loader(uri, batch_size=77, shuffle=True, seed=4):
        ids = batch["id"].tolist()
        seen += ids
        assert batch["odd"].tolist() == [i % 2 == 1 for i in ids]
        assert batch["words"] == [f"row {i}" for i in ids]
        assert batch["pair"].tolist() == [[2 * i, 2 * i + 1] for i in ids]
        assert [i for i, x in zip(ids, batch["twice"].tolist(), strict=True) if x != 2.0 * i] == [i for i in ids if i % 7 == 0]
    assert sorted(seen) == live and seen != live


@pytest.mark.parametrize("text", ['{"shape":[2,2],"permutation":[0]}', '{"shape":[2,2],"permutation":[0,5]}', "{}", "x", "[]"])
def test_metadata_that_describes_no_tensors(tmp_path, text) -> None:
    values = pa.array([[1.0] * 4] * 9, pa.list_(pa.float32(), 4))
    metadata = {"ARROW:extension:name": "arrow.fixed_shape_tensor", "ARROW:extension:metadata": text}

    class Foreign:  # another producer: pyarrow would refuse such metadata itself
        def __arrow_c_schema__(self):
            return pa.schema([pa.field("v", values.type, metadata=metadata)]).__arrow_c_schema__()

        def __arrow_c_stream__(self, requested=None):
            table = pa.Table.from_arrays([values], schema=pa.schema([pa.field("v", values.type, metadata=metadata)]))
            return table.__arrow_c_stream__()

    eider.write_dataset(Foreign(), tmp_path / "t")
    with pytest.raises(eider.InvalidError, match="column 'v'"):
        Loader(str(tmp_path / "t"), batch_size=5)


def test_another_epoch_than_the_loaded_one_starts_at_its_first_batch(uri: str) -> None:
    loader = Loader(uri, columns=["position"], batch_size=10, shuffle=True)
    loader.load_state_dict(Loader(uri, columns=["position"], batch_size=10, shuffle=True).state_dict(position=2) | {"epoch": 3})
    loader.set_epoch(0)
    assert loader.state_dict()["epoch"] == 0
    assert len(list(loader)) == len(loader)
