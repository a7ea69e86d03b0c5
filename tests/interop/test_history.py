"""Tags, branches, clones, restore and cleanup: each engine goes on with what the other made."""

from __future__ import annotations

import json
import pathlib
import random
from datetime import timedelta

import pyarrow as pa
import pytest

NOW = timedelta(0)


def rows(*numbers: int) -> pa.Table:
    return pa.table({"id": pa.array(numbers, pa.int64()), "text": [f"row {n}" for n in numbers]})


def ids(ds) -> list[int]:
    return sorted(ds.to_table(columns=["id"])["id"].to_pylist())


@pytest.fixture(params=["ours first", "theirs first"])
def pair(request, engine, reference):
    return (engine, reference) if request.param == "ours first" else (reference, engine)


@pytest.fixture
def uri(tmp_path, pair) -> str:
    """Five versions, written in turns; the third deletes a row of the first."""
    uri = str(tmp_path / "t.lance")
    first, second = pair
    first.write_dataset(rows(*range(10)), uri, max_rows_per_file=4)
    second.write_dataset(rows(10, 11), uri, mode="append")
    first.dataset(uri).delete("id = 3")
    second.write_dataset(rows(12), uri, mode="append")
    first.dataset(uri).delete("id = 11")
    return uri


def test_tags(pair, uri) -> None:
    for maker, user in (pair, pair[::-1]):
        made = maker.dataset(uri)
        made.tags.create(f"{maker.name}.tag", 2)
        used = user.dataset(uri)
        assert used.tags.list() == made.tags.list()
        assert used.tags.list_ordered() == made.tags.list_ordered()
        assert used.tags.get_version(f"{maker.name}.tag") == 2
        assert ids(user.dataset(uri, version=f"{maker.name}.tag")) == list(range(12))
        used.tags.replace_metadata(f"{maker.name}.tag", {"a": "ü\n\"b\""})
        used.tags.update(f"{maker.name}.tag", 3)
        assert ids(made.checkout_version(f"{maker.name}.tag")) == [i for i in range(12) if i != 3]
        assert made.tags.list()[f"{maker.name}.tag"]["metadata"] == {"a": "ü\n\"b\""}
        assert used.tags.list() == made.tags.list()
    for user in pair:
        with pytest.raises(ValueError):
            user.dataset(uri).tags.create(f"{pair[0].name}.tag", 1)
    pair[1].dataset(uri).tags.delete(f"{pair[0].name}.tag")
    assert list(pair[0].dataset(uri).tags.list()) == [f"{pair[1].name}.tag"]


def test_the_files_of_tags_and_branches_are_alike(engine, reference, uri) -> None:
    engine.dataset(uri).tags.create("ours", 2)
    reference.dataset(uri).tags.create("theirs", 2)
    engine.dataset(uri).create_branch("ours", 2)
    reference.dataset(uri).create_branch("theirs", 2)
    for kind in ("tags", "branches"):
        one, other = (pathlib.Path(uri, "_refs", kind, f"{name}.json").read_text() for name in ("ours", "theirs"))
        assert list(json.loads(one)) == list(json.loads(other))
        changing = ("createdAt", "updatedAt", "createAt", "identifier")
        assert {k: v for k, v in json.loads(one).items() if k not in changing} == {
            k: v for k, v in json.loads(other).items() if k not in changing
        }
        strip = [[line for line in text.splitlines() if not any(c.isdigit() for c in line)] for text in (one, other)]
        assert strip[0] == strip[1]


def test_restore(pair, uri) -> None:
    first, second = pair
    old = first.dataset(uri, version=1)
    old.restore()
    assert ids(second.dataset(uri)) == list(range(10))
    second.write_dataset(rows(50), uri, mode="append")
    again = second.dataset(uri, version=5)
    again.restore()
    assert ids(first.dataset(uri)) == [i for i in range(13) if i not in (3, 11)]
    first.write_dataset(rows(51), uri, mode="append")
    fragments = [f.fragment_id for f in second.dataset(uri).get_fragments()]
    assert len(set(fragments)) == len(fragments)
    assert ids(second.dataset(uri)) == [i for i in range(13) if i not in (3, 11)] + [51]
    reference = next(e for e in pair if e.name == "lance")
    reference.dataset(uri).validate()


