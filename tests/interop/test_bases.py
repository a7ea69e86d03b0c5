"""Data files in base paths: written by either engine, read and changed by both."""

from __future__ import annotations

import pathlib
from datetime import timedelta
from types import ModuleType

import lance
import pyarrow as pa
import pytest

import eider
from eider import InvalidError

ENGINES = [eider, lance]
engines = pytest.mark.parametrize("engine", ENGINES, ids=["eider", "pylance"])


def numbers(first: int, end: int) -> pa.Table:
    return pa.table({"id": pa.array(range(first, end), pa.int64()), "text": [f"row {i}" for i in range(first, end)]})


@pytest.fixture
def places(tmp_path: pathlib.Path) -> list[tuple[str, str, bool]]:
    return [(str(tmp_path / "flat"), "flat", False), (str(tmp_path / "rooted"), "rooted", True)]


def bases_of(engine: ModuleType, places: list[tuple[str, str, bool]]) -> list[object]:
    return [engine.DatasetBasePath(path, name, is_root) for path, name, is_root in places]


def ids(dataset) -> list[int]:
    return sorted(dataset.to_table(columns=["id"])["id"].to_pylist())


def base_ids(uri: str) -> list[int | None]:
    """By fragment, as we see it; the reference must see the same."""
    ours = [file.base_id for fragment in eider.dataset(uri).get_fragments() for file in fragment.metadata.files]
    theirs = [file.base_id for fragment in lance.dataset(uri).get_fragments() for file in fragment.metadata.files]
    assert ours == theirs
    return ours


@engines
def test_a_new_table_spreads_its_files(tmp_path, places, engine):
    uri = str(tmp_path / "table")
    engine.write_dataset(numbers(0, 10), uri, max_rows_per_file=2, initial_bases=bases_of(engine, places), target_bases=["flat", "rooted"])
    assert base_ids(uri) == [1, 2, 1, 2, 1]
    assert len(list((tmp_path / "flat").glob("*.lance"))) == 3 and len(list((tmp_path / "rooted" / "data").glob("*.lance"))) == 2
    assert not (tmp_path / "table" / "data").exists()
    for reader in ENGINES:
        assert reader.dataset(uri).to_table().sort_by("id") == numbers(0, 10)
        described = {base.id: (base.path, base.name, base.is_dataset_root) for base in reader.dataset(uri).base_paths().values()}
        assert described == {1: places[0], 2: places[1]}
    assert eider.verify(uri).ok


@engines
def test_targets_of_appends_and_overwrites(tmp_path, places, engine):
    uri = str(tmp_path / "table")
    engine.write_dataset(numbers(0, 1), uri, initial_bases=bases_of(engine, places))

    def write(mode: str, first: int, **targets: object) -> list[int | None]:
        engine.write_dataset(numbers(first, first + 4), uri, mode=mode, max_rows_per_file=1, **targets)
        return base_ids(uri)[-4:]

    assert base_ids(uri) == [None]
    assert write("append", 1, target_bases=["rooted"]) == [2, 2, 2, 2]
    assert write("append", 5, target_bases=[places[0][0]]) == [1, 1, 1, 1]
    assert write("append", 9, target_all_bases=True)[0] is None
    assert set(write("append", 13, target_all_bases=False)) == {1, 2}
    assert ids(eider.dataset(uri)) == ids(lance.dataset(uri)) == list(range(17))
    assert write("overwrite", 20, target_bases=["flat"]) == [1, 1, 1, 1]
    assert ids(eider.dataset(uri)) == ids(lance.dataset(uri)) == [20, 21, 22, 23]
    assert len(eider.dataset(uri).base_paths()) == 2


