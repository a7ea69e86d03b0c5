"""What opening costs: requests and bytes before the first page is read."""

from __future__ import annotations

import os
import pathlib

import pyarrow as pa

import eider

COLUMNS = 10_000


def wide_table(rows: int = 8) -> pa.Table:
    return pa.table({f"c{i}": pa.array(range(i, i + rows), pa.int64()) for i in range(COLUMNS)})


def test_one_of_ten_thousand_columns_costs_three_requests_before_its_page(tmp_path: pathlib.Path) -> None:
    eider.write_dataset(wide_table(), tmp_path / "wide.lance", durability="none")
    dataset = eider.dataset(tmp_path / "wide.lance", session=eider.Session())
    stats = eider.ScanStats()
    taken = dataset.take([3], columns=["c5000"], stats=stats)
    assert taken.to_pydict() == {"c5000": [5003]}
    pages_own = 2  # chunk table, chunk
    assert stats.requests <= 3 + pages_own
    tail, tables = 64 << 10, 16 * (COLUMNS + 1)
    assert stats.bytes < tail + tables + 4096


def test_a_second_open_in_the_same_session_reads_only_the_chunk(tmp_path: pathlib.Path) -> None:
    eider.write_dataset(pa.table({"x": list(range(10_000))}), tmp_path / "x.lance", durability="none")
    for file in (tmp_path / "x.lance").rglob("*.*"):
        os.utime(file, (1, 1))  # of one that was written just now, nothing is kept: another may get its identity
    session = eider.Session()
    for requests in (3, 1):  # footer, chunk table, chunk; then the chunk alone
        stats = eider.ScanStats()
        taken = eider.dataset(tmp_path / "x.lance", session=session).take([4321], stats=stats)
        assert taken.to_pydict() == {"x": [4321]}
        assert stats.requests == requests
    assert 0 < session.memory_used < 1 << 20
    stats = eider.ScanStats()
    eider.dataset(tmp_path / "x.lance", session=eider.Session()).take([4321], stats=stats)
    assert stats.requests == 3, "another session knows nothing"


def test_a_file_that_was_replaced_is_read_anew(tmp_path: pathlib.Path) -> None:
    uri = tmp_path / "x.lance"
    session = eider.Session()
    for value in ("first", "second"):
        eider.write_dataset(pa.table({"x": [value] * 100}), uri, mode="overwrite", session=session)
        assert eider.dataset(uri, session=session).take([7]).to_pydict() == {"x": [value]}
    (data,) = set((uri / "data").iterdir()) - {newest(uri)}
    newest(uri).write_bytes(data.read_bytes())
    assert eider.dataset(uri, session=session).take([7]).to_pydict() == {"x": ["first"]}


def newest(uri: pathlib.Path) -> pathlib.Path:
    """The data file of the latest version."""
    (fragment,) = eider.dataset(uri).get_fragments()
    return uri / "data" / fragment.metadata.files[0].path


