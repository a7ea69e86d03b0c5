"""What a backfill has computed so far, in one SQLite file, so that one that was killed goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .error import CorruptError, InvalidError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Checkpoint"]

_TABLES = """
CREATE TABLE IF NOT EXISTS backfill (what TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS results (fragment INT, first_row INT, num_rows INT, state TEXT, result BLOB, PRIMARY KEY (fragment, first_row));
CREATE TABLE IF NOT EXISTS files (fragment INT PRIMARY KEY, state TEXT, file TEXT);
"""


class Checkpoint:
    """The results of batches of fragments that are not written yet, and the files of those that are.

    ``state`` of a fragment is a digest of what it is made of: once the fragment is changed, what was computed of it does not count any more.
    """

    def __init__(self, path: str | os.PathLike[str], purpose: dict[str, Any]) -> None:
        self.path = os.fspath(path)
        text = json.dumps(purpose, sort_keys=True)
        with self._open() as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and "backfill" not in tables:
                raise InvalidError(f"checkpoint_file {self.path!r} holds something else: tables {sorted(tables)}")
            connection.executescript(_TABLES)
            connection.execute("INSERT OR IGNORE INTO backfill VALUES ('purpose', ?)", (text,))  # several processes may begin at once
            found = connection.execute("SELECT value FROM backfill WHERE what = 'purpose'").fetchone()
            if found[0] != text:
                raise InvalidError(f"checkpoint_file {self.path!r} is of another backfill: {found[0]:.300}, and not of {text:.300}")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One connection for each use: the function may run on any thread."""
        try:
            connection = sqlite3.connect(self.path, timeout=60)
        except sqlite3.Error as error:
            raise InvalidError(f"checkpoint_file {self.path!r}: {error}") from error
        try:
            with connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise CorruptError(f"checkpoint_file {self.path!r}: {error}") from error
        finally:
            connection.close()

    def results(self, fragment: int, state: str) -> Iterator[pa.RecordBatch]:
        """The results of a fragment's first batches, in order."""
        import pyarrow as pa

        row = 0
        while True:
            with self._open() as connection:
                found = connection.execute(
                    "SELECT num_rows, result FROM results WHERE fragment = ? AND first_row = ? AND state = ?", (fragment, row, state)
                ).fetchone()
            if found is None:
                return
            with pa.ipc.open_stream(found[1]) as stream:
                batch = stream.read_next_batch()
            if batch.num_rows != found[0] or batch.num_rows == 0:
                raise CorruptError(f"checkpoint_file {self.path!r}: a result of {found[0]} rows has {batch.num_rows}")
            yield batch
            row += batch.num_rows

    def keep_result(self, fragment: int, state: str, first_row: int, batch: pa.RecordBatch) -> None:
        """Durable when it returns."""
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        row = (fragment, first_row, batch.num_rows, state, memoryview(sink.getvalue()))
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", row)

    def file(self, fragment: int, state: str) -> Any | None:
        """What ``keep_file`` was given."""
        with self._open() as connection:
            found = connection.execute("SELECT file FROM files WHERE fragment = ? AND state = ?", (fragment, state)).fetchone()
        return None if found is None else json.loads(found[0])

    def keep_file(self, fragment: int, state: str, file: Any) -> None:
        """The fragment is written: its results are not needed any more."""
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (fragment, state, json.dumps(file)))
            connection.execute("DELETE FROM results WHERE fragment = ?", (fragment,))

    def remove(self) -> None:
        """The backfill is committed."""
        for suffix in ("", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path + suffix)


def state_of(fragment: bytes, max_field_id: int) -> str:
    """The digest of a fragment's message, and of the field ids that are taken."""
    return hashlib.sha256(b"%d " % max_field_id + fragment).hexdigest()