@engines
def test_bases_added_later(tmp_path, places, engine):
    uri = str(tmp_path / "table")
    engine.write_dataset(numbers(0, 2), uri)
    dataset = engine.dataset(uri)
    assert dataset.add_bases(bases_of(engine, places[:1]), {"why": "more room"}) is dataset
    dataset.add_bases(bases_of(engine, places[1:]))
    assert dataset.version == 3 and eider.dataset(uri).read_transaction(2).transaction_properties == {"why": "more room"}
    for other in ENGINES:
        assert {base.id: base.path for base in other.dataset(uri).base_paths().values()} == {1: places[0][0], 2: places[1][0]}
        other.write_dataset(numbers(2, 3), uri, mode="append", target_bases=["rooted"])
    assert base_ids(uri) == [None, 2, 2]
    assert ids(lance.dataset(uri)) == ids(eider.dataset(uri)) == [0, 1, 2, 2]


@engines
def test_changes_go_on_over_all_bases(tmp_path, places, engine):
    uri = str(tmp_path / "table")
    other = ENGINES[1 - ENGINES.index(engine)]
    engine.write_dataset(numbers(0, 12), uri, max_rows_per_file=3, initial_bases=bases_of(engine, places), target_all_bases=True)
    other.dataset(uri).delete("id % 5 = 0")
    engine.dataset(uri).update({"text": "'new'"}, "id = 7")
    other.dataset(uri).add_columns({"twice": "id * 2"})
    merge = engine.dataset(uri).merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    source = pa.table({"id": pa.array([7, 30], pa.int64()), "text": ["seven", "thirty"], "twice": pa.array([0, 60], pa.int64())})
    merge.target_bases(["flat"]).execute(source)
    assert base_ids(uri)[-1] == 1
    expected = [1, 2, 3, 4, 6, 7, 8, 9, 11, 30]
    assert ids(eider.dataset(uri)) == ids(lance.dataset(uri)) == expected
    assert eider.verify(uri).ok
    engine.dataset(uri).shallow_clone(str(tmp_path / "shallow"), engine.dataset(uri).version)
    # The reference looks for files of flat bases in a data folder below them.
    eider.dataset(uri).deep_clone(str(tmp_path / "deep"), eider.dataset(uri).version)
    for name in ("shallow", "deep"):
        assert ids(eider.dataset(tmp_path / name)) == ids(lance.dataset(str(tmp_path / name))) == expected
    engine.dataset(uri).optimize.compact_files()
    assert ids(eider.dataset(uri)) == ids(lance.dataset(uri)) == expected


def test_merge_insert_into_all_bases(tmp_path, places):
    uri = str(tmp_path / "table")
    eider.write_dataset(numbers(0, 1), uri, initial_bases=bases_of(eider, places))
    dataset = eider.dataset(uri)
    for include_primary, place in ((False, 1), (True, None)):
        key = dataset.count_rows()
        dataset.merge_insert("id").when_not_matched_insert_all().target_all_bases(include_primary).execute(numbers(key, key + 1))
        assert base_ids(uri)[-1] == place


def test_side_cars_of_blobs_lie_beside_their_file(tmp_path, places):
    uri = str(tmp_path / "table")
    large = bytes(range(256)) * 8192
    table = pa.table({"blob": eider.blob_array([b"small", large])}, schema=pa.schema([eider.blob_field("blob")]))
    eider.write_dataset(table, uri, initial_bases=bases_of(eider, places), target_bases=["flat"])
    assert list((tmp_path / "flat").rglob("*.blob")) and not (tmp_path / "table" / "data").exists()
    assert [blob.read() for blob in eider.dataset(uri).take_blobs("blob", indices=[0, 1])] == [b"small", large]
    assert [blob.readall() for blob in lance.dataset(uri).take_blobs("blob", indices=[0, 1])] == [b"small", large]