def test_branches(pair, uri) -> None:
    for maker, user in (pair, pair[::-1]):
        name = f"team/{maker.name}"
        branch = maker.dataset(uri).create_branch(name, 2)
        branch.delete("id = 0")
        used = user.dataset(uri).checkout_version((name, None))
        assert ids(used) == list(range(1, 12)) and used.version == 3
        user.write_dataset(rows(20), branch.uri, mode="append")
        branch = maker.dataset(branch.uri)
        branch.add_columns(pa.table({"more": list(range(branch.count_rows()))}))
        user.dataset(branch.uri).optimize.compact_files()
        for reader in pair:
            found = reader.dataset(uri).checkout_version((name, None))
            assert ids(found) == [*range(1, 12), 20] and sorted(found.to_table()["more"].to_pylist()) == list(range(12))
            assert ids(reader.dataset(uri)) == [i for i in range(13) if i not in (3, 11)]
        inner = user.dataset(branch.uri).create_branch(f"inner-{maker.name}")
        inner.delete("id = 20")
        assert ids(maker.dataset(uri).checkout_version((f"inner-{maker.name}", None))) == list(range(1, 12))
        maker.dataset(branch.uri).tags.create(f"on-{maker.name}")
        assert ids(user.dataset(uri, version=f"on-{maker.name}")) == [*range(1, 12), 20]
    assert pair[0].dataset(uri).branches.list() == pair[1].dataset(uri).branches.list()
    assert pair[0].dataset(uri).branches.list_ordered("asc") == pair[1].dataset(uri).branches.list_ordered("asc")


def test_deleting_branches(pair, uri) -> None:
    first, second = pair
    first.dataset(uri).create_branch("a").create_branch("a/b")
    for user in pair:
        with pytest.raises(OSError, match="a"):
            user.dataset(uri).branches.delete("a")
    second.dataset(uri).branches.delete("a/b")
    second.dataset(uri).tags.create("t", ("a", None))
    for user in pair:
        with pytest.raises(OSError, match="a"):
            user.dataset(uri).branches.delete("a")
    first.dataset(uri).tags.delete("t")
    second.dataset(uri).branches.delete("a")
    assert first.dataset(uri).branches.list() == {}
    first.dataset(uri).create_branch("a", 1)
    assert ids(second.dataset(uri).checkout_version(("a", None))) == list(range(10))


def test_clones(pair, uri, tmp_path) -> None:
    first, second = pair
    expected = [i for i in range(13) if i not in (3, 11)]
    shallow = first.dataset(uri).shallow_clone(str(tmp_path / "shallow"), 5)
    assert ids(second.dataset(shallow.uri)) == expected
    second.write_dataset(rows(30), shallow.uri, mode="append")
    first.dataset(shallow.uri).delete("id = 0")
    second.dataset(shallow.uri).delete("id = 1")
    expected = [i for i in expected if i > 1] + [30]
    again = second.dataset(shallow.uri).shallow_clone(str(tmp_path / "again"), (None, None))
    deep = second.dataset(shallow.uri).deep_clone(str(tmp_path / "deep"), (None, None))
    for reader in pair:
        for made in (shallow, again, deep):
            assert ids(reader.dataset(made.uri)) == expected
            assert ids(reader.dataset(made.uri).checkout_version((None, None))) == expected
    bases = [{k: (b.id, b.name, b.path, b.is_dataset_root) for k, b in e.dataset(again.uri).base_paths().items()} for e in pair]
    assert bases[0] == bases[1] and len(bases[0]) == 2
    first.dataset(again.uri).optimize.compact_files()
    assert ids(second.dataset(again.uri)) == expected


def test_indices_come_along(engine, reference, uri, tmp_path) -> None:
    reference.dataset(uri).create_scalar_index("id", "BTREE")
    shallow = engine.dataset(uri).shallow_clone(tmp_path / "shallow", (None, None))
    deep = engine.dataset(uri).deep_clone(tmp_path / "deep", (None, None))
    branch = engine.dataset(uri).create_branch("dev")
    restored = engine.dataset(uri)
    restored.restore()
    for made in (shallow, deep, branch, restored):
        read = reference.dataset(made.uri)
        assert read.list_indices()[0]["fields"] == ["id"]
        assert "ScalarIndexQuery" in read.scanner(filter="id = 5").explain_plan()
        assert read.to_table(filter="id = 5").num_rows == 1
    copied = {p.name for p in (tmp_path / "deep/_indices").rglob("*.lance")}
    assert copied == {p.name for p in pathlib.Path(uri, "_indices").rglob("*.lance")} and copied


def test_cleanup_leaves_what_the_other_reads(pair, uri) -> None:
    first, second = pair
    first.dataset(uri).tags.create("t", 2)
    second.dataset(uri).create_branch("dev", 3)
    second.write_dataset(rows(70), uri, mode="overwrite")
    removed = first.dataset(uri).cleanup_old_versions(NOW, error_if_tagged_old_versions=False)
    assert removed.old_versions == 3
    for reader in pair:
        assert ids(reader.dataset(uri)) == [70]
        assert ids(reader.dataset(uri, version="t")) == list(range(12))
        assert ids(reader.dataset(uri).checkout_version(("dev", None))) == [i for i in range(12) if i != 3]
    second.write_dataset(rows(71), uri, mode="append")
    assert ids(first.dataset(uri)) == [70, 71]


