"""A week of a table: bulk import, daily feeds, a thousand new columns, time travel, a branch.

    python examples/week_of_a_table/week.py
    python examples/week_of_a_table/week.py --rows 2000 --fragments 10 --features 20

README.md says what it shows, with the figures of a full run.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from nouns import DIMENSIONS, NUM_SCORES, SOURCE, embed, keys_of, pictures_of, read_nouns, table_of

import eider

ROOT = Path(__file__).resolve().parents[2]
DAYS = ("Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
SMALL_FILES = 16  # of a fragment, before they are merged
FED = ["score_00", "score_01", "score_02"]
EMBEDDING = 64  # dimensions of the new model


class CheckFailed(AssertionError):
    """A claim of the example does not hold."""


def check(holds: bool, claim: str) -> None:
    if not holds:
        raise CheckFailed(f"does not hold: {claim}")
    print(f"   ok  {claim}", flush=True)


def files_of(uri: Path, folder: str = "data") -> dict[str, tuple[int, int]]:
    """Size and time of change, by name."""
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in (uri / folder).glob("*") if path.is_file()}


def bytes_of(files: dict[str, tuple[int, int]]) -> int:
    return sum(size for size, _ in files.values())


def files_with(ds: eider.LanceDataset, column: str) -> set[str]:
    """Data files that hold a column."""
    field = ds.lance_schema.field(column)
    ids = {field.id(), *(child.id() for child in field.children())}
    return {file.path for fragment in ds.get_fragments() for file in fragment.data_files() if ids & set(file.fields)}


class Week:
    """The table, and what is still to come to it."""

    def __init__(self, out: Path, rows: int | None, fragments: int, blob_bytes: int) -> None:
        self.uri, self.every, self.blob_bytes = out / "nouns.lance", read_nouns(rows), blob_bytes
        late = len(self.every) // 40
        self.here, self.late = self.every[:-late], self.every[-late:]
        self.rows_per_file = -(-len(self.here) // fragments)
        self.random = np.random.default_rng(5)
        self.out = out

    def monday(self) -> eider.LanceDataset:
        """Fifty columns in one go, the wide one beside them in files of its own."""
        start = time.perf_counter()
        ds = eider.write_dataset(table_of(self.here, self.every), self.uri, max_rows_per_file=self.rows_per_file)
        step = self.rows_per_file
        synsets = [noun.synset for noun in self.here]
        pictures = (pictures_of(synsets[i : i + step], self.blob_bytes) for i in range(0, len(synsets), step))
        ds.add_columns(batch for table in pictures for batch in table.to_batches())
        ds.tags.create("monday", ds.version)
        seconds = time.perf_counter() - start
        print(f"   {ds.count_rows():,} rows, {len(ds.schema)} columns, {len(ds.get_fragments())} fragments, {seconds:.1f} s")
        self.monday_rows = ds.to_table(columns=[name for name in ds.schema.names if name != "picture"])
        return ds

    def feed(self, ds: eider.LanceDataset, number: int) -> None:
        """Three columns of many rows change, by key; some rows go; new ones come, some of them more than once."""
        before, wide = files_of(self.uri), files_with(ds, "picture")
        chosen = self.random.choice(len(self.here), min(10_000, len(self.here) // 8), replace=False)
        source = {"key": keys_of([self.here[i] for i in chosen])}
        source |= {name: pa.array(self.random.random(len(chosen), np.float32)) for name in FED}
        merge = ds.merge_insert("key").when_matched_update_all().write_mode("rewrite_columns")
        updated = merge.execute(pa.table(source))["num_updated_rows"]
        written = {name: file for name, file in files_of(self.uri).items() if name not in before}
        alone = self._size_of_fed_columns(ds, set(written))
        gone = ds.delete("synset % 997 = $1", params=[number * 31])["num_deleted_rows"]
        share = len(self.late) // len(DAYS)
        arrived = self.late[number * share : (number + 1) * share]
        repeated = [*arrived, *arrived[: share // 4], *self.here[:20]]
        ds.insert(table_of(repeated, self.every))
        report = ds.deduplicate("key")
        print(
            f"   {updated:,} rows updated: {bytes_of(written):,} bytes in {len(written)} files (alone, these columns take {alone:,}); "
            f"{gone} deleted, {len(repeated)} came, {report.num_removed_rows} of them were there"
        )
        check(bytes_of(written) <= 1.1 * alone, "the feed wrote no more than the changed columns of the fragments that it touched")
        after = files_of(self.uri)
        check(all(after[name] == before[name] for name in before), "no file that was there has changed")
        check(wide <= files_with(ds, "picture"), "the pictures are where they were")
        check(ds.deduplicate("key", dry_run=True).num_removed_rows == 0, "every key is there once")

    def _size_of_fed_columns(self, ds: eider.LanceDataset, written: set[str]) -> int:
        """What they take in a table of their own, of the fragments that have such files."""
        shutil.rmtree(self.out / "alone", ignore_errors=True)
        touched = [fragment for fragment in ds.get_fragments() if written & {file.path for file in fragment.data_files()}]
        for number, fragment in enumerate(touched):
            rows = fragment.scanner(columns=FED, include_deleted_rows=True, with_row_id=True).to_table().drop_columns(["_rowid"])
            mode = "append" if number else "create"
            eider.write_dataset(rows, self.out / "alone", mode=mode, max_rows_per_file=2**30, durability="none")
        return bytes_of(files_of(self.out / "alone"))

    def features(self, ds: eider.LanceDataset, count: int) -> None:
        """New columns one after another, and what the table costs meanwhile."""
        wide, merging = files_with(ds, "picture"), 0.0
        start, seconds, opens, sizes = time.perf_counter(), [], [], [bytes_of(files_of(self.uri))]
        for i in range(count):
            expression = f"score_{i % NUM_SCORES:02} * {i + 1} + caption_length"
            seconds.append(_timed(lambda expression=expression, i=i: ds.add_columns({f"feature_{i:04}": expression}, durability="none")))
            if i % SMALL_FILES == SMALL_FILES - 1:
                merging += _timed(lambda: ds.optimize.merge_files(max_small_files=SMALL_FILES, durability="none"))
            if i % max(1, count // 20) == 0 or i == count - 1:
                opens.append(min(_timed(lambda: eider.dataset(self.uri)) for _ in range(5)))
                sizes.append(bytes_of(files_of(self.uri)))
        edge = max(1, min(20, count // 4))
        first, last = statistics.median(seconds[:edge]), statistics.median(seconds[-edge:])
        versions = bytes_of(files_of(self.uri, "_versions"))
        files = sum(len(fragment.data_files()) for fragment in ds.get_fragments())
        print(
            f"   {count} columns over {len(ds.get_fragments())} fragments in {time.perf_counter() - start:.1f} s: commit {first * 1e3:.1f} ms at "
            f"first, {last * 1e3:.1f} at last; open {opens[0] * 1e3:.2f} and {opens[-1] * 1e3:.2f} ms; {files} files\n"
            f"   {sizes[-1] - sizes[0]:,} bytes of data, {(sizes[-1] - sizes[0]) / count:,.0f} a column, in the first half "
            f"{(sizes[len(sizes) // 2] - sizes[0]) / (sizes[-1] - sizes[0]):.0%}; {versions:,} bytes of manifests"
        )
        before = files_of(self.uri)
        ds.optimize.merge_files()
        merged = sum(len(fragment.data_files()) for fragment in ds.get_fragments())
        print(f"   merging small files took {merging:.1f} s meanwhile; in the end {files} files became {merged}")
        check(files_of(self.uri).items() >= before.items(), "no file that was there has changed")
        check(merged <= 5 * len(ds.get_fragments()), "few files are left in each fragment")
        sample = ds.take([5, 77], columns=["score_00", "caption_length", "feature_0000"]).to_pylist()
        check(all(abs(row["feature_0000"] - row["score_00"] - row["caption_length"]) < 1e-3 for row in sample), "the features are right")
        check(wide <= files_with(ds, "picture"), "the pictures are where they were")

    def look_back(self, ds: eider.LanceDataset) -> None:
        """Monday is still there, whatever has happened since."""
        monday = ds.checkout_version("monday")
        check(monday.to_table(columns=self.monday_rows.schema.names) == self.monday_rows, "time travel to Monday reads Monday's rows")
        row = len(self.here) // 2
        expected = np.random.default_rng(self.here[row].synset).bytes(self.blob_bytes)
        check(monday.read_blobs("picture", indices=[row])[0][1] == expected, "and Monday's pictures")

    def branch(self, ds: eider.LanceDataset) -> None:
        """Another model for the captions, tried apart."""
        before = files_of(self.uri)
        tried = ds.create_branch("new-model")
        tried.drop_columns(["embedding"])
        tried.add_columns(
            eider.batch_udf(pa.schema([("embedding", pa.list_(pa.float32(), EMBEDDING))]))(
                lambda batch: {"embedding": embed(batch["caption"].to_pylist(), EMBEDDING)}
            ),
            read_columns=["caption"],
        )
        written = bytes_of(files_of(self.uri / "tree" / "new-model"))
        raw = 4 * EMBEDDING * sum(fragment.physical_rows for fragment in tried.get_fragments())
        print(f"   the new embedding took {written:,} bytes, {written / raw:.2f} of its values")
        check(written < 1.3 * raw, "the branch wrote the new column alone")
        check(files_of(self.uri) == before, "and nothing in the table")
        kept = eider.dataset(self.uri).schema.field("embedding").type
        check(kept.list_size == DIMENSIONS, "where the old one stands")


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "week", help="folder of the table, made anew")
    parser.add_argument("--rows", type=int, help="nouns (default: all 82,115)")
    parser.add_argument("--fragments", type=int, default=100)
    parser.add_argument("--features", type=int, default=1000)
    parser.add_argument("--blob-bytes", type=int, default=4096, help="of a picture")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    print(f"Nouns of {SOURCE}" if SOURCE.exists() else "Made-up nouns: Debian's package wordnet-base is not installed")
    week = Week(out, arguments.rows, arguments.fragments, arguments.blob_bytes)
    print("Monday: bulk import")
    ds = week.monday()
    for number, day in enumerate(DAYS):
        print(f"{day}: the daily feed")
        week.feed(ds, number)
    print(f"Sunday: {arguments.features} feature columns")
    week.features(ds, arguments.features)
    print("Looking back")
    week.look_back(ds)
    print("A branch")
    week.branch(ds)


if __name__ == "__main__":
    main()