def test_workers_write_to_bases(tmp_path, places):
    uri = str(tmp_path / "table")
    bases = bases_of(eider, places)
    transaction = eider.fragment.write_fragments(numbers(0, 4), uri, mode="create", max_rows_per_file=2, initial_bases=bases,
                                                 target_bases=["rooted", "flat"], return_transaction=True)
    assert [base.name for base in transaction.operation.initial_bases] == ["flat", "rooted"]
    eider.LanceDataset.commit(uri, transaction)
    assert base_ids(uri) == [2, 1]
    more = eider.fragment.write_fragments(numbers(4, 5), uri, target_bases=["flat"])
    eider.LanceDataset.commit(uri, eider.LanceOperation.Append(more), read_version=1)
    assert base_ids(uri) == [2, 1, 1]
    assert ids(lance.dataset(uri)) == [0, 1, 2, 3, 4]


@engines
def test_cleanup_spares_what_lies_in_bases(tmp_path, places, engine):
    uri = str(tmp_path / "table")
    eider.write_dataset(numbers(0, 4), uri, max_rows_per_file=2, initial_bases=bases_of(eider, places), target_all_bases=False)
    eider.write_dataset(numbers(4, 6), uri, mode="append", target_bases=["flat"])
    engine.dataset(uri).cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)
    assert ids(eider.dataset(uri)) == ids(lance.dataset(uri)) == [0, 1, 2, 3, 4, 5]


def test_what_is_refused(tmp_path, places):
    uri = str(tmp_path / "table")
    first, second = bases_of(eider, places)
    cases = [
        ({"target_bases": ["nowhere"]}, "base path 'nowhere' not found"),
        ({"target_bases": ["flat"], "target_all_bases": True}, "exclude each other"),
        ({"target_all_bases": False, "initial_bases": []}, "has no base paths"),
        ({"initial_bases": [first, first]}, "there is 'flat'"),
        ({"initial_bases": [first, eider.DatasetBasePath(places[0][0], "other")]}, "there is 'flat'"),
        ({"initial_bases": [eider.DatasetBasePath("somewhere/below", "relative")]}, "neither an absolute path nor a URI"),
        ({"initial_bases": [eider.DatasetBasePath("", "empty")]}, "neither an absolute path nor a URI"),
        ({"initial_bases": [eider.DatasetBasePath("memory://m", "memory")]}, "in the memory of this process"),
        ({"initial_bases": [eider.DatasetBasePath(f"{tmp_path}/a\nb", "lines")]}, "control characters"),
    ]
    for options, message in cases:
        with pytest.raises(InvalidError, match=message):
            eider.write_dataset(numbers(0, 2), uri, **{"initial_bases": [first, second], **options})
        assert not list(tmp_path.rglob("*.lance")) and not list(tmp_path.rglob("*.manifest"))
    with pytest.raises(TypeError, match="DatasetBasePath"):
        eider.write_dataset(numbers(0, 2), uri, initial_bases=["flat"])
    with pytest.raises(TypeError, match="list of names"):
        eider.write_dataset(numbers(0, 2), uri, target_bases="flat")
    dataset = eider.write_dataset(numbers(0, 2), uri, initial_bases=[first])
    for mode in ("append", "overwrite"):
        with pytest.raises(InvalidError, match="only when a table is created"):
            eider.write_dataset(numbers(0, 2), uri, mode=mode, initial_bases=[second])
    with pytest.raises(InvalidError, match="there is 'flat'"):
        dataset.add_bases([first])
    assert dataset.version == 1 and ids(dataset) == [0, 1]


@pytest.mark.parametrize("engine", [eider, lance])
def test_adding_no_base_is_a_version(engine, tmp_path):
    dataset = engine.write_dataset(numbers(0, 2), str(tmp_path / "table"))
    assert dataset.add_bases([]).version == dataset.version == 2
    assert ids(eider.dataset(str(tmp_path / "table"))) == [0, 1]


def test_two_writers_add_the_same_name(tmp_path, places):
    uri = str(tmp_path / "table")
    first, second = bases_of(eider, places)
    one = eider.write_dataset(numbers(0, 2), uri)
    two, three = eider.dataset(uri), eider.dataset(uri)
    one.add_bases([first])
    two.add_bases([second])
    assert [base.name for _, base in sorted(two.base_paths().items())] == ["flat", "rooted"]
    with pytest.raises(eider.ConflictError, match="update bases"):
        three.add_bases([eider.DatasetBasePath(str(tmp_path / "elsewhere"), "flat")])


