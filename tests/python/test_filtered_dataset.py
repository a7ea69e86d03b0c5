"""`LanceDataset.filter`: a dataset of the rows alone for which a condition is true."""

import pickle
import random

import datafusion
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pytest
from words import words_table

import eider

FIELD = pc.field


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return words_table()


@pytest.fixture(scope="module")
def ds(table, tmp_path_factory) -> eider.LanceDataset:
    return eider.write_dataset(table, tmp_path_factory.mktemp("filtered") / "a.lance", max_rows_per_file=60)


CONDITION = (FIELD("value") > 30) & (FIELD("word") != "w7")
#: Each with what it gives of a dataset of pyarrow, and of ours.
READS = {
    "to_table": lambda ds: ds.to_table(),
    "columns": lambda ds: ds.to_table(columns=["word", "id"]),
    "narrower": lambda ds: ds.to_table(filter=FIELD("id") < 120),
    "narrower columns": lambda ds: ds.to_table(columns=["id"], filter=FIELD("word") == "w3"),
    "head": lambda ds: ds.head(7),
    "narrower head": lambda ds: ds.head(7, filter=FIELD("id") > 50),
    "take": lambda ds: ds.take([5, 0, 5, 11]),
    "batches": lambda ds: pa.Table.from_batches(ds.to_batches(filter=FIELD("id") != 41), ds.schema),
    "scanner": lambda ds: ds.scanner(columns=["id"]).to_table(),
    "narrower scanner": lambda ds: ds.scanner(filter=FIELD("id") > 99).to_table(),
    "scanner.take": lambda ds: ds.scanner(filter=FIELD("id") > 99).take([3, 1]),
    "scanner.head": lambda ds: ds.scanner().head(4),
    "again": lambda ds: ds.filter(FIELD("id") > 70).filter(FIELD("id") < 150).to_table(),
    "sort": lambda ds: ds.sort_by([("value", "descending"), ("id", "ascending")]).to_table(),
    "join": lambda ds: ds.join(pads.dataset(pa.table({"id": [41, 42, 900], "more": [1, 2, 3]})), "id", join_type="inner").to_table().sort_by("id"),
}


@pytest.mark.parametrize("read", READS)
def test_it_reads_as_a_filtered_dataset_of_pyarrow_does(ds, table, read):
    expected = READS[read](pads.dataset(table).filter(CONDITION))
    found = READS[read](ds.filter(CONDITION))
    assert found.num_rows > 0
    assert found.combine_chunks() == expected.combine_chunks()


@pytest.mark.parametrize("narrower", [None, FIELD("id") < 120, FIELD("id") < 0])
def test_it_counts_as_a_filtered_dataset_of_pyarrow_does(ds, table, narrower):
    theirs, ours = pads.dataset(table).filter(CONDITION), ds.filter(CONDITION)
    assert ours.count_rows(filter=narrower) == theirs.count_rows(filter=narrower)
    assert ours.scanner(filter=narrower).count_rows() == theirs.scanner(filter=narrower).count_rows()
    assert len(ours) == theirs.count_rows()


def test_each_filter_keeps_its_own_parameters(ds, table):
    narrow = ds.filter("value > $1 OR word = $2", params=[40, "w3"]).filter("id < $most", params={"most": 150}).filter(FIELD("id") != 43)
    rows = [
        row["id"]
        for row in table.to_pylist()
        if ((row["value"] or 0) > 40 or row["word"] == "w3") and row["id"] < 150 and row["id"] != 43
    ]
    assert narrow.to_table()["id"].to_pylist() == rows
    found = narrow.to_table({"id": "id", "plus": "id + $1"}, filter="id > $2", params=[1000, 60])
    assert found["plus"].to_pylist() == [i + 1000 for i in rows if i > 60]
    assert narrow.count_rows("id <= $1", params=[60]) == sum(i <= 60 for i in rows)


def test_a_text_does_not_break_out_of_its_condition(ds):
    narrow = ds.filter("id < 10 -- few")
    assert narrow.count_rows("id > 3 -- not many") == 6
    for text in ("TRUE) OR (TRUE", "id > 3) OR (id < 200", "'", "(id > 3"):
        with pytest.raises(eider.InvalidError):
            narrow.count_rows(text)
        with pytest.raises(eider.InvalidError):
            narrow.filter(text)


@pytest.mark.parametrize("bad", ["nope > 3", "id +", "id + 1"])
def test_what_is_no_condition_on_the_columns_is_refused_at_once(ds, bad):
    with pytest.raises(eider.InvalidError):
        ds.filter(bad)


@pytest.mark.parametrize("bad", [None, 5])
def test_what_is_no_expression_is_refused(ds, bad):
    with pytest.raises(TypeError):
        ds.filter(bad)


