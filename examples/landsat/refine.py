"""Step 1: the sources enter the lake, SQL makes the gold table of chips, and gold leaves as GeoParquet 1.1."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import duckdb
import geopandas
import lake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
from report import check, rate, say, size
from scene import CHIP, SCENE, SHORELINE, STRIDE, Scene

BLOCK = 96  # pixels along a spatial block: chips of one block go to one split

# A pixel belongs to every chip that covers it: two along each axis, one at the scene's border.
GOLD = f"""
CREATE TABLE lake.gold AS
WITH bands AS (
  SELECT row // {STRIDE} - up AS chip_row, col // {STRIDE} - back AS chip_col,
         avg(red) AS red_mean, stddev_pop(red) AS red_std,
         avg(green) AS green_mean, stddev_pop(green) AS green_std,
         avg(blue) AS blue_mean, stddev_pop(blue) AS blue_std,
         avg(CASE WHEN greatest(red, green, blue) = 0 THEN 1 ELSE 0 END) AS nodata_fraction
  FROM lake.pixels, range({CHIP // STRIDE}) AS a(up), range({CHIP // STRIDE}) AS b(back)
  GROUP BY ALL HAVING count(*) = {CHIP * CHIP}
), chips AS (
  SELECT bands.*, md5(s.name || ' ' || chip_row || ' ' || chip_col) AS digest, s.crs,
         s.left_x + chip_col * {STRIDE} * s.dx AS xmin, s.top_y - (chip_row * {STRIDE} + {CHIP}) * s.dy AS ymin,
         s.left_x + (chip_col * {STRIDE} + {CHIP}) * s.dx AS xmax, s.top_y - chip_row * {STRIDE} * s.dy AS ymax
  FROM bands, lake.scene AS s WHERE nodata_fraction < 1
), placed AS (
  SELECT *, ST_MakeEnvelope(xmin, ymin, xmax, ymax) AS footprint FROM chips
), islands AS (
  SELECT ST_Transform(sh.geometry, $shoreline_crs, s.crs, true) AS shape FROM lake.shoreline AS sh, lake.scene AS s
), land AS (
  SELECT chip_row, chip_col, sum(ST_Area(ST_Intersection(footprint, shape))) AS area
  FROM placed JOIN islands ON ST_Intersects(footprint, shape) GROUP BY ALL
)
SELECT (digest[1:12] || '8' || digest[14:16] || '8' || digest[18:])::UUID AS chip_id,  -- RFC 9562, version 8
       chip_row::SMALLINT AS chip_row, chip_col::SMALLINT AS chip_col,
       ((chip_row * {STRIDE} + {CHIP // 2}) // {BLOCK})::SMALLINT AS block_row,
       ((chip_col * {STRIDE} + {CHIP // 2}) // {BLOCK})::SMALLINT AS block_col,
       red_mean, red_std, green_mean, green_std, blue_mean, blue_std, nodata_fraction,
       coalesce(area, 0) / ST_Area(footprint) AS land_share, footprint,
       {{'xmin': xmin, 'ymin': ymin, 'xmax': xmax, 'ymax': ymax}} AS bbox
FROM placed LEFT JOIN land USING (chip_row, chip_col)
ORDER BY chip_row, chip_col
"""


def refine(scene: Scene, lake_folder: Path, gold_file: Path) -> int:
    """Returns the lake's snapshot S at which `gold_file` was exported."""
    con = lake.open_lake(lake_folder)
    _load_sources(con, scene)
    start = time.perf_counter()
    con.execute(GOLD, {"shoreline_crs": lake.crs_of(con, "shoreline", "geometry")})
    lake.keep_crs(con, "gold", "footprint", scene.crs)
    seconds = time.perf_counter() - start
    snapshot = lake.snapshot(con)
    chips, land = con.execute("SELECT count(*), avg(land_share) FROM lake.gold").fetchone()
    say(f"gold: {chips:,} chips of {CHIP} x {CHIP} pixels, {land:.1%} land, snapshot S = {snapshot} "
        f"({rate(scene.height * scene.width, seconds, 'pixels')})")  # fmt: skip
    _export(con, snapshot, gold_file)
    _check_accepted(gold_file, scene.crs, chips)
    con.close()
    return snapshot


def _load_sources(con: duckdb.DuckDBPyConnection, scene: Scene) -> None:
    con.execute(f"CREATE TABLE lake.shoreline AS SELECT island_id, area_km2, geometry FROM '{SHORELINE}'")
    crs = geopandas.read_parquet(SHORELINE).crs.to_string()
    lake.keep_crs(con, "shoreline", "geometry", crs)
    row, col = np.indices((scene.height, scene.width), dtype=np.int32).reshape(2, -1)
    bands = scene.pixels.reshape(-1, 3)
    pixels = pa.table({"row": row, "col": col, "red": bands[:, 0].copy(), "green": bands[:, 1].copy(),
                       "blue": bands[:, 2].copy()})  # fmt: skip
    con.register("scene_pixels", pixels)
    con.execute("CREATE TABLE lake.pixels AS FROM scene_pixels")
    digest = hashlib.sha256(SCENE.read_bytes()).hexdigest()
    con.execute(
        """CREATE TABLE lake.scene AS SELECT $name AS name, $digest AS sha256, $crs AS crs, $left AS left_x,
           $top AS top_y, $dx AS dx, $dy AS dy, $width AS width, $height AS height""",
        {"name": SCENE.name, "digest": digest, "crs": scene.crs, "left": scene.left, "top": scene.top,
         "dx": scene.dx, "dy": scene.dy, "width": scene.width, "height": scene.height},
    )  # fmt: skip
    islands = con.execute("SELECT count(*) FROM lake.shoreline").fetchone()[0]
    say(f"lake: {SCENE.name} ({scene.width} x {scene.height} pixels, {scene.crs}, {size(SCENE.stat().st_size)}) "
        f"and {islands} shoreline polygons ({crs}, {size(SHORELINE.stat().st_size)})")  # fmt: skip


def _export(con: duckdb.DuckDBPyConnection, snapshot: int, gold_file: Path) -> None:
    """Writes the gold table as it stood at `snapshot`. DuckDB itself writes GeoParquet 1.0, without a covering."""
    crs = lake.crs_of(con, "gold", "footprint")
    columns = f"* REPLACE (ST_AsWKB(footprint) AS footprint) FROM lake.gold AT (VERSION => {snapshot})"
    bounds = con.execute(
        f"""SELECT min(bbox.xmin), min(bbox.ymin), max(bbox.xmax), max(bbox.ymax)
            FROM lake.gold AT (VERSION => {snapshot})"""
    ).fetchone()
    geo = _geo_metadata(crs, list(bounds))
    lineage = json.dumps({"table": "gold", "snapshot": snapshot})
    con.execute(
        f"""COPY (SELECT {columns} ORDER BY chip_row, chip_col) TO '{gold_file}'
            (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{geo: '{geo}', lake: '{lineage}'}})"""
    )
    say(f"exported {gold_file.name} as GeoParquet 1.1 ({size(gold_file.stat().st_size)})")


def _geo_metadata(crs: str, bounds: list[float]) -> str:
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "crs": pyproj.CRS.from_user_input(crs).to_json_dict(),
        "bbox": bounds,
        "covering": {"bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}},
    }
    text = json.dumps({"version": "1.1.0", "primary_column": "footprint", "columns": {"footprint": column}})
    return text.replace("'", "''")


def _check_accepted(gold_file: Path, crs: str, chips: int) -> None:
    table = pq.read_table(gold_file)
    geo = json.loads(table.schema.metadata[b"geo"])
    check(table.num_rows == chips and geo["version"] == "1.1.0", f"pyarrow reads {chips:,} rows of GeoParquet 1.1")
    frame = geopandas.read_parquet(gold_file)
    check(frame.crs == pyproj.CRS.from_user_input(crs), f"geopandas reads the CRS {frame.crs.to_string()}")
    xmin, ymin, xmax, ymax = frame.total_bounds
    corner = geopandas.read_parquet(gold_file, bbox=(xmin, ymin, (xmin + xmax) / 2, (ymin + ymax) / 2))
    check(0 < len(corner) < len(frame), f"geopandas filters by the bbox covering: {len(corner):,} chips in a quarter")