def test_a_clone_writes_nothing_into_its_source(tmp_path, places):
    source, clone = str(tmp_path / "source"), str(tmp_path / "clone")
    eider.write_dataset(numbers(0, 2), source).shallow_clone(clone, 1)
    before = sorted((tmp_path / "source" / "data").iterdir())
    eider.write_dataset(numbers(2, 6), clone, mode="append", max_rows_per_file=1, target_all_bases=True)
    assert base_ids(clone) == [0, None, None, None, None]
    with pytest.raises(InvalidError, match="no base paths that files may go to"):
        eider.write_dataset(numbers(6, 7), clone, mode="append", target_all_bases=False)
    with pytest.raises(InvalidError, match="a dataset of its own"):
        eider.write_dataset(numbers(6, 7), clone, mode="append", target_bases=[source])
    eider.dataset(clone).add_bases(bases_of(eider, places))
    eider.write_dataset(numbers(6, 8), clone, mode="append", max_rows_per_file=1, target_all_bases=False)
    assert sorted((tmp_path / "source" / "data").iterdir()) == before
    assert ids(eider.dataset(clone)) == ids(lance.dataset(clone)) == list(range(8))


def test_a_place_has_many_spellings(tmp_path, places, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = eider.write_dataset(numbers(0, 1), "table", initial_bases=bases_of(eider, places))
    for spelling in ("table", "table/", str(tmp_path / "table"), f"file://{tmp_path}/table"):
        eider.write_dataset(numbers(1, 2), dataset, mode="append", target_bases=[spelling])
        assert base_ids("table")[-1] is None
    for spelling in (places[0][0] + "/", f"file://{places[0][0]}", "./flat"):
        eider.write_dataset(numbers(1, 2), dataset, mode="append", target_bases=[spelling])
        assert base_ids("table")[-1] == 1
        dataset.checkout_latest()
        with pytest.raises(InvalidError, match="there is 'flat'"):
            dataset.add_bases([eider.DatasetBasePath(str(tmp_path / spelling) if spelling.startswith(".") else spelling, "again")])
    with pytest.raises(eider.EiderError, match="s3"):
        dataset.add_bases([eider.DatasetBasePath("s3://bucket/path", "far")])


def test_ids_of_bases_are_never_given_again(tmp_path, places):
    uri = str(tmp_path / "table")
    eider.write_dataset(numbers(0, 1), uri)
    eider.dataset(uri).add_bases(bases_of(eider, places[:1]))

    def restore(fragment: object) -> None:
        eider.dataset(uri, version=1).restore()
        eider.dataset(uri).add_bases(bases_of(eider, places[1:]))

    eider.write_dataset(numbers(1, 3), uri, mode="overwrite", target_bases=["flat"], progress=restore)
    assert {base.id: base.name for base in lance.dataset(uri).base_paths().values()} == {1: "flat", 2: "rooted"}
    assert ids(eider.dataset(uri)) == ids(lance.dataset(uri)) == [1, 2] and base_ids(uri) == [1]


def test_files_in_bases_that_the_table_lacks(tmp_path, places):
    uri = str(tmp_path / "table")
    eider.write_dataset(numbers(0, 1), uri, initial_bases=bases_of(eider, places))
    fragments = eider.fragment.write_fragments(numbers(1, 3), uri, target_bases=["flat"])
    fragments[0].files[0].base_id = 77
    for operation in (eider.LanceOperation.Append(fragments), eider.LanceOperation.Overwrite(numbers(0, 1).schema, fragments)):
        with pytest.raises(eider.ConflictError, match="base 77, which version 1 does not list"):
            eider.LanceDataset.commit(uri, operation, read_version=1)
    assert ids(eider.dataset(uri)) == [0]
