"""Scans in the order of columns that are dictionaries."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import eider
from eider.dataset import ColumnOrdering

ROWS = 4000


@pytest.mark.parametrize("key", ["word", "number", "box.`a word`"])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("nulls_first", [True, False])
def test_dictionaries_are_ordered_by_their_values(tmp_path, key, ascending, nulls_first):
    random = np.random.default_rng(6)
    pick = pa.array([None if n == 0 else int(n) for n in random.integers(0, 9, ROWS)])
    values = {"word": ["z", "unused", "b", None, "aa", "", "é", "b", "B"], "number": [5, 99, -7, None, 0, 3, 12, 5, 1]}
    columns = {name: pa.DictionaryArray.from_arrays(pick, pa.array(each)) for name, each in values.items()}
    box = pa.StructArray.from_arrays([columns["word"]], ["a word"])
    ds = eider.write_dataset(pa.table({"id": range(ROWS), "box": box, **columns}), tmp_path / "d.lance", max_rows_per_file=900)
    plain = [None if n is None else values["number" if key == "number" else "word"][n] for n in pick.to_pylist()]
    present = sorted({value for value in plain if value is not None}, key=lambda value: value.encode() if isinstance(value, str) else value)
    rank = {value: at if ascending else -at for at, value in enumerate(present)}
    expected = sorted(range(ROWS), key=lambda i: (0, 0, -i) if plain[i] is None else (-1 if not nulls_first else 1, rank[plain[i]], -i))
    order = [ColumnOrdering(key, ascending, nulls_first), ColumnOrdering("id", False)]
    for limit in (None, 5, 3000):
        assert ds.to_table(["id"], order_by=order, limit=limit)["id"].to_pylist() == expected[:limit]


def test_values_of_dictionaries_take_no_more_memory_than_there_is(tmp_path):
    """400 MB of values, in a process of its own: what others took before counts as well."""
    script = f"""if True:
        import resource, numpy, pyarrow, eider
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        keys = numpy.arange(20_000) % 50
        words = pyarrow.DictionaryArray.from_arrays(keys.astype("int8"), ["x" * 20_000 + chr(65 + i) for i in range(50)])
        path = eider.write_dataset(pyarrow.table({{"id": range(20_000), "word": words}}), {str(tmp_path / "d.lance")!r}).uri
        before = peak()
        found = eider.dataset(path, session=eider.Session(memory_limit=64 << 20)).to_table(["id"], order_by=["word"])["id"].to_numpy()
        assert (found == numpy.argsort(keys, kind="stable")).all()
        assert peak() - before < 150 << 10, peak() - before
    """
    subprocess.run([sys.executable, "-c", script], check=True)
