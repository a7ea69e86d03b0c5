"""Step 4b: predicted land goes back to the lake as polygons, with their lineage, and meets the gold table in SQL."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import lake
import numpy as np
import pyarrow as pa
import shapely
from outlines import trace
from report import check, progress, rate, say
from scene import STRIDE, Scene

import eider

# Chips of even row and column tile the scene without overlap, so that areas may be summed.
JOIN = """
WITH patches AS (
  SELECT chip_id, sum(ST_Area(outline)) AS area, count(*) AS polygons
  FROM lake.predictions AT (VERSION => {predictions}) GROUP BY chip_id
)
SELECT block_row, block_col, count(*) AS chips, coalesce(sum(polygons), 0)::BIGINT AS polygons,
       sum(land_share * ST_Area(footprint)) / 1e6 AS shoreline_km2, coalesce(sum(area), 0) / 1e6 AS predicted_km2
FROM lake.gold AT (VERSION => {gold}) LEFT JOIN patches USING (chip_id)
WHERE chip_row % 2 = 0 AND chip_col % 2 = 0 AND nodata_fraction = 0
GROUP BY ALL ORDER BY shoreline_km2 DESC
"""


def repatriate(scene: Scene, uri: Path, version: int, lake_folder: Path, gold: int) -> None:
    """Writes the polygons predicted in `version` to the lake, derived from its snapshot `gold`, and queries them."""
    start = time.perf_counter()
    predictions = _polygons(scene, uri, version)
    say(f"traced {len(predictions):,} polygons, {rate(len(predictions), time.perf_counter() - start, 'polygons')}")
    con = lake.open_lake(lake_folder)
    lineage = {"gold_snapshot": gold, "dataset": uri.name, "dataset_version": version}
    snapshot = _commit(con, predictions, scene.crs, lineage)
    _check_lineage(con, snapshot, lineage)
    _join_with_gold(con, gold, snapshot, len(predictions))
    con.close()


def _polygons(scene: Scene, uri: Path, version: int) -> pa.Table:
    dataset = eider.dataset(uri, version=version)
    table = dataset.to_table(columns=["chip_id", "chip_row", "chip_col", "score", "predicted_mask"])
    masks = table["predicted_mask"].combine_chunks().to_numpy_ndarray()
    corners = zip(table["chip_row"].to_numpy().astype(int), table["chip_col"].to_numpy().astype(int))
    shapes, rows = [], []
    with progress("tracing", "chip", len(masks)) as bar:
        for row, (chip_row, chip_col) in enumerate(corners):
            patches = trace(masks[row]) if masks[row].any() else []
            shapes.extend(shapely.transform(patches, _shift_by(chip_col * STRIDE, chip_row * STRIDE)))
            rows.extend([row] * len(patches))
            bar.update()
    shapes = shapely.transform(shapes, lambda xy: np.stack(scene.to_ground(xy[:, 0], xy[:, 1]), 1))
    return pa.table(
        {
            "chip_id": table["chip_id"].combine_chunks().cast(pa.binary(16)).take(pa.array(rows, pa.int64())),
            "score": table["score"].combine_chunks().take(pa.array(rows, pa.int64())),
            "outline": pa.array(shapely.to_wkb(shapes), pa.binary()),
            "centroid": pa.array(shapely.to_wkb(shapely.centroid(shapes)), pa.binary()),
        }
    )


def _shift_by(x: int, y: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda coordinates: coordinates + [x, y]


def _commit(con: duckdb.DuckDBPyConnection, predictions: pa.Table, crs: str, lineage: dict) -> int:
    """One transaction: the table, every row with its lineage, and a commit message that tells it too."""
    con.register("traced", predictions)
    con.execute("BEGIN")
    con.execute(
        """CREATE TABLE lake.predictions AS
           SELECT hex(chip_id)::UUID AS chip_id, score, ST_GeomFromWKB(outline) AS outline,
                  ST_GeomFromWKB(centroid) AS centroid, $gold_snapshot::BIGINT AS gold_snapshot,
                  $dataset AS dataset, $dataset_version::BIGINT AS dataset_version
           FROM traced""",
        lineage,
    )
    for column in ("outline", "centroid"):
        lake.keep_crs(con, "predictions", column, crs)
    message = "land traced from {dataset} version {dataset_version}, made from gold at snapshot {gold_snapshot}"
    con.execute(
        "CALL lake.set_commit_message('landsat demo', ?, extra_info => ?)",
        [message.format(**lineage), json.dumps(lineage)],
    )
    con.execute("COMMIT")
    return lake.snapshot(con)


def _check_lineage(con: duckdb.DuckDBPyConnection, snapshot: int, lineage: dict) -> None:
    query = "SELECT commit_message, commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = ?"
    message, extra = con.execute(query, [snapshot]).fetchone()
    columns = ", ".join(lineage)
    rows = con.execute(f"SELECT DISTINCT {columns} FROM lake.predictions AT (VERSION => {snapshot})").fetchall()
    say(f"lake snapshot {snapshot}: {message}")
    told = json.loads(extra) == lineage and rows == [tuple(lineage.values())]
    check(told, f"lineage in every row and in the commit: gold at snapshot S = {lineage['gold_snapshot']} -> "
          f"{lineage['dataset']} version V = {lineage['dataset_version']} -> lake snapshot {snapshot}")  # fmt: skip


def _join_with_gold(con: duckdb.DuckDBPyConnection, gold: int, predictions: int, num_polygons: int) -> None:
    blocks = con.execute(JOIN.format(gold=gold, predictions=predictions)).fetchall()
    say("one SQL query over gold and predictions, by spatial block (chips that tile the scene):")
    say("  block   chips  polygons  shoreline km2  predicted km2")
    for row, col, chips, polygons, truth, predicted in blocks[:6]:
        say(f"  {row}, {col}  {chips:7}  {polygons:8}  {truth:13.1f}  {predicted:13.1f}")
    truth, predicted = (sum(block[i] for block in blocks) for i in (4, 5))
    say(f"  all {len(blocks):2} blocks {'':11} {truth:14.1f}  {predicted:13.1f}")
    joined = con.execute("SELECT count(*) FROM lake.predictions SEMI JOIN lake.gold USING (chip_id)").fetchone()[0]
    check(joined == num_polygons, f"each of the {num_polygons:,} polygons finds its chip in gold")