def test_other_reads_of_the_rows_that_pass(ds):
    narrow = ds.filter("value >= 40")
    ids = narrow.to_table(["id"])["id"].to_pylist()
    assert narrow.tail(3)["id"].to_pylist() == ids[-3:]
    assert narrow.slice(5, 9)["id"].to_pylist() == ids[5:9]
    assert narrow.slice(30, 900, columns=["id"])["id"].to_pylist() == ids[30:]
    assert narrow.scanner().aggregate({"n": "count(*)", "least": "min(id)"}).to_pylist() == [{"n": len(ids), "least": ids[0]}]
    assert narrow.to_polars(columns=["id"])["id"].to_list() == ids
    assert narrow.to_pandas()["id"].tolist() == ids
    random.seed(4)
    drawn = narrow.sample(7, filter="id > 50")["id"].to_pylist()
    assert len(set(drawn)) == 7 and set(drawn) <= {i for i in ids if i > 50}
    assert narrow.take([2, 0, 2], columns=["word", "id"])["id"].to_pylist() == [ids[2], ids[0], ids[2]]
    with pytest.raises(eider.InvalidError, match="out of range"):
        narrow.take([len(ids)])
    assert pa.table(narrow)["id"].to_pylist() == ids
    assert narrow.sql("SELECT count(*) AS n, max(id) AS m FROM dataset WHERE id < 100").with_row_id().to_arrow().to_pylist() == [
        {"n": sum(i < 100 for i in ids), "m": max(i for i in ids if i < 100)}
    ]


def test_it_is_a_dataset_to_other_engines(ds, table):
    narrow = ds.filter(CONDITION)
    rows = pads.dataset(table).filter(CONDITION).to_table()
    assert isinstance(narrow, pads.Dataset)
    query = "SELECT word, count(*) AS n, sum(id) AS s FROM narrow WHERE id > 20 GROUP BY word ORDER BY word"
    assert duckdb.sql(query).fetchall() == duckdb.sql(query.replace("narrow", "rows")).fetchall()
    lazy = pl.scan_pyarrow_dataset(narrow).filter(pl.col("id") > 20).select("id")
    assert lazy.collect()["id"].to_list() == [i for i in rows["id"].to_pylist() if i > 20]
    context = datafusion.SessionContext()
    context.register_dataset("narrow", narrow)
    found = context.sql("SELECT id FROM narrow WHERE id > 20 ORDER BY id").to_arrow_table()
    assert found["id"].to_pylist() == [i for i in rows["id"].to_pylist() if i > 20]


def test_what_an_engine_asks_is_pushed_into_it(ds, monkeypatch):
    seen = []
    scanner = eider.LanceDataset.scanner
    monkeypatch.setattr(eider.LanceDataset, "scanner", lambda self, *args, **kwargs: seen.append(kwargs) or scanner(self, *args, **kwargs))
    narrow = ds.filter("value > 40")  # noqa: F841  (named in the query)
    assert duckdb.sql("SELECT id FROM narrow WHERE id > 190").fetchall() == [(i,) for i in (191, 192, 193, 194, 196, 197, 198, 199)]
    assert set(seen[-1]["columns"]) == {"id"} and "id > 190" in str(seen[-1]["filter"])


def test_fragments_keep_the_condition(ds, table):
    narrow = ds.filter("value > 40")
    fragments = narrow.get_fragments()
    ids = [i for fragment in fragments for i in fragment.to_table(columns=["id"])["id"].to_pylist()]
    assert ids == narrow.to_table()["id"].to_pylist()
    assert [fragment.count_rows() for fragment in fragments] == [fragment.to_table().num_rows for fragment in fragments]
    assert sum(fragment.count_rows("id > 100") for fragment in fragments) == narrow.count_rows("id > 100")
    assert fragments[0].head(2, columns=["id"])["id"].to_pylist() == ids[:2]
    assert sum(batch.num_rows for batch in fragments[1].to_batches()) == fragments[1].count_rows()


def test_it_stays_at_its_version_and_travels(table, tmp_path):
    ds = eider.write_dataset(table, tmp_path / "moving.lance")
    narrow = ds.filter(FIELD("value") > 40).filter("id < $1", params=[180])
    rows = narrow.to_table()
    ds.delete("id > 90")
    assert narrow.to_table() == rows
    again = pickle.loads(pickle.dumps(narrow))
    assert again.version == narrow.version == 1
    assert again.to_table() == rows
    assert repr(again) == repr(narrow) and "180" not in repr(narrow) and "id < $2" in repr(narrow)
    copied = eider.write_dataset(narrow, tmp_path / "copy.lance")
    assert copied.to_table() == rows


def test_default_options_of_the_dataset_hold(ds):
    shown = eider.dataset(ds.uri, default_scan_options={"columns": ["word", "id"], "with_row_id": True, "filter": "id >= 100"})
    narrow = shown.filter("value > 40")
    assert narrow.schema.names == ["word", "id", "_rowid"] == narrow.to_table().schema.names
    assert narrow.to_table()["id"].to_pylist() == [i for i in ds.filter("value > 40").to_table()["id"].to_pylist() if i >= 100]
