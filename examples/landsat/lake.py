"""A DuckLake made on the spot: DuckDB with its ducklake and spatial extensions, a catalogue and a folder of Parquet.

DuckLake 1.0 keeps geometry but forgets its CRS, so the CRS of a geometry column is kept in the column's comment.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import duckdb


def open_lake(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the lake of `folder` attached as `lake`; makes the lake when there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    for name in ("ducklake", "spatial"):
        con.execute(f"LOAD '{_extension_file(name)}'")
    con.execute(f"ATTACH 'ducklake:{folder / 'catalog.ducklake'}' AS lake (DATA_PATH '{folder / 'files'}/')")
    return con


def _extension_file(name: str) -> Path:
    """The signed extension binary inside the wheel `duckdb-extension-<name>`, for the running DuckDB."""
    package = importlib.import_module(f"duckdb_extension_{name}")
    pattern = f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
    found = [file for root in package.__path__ for file in Path(root).glob(pattern)]
    if not found:
        raise RuntimeError(f"duckdb-extension-{name} has no {name} extension for DuckDB {duckdb.__version__}")
    return found[0]


def snapshot(con: duckdb.DuckDBPyConnection) -> int:
    """The lake's newest snapshot."""
    return con.execute("FROM ducklake_current_snapshot('lake')").fetchone()[0]


def keep_crs(con: duckdb.DuckDBPyConnection, table: str, column: str, crs: str) -> None:
    con.execute(f"COMMENT ON COLUMN lake.{table}.{column} IS '{crs}'")


def crs_of(con: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    query = """SELECT comment FROM duckdb_columns()
               WHERE database_name = 'lake' AND table_name = ? AND column_name = ?"""
    return con.execute(query, [table, column]).fetchone()[0]