def test_both_clean_the_same_up(engine, reference, tmp_path) -> None:
    """The same history, cleaned by each with the same limits, has the same versions and numbers of files left."""
    for number, limits in enumerate([{}, {"older_than": NOW}, {"retain_versions": 2}, {"versions": [2, 3]}, {"older_than": NOW, "retain_versions": 3},
                                     {"older_than": timedelta(days=14), "retain_versions": 1}, {"versions": [5, 99]}]):
        left = []
        for cleaner in (engine, reference):
            uri = str(tmp_path / f"{cleaner.name}-{number}")
            for i in range(5):
                reference.write_dataset(rows(i, 10 + i), uri, mode="overwrite", max_rows_per_file=1)
            reference.dataset(uri).delete("id = 4")
            reference.write_dataset(rows(99), uri, mode="append")
            stats = cleaner.dataset(uri).cleanup_old_versions(**limits)
            files = {folder: len(list(pathlib.Path(uri, folder).glob("*"))) for folder in ("data", "_deletions", "_transactions")}
            left.append((reference.dataset(uri).version_refs(), files, stats.old_versions, stats.data_files_removed,
                         stats.transaction_files_removed, stats.deletion_files_removed, stats.index_files_removed))
            assert ids(reference.dataset(uri)) == [14, 99]
        assert left[0] == left[1], limits


def test_indices_that_a_version_has_stay(engine, reference, uri) -> None:
    ds = reference.dataset(uri)
    ds.create_scalar_index("id", "BTREE")
    ds.create_scalar_index("id", "BTREE", replace=True)
    assert len(list(pathlib.Path(uri, "_indices").iterdir())) == 2
    removed = engine.dataset(uri).cleanup_old_versions(NOW)
    assert removed.index_files_removed == 2
    assert reference.dataset(uri).to_table(filter="id = 5").num_rows == 1
    assert "ScalarIndexQuery" in reference.dataset(uri).scanner(filter="id = 5").explain_plan()


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_on_branches(engine, reference, tmp_path, seed) -> None:
    """Both engines write, branch, tag, restore and clean up in turns; every version that a name keeps reads as it was."""
    rng = random.Random(seed)
    uri = str(tmp_path / "t.lance")
    engine.write_dataset(rows(0), uri, enable_stable_row_ids=seed % 3 == 0)
    branches: dict[str | None, list[int]] = {None: [0]}
    tags: dict[str, list[int]] = {}
    for step in range(1, 16):
        who = rng.choice((engine, reference))
        branch = rng.choice(list(branches))
        ds = who.dataset(uri).checkout_version((branch, None))
        place = uri if branch is None else f"{uri}/tree/{branch}"
        what = rng.choice(["append", "append", "delete", "branch", "tag", "restore", "cleanup", "overwrite"])
        if what == "append":
            who.write_dataset(rows(step), place, mode="append")
            branches[branch] = [*branches[branch], step]
        elif what == "overwrite":
            who.write_dataset(rows(step), place, mode="overwrite")
            branches[branch] = [step]
        elif what == "delete":
            if len(branches[branch]) < 2:
                continue
            gone = rng.choice(branches[branch])
            who.dataset(place).delete(f"id = {gone}")
            branches[branch] = [i for i in branches[branch] if i != gone]
        elif what == "branch":
            ds.create_branch(f"b{step}", (branch, None))
            branches[f"b{step}"] = list(branches[branch])
        elif what == "tag":
            ds.tags.create(f"t{step}", (branch, None))
            tags[f"t{step}"] = list(branches[branch])
        elif what == "restore" and tags:
            name = rng.choice(list(tags))
            if ds.tags.list()[name]["branch"] != branch:
                continue
            old = who.dataset(place, version=ds.tags.get_version(name))
            old.restore()
            branches[branch] = list(tags[name])
        elif what == "cleanup":
            who.dataset(place).cleanup_old_versions(NOW, error_if_tagged_old_versions=False)
        for reader in (engine, reference):
            for name, expected in branches.items():
                assert ids(reader.dataset(uri).checkout_version((name, None))) == sorted(expected), (seed, step, what, who.name, name)
            for name, expected in tags.items():
                assert ids(reader.dataset(uri, version=name)) == sorted(expected), (seed, step, what, who.name, name)
