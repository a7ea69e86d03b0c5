"""Step 2: gold becomes a Lance dataset; images, masks and shoreline pieces arrive as new columns on its rows."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyproj
import shapely
from report import check, progress, rate, say, size
from scene import CHIP, SHORELINE, Scene, cut_chips, footprints, rasterise

import eider

BATCH = 512  # rows in flight while columns are added


def ingest(scene: Scene, gold_file: Path, uri: Path, snapshot: int) -> None:
    _import(gold_file, uri, snapshot)
    _add_columns(scene, uri)
    _show_one_sample(uri)


def _import(gold_file: Path, uri: Path, snapshot: int) -> None:
    command = [str(Path(sys.executable).with_name("eider")), "import", str(gold_file), str(uri)]
    say(f"$ eider import {gold_file.name} {uri.name}")
    say(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    dataset = eider.dataset(uri)
    field = dataset.schema.field("footprint")
    geoarrow = _extension(field)
    crs = pyproj.CRS.from_user_input(geoarrow["crs"])
    say(f"{dataset.count_rows():,} rows, {len(dataset.schema)} columns, {size(sum(_file_sizes(uri)))} in data files")
    check(crs.to_epsg() is not None, f"footprint is {geoarrow['name']} in {crs.to_string()}")
    recorded = json.loads(dataset.schema.metadata[b"lake"])
    check(recorded == {"table": "gold", "snapshot": snapshot}, f"the dataset records its source: {recorded}")


def _extension(field: pa.Field) -> dict:
    """Name and metadata of a field's extension type, whether or not a package has registered the type."""
    if isinstance(field.type, pa.BaseExtensionType):
        return {"name": field.type.extension_name, **json.loads(field.type.__arrow_ext_serialize__())}
    metadata = field.metadata
    return {"name": metadata[b"ARROW:extension:name"].decode(), **json.loads(metadata[b"ARROW:extension:metadata"])}


def _add_columns(scene: Scene, uri: Path) -> None:
    dataset = eider.dataset(uri)
    rows = dataset.to_table(columns=["chip_row", "chip_col"])
    chip_row, chip_col = (rows[name].to_numpy().astype(np.int64) for name in ("chip_row", "chip_col"))
    shoreline = geopandas.read_parquet(SHORELINE).to_crs(scene.crs).geometry.to_numpy()
    land = rasterise(scene, shoreline)
    schema = _new_columns(scene.crs)

    def batches() -> Iterator[pa.RecordBatch]:
        with progress("new columns", "row", len(chip_row)) as bar:
            for start in range(0, len(chip_row), BATCH):
                window = slice(start, start + BATCH)
                batch = _batch(schema, scene, land, shoreline, chip_row[window], chip_col[window])
                yield batch
                bar.update(batch.num_rows)

    before = _hashes(uri)
    start = time.perf_counter()
    dataset.add_columns(pa.RecordBatchReader.from_batches(schema, batches()))
    seconds = time.perf_counter() - start
    after = _hashes(uri)
    added = sum((uri / "data" / name).stat().st_size for name in after.keys() - before.keys())
    payload = len(chip_row) * CHIP * CHIP * 4
    say(f"added {', '.join(schema.names)}: {size(added)} written ({size(payload)} of them pixels and masks), "
        f"{rate(len(chip_row), seconds, 'rows')}")  # fmt: skip
    unchanged = all(after.get(name) == digest for name, digest in before.items())
    check(unchanged, f"no byte of the {len(before)} data file(s) that were there has changed (sha256)")
    dataset = eider.dataset(uri)
    check(dataset.count_rows() == len(chip_row), f"version {dataset.version}: still {len(chip_row):,} rows")


def _new_columns(crs: str) -> pa.Schema:
    vertex = pa.struct([pa.field("x", pa.float64(), False), pa.field("y", pa.float64(), False)])
    polygons = pa.list_(pa.list_(pa.list_(vertex)))  # polygons of rings of vertices
    geoarrow = {
        "ARROW:extension:name": "geoarrow.multipolygon",
        "ARROW:extension:metadata": json.dumps({"crs": pyproj.CRS.from_user_input(crs).to_json_dict()}),
    }
    return pa.schema(
        [
            pa.field("image", pa.fixed_shape_tensor(pa.uint8(), (3, CHIP, CHIP), dim_names=("band", "y", "x")), False),
            pa.field("mask", pa.fixed_shape_tensor(pa.uint8(), (CHIP, CHIP), dim_names=("y", "x")), False),
            pa.field("shoreline", polygons, metadata=geoarrow),
        ]
    )


def _batch(
    schema: pa.Schema, scene: Scene, land: np.ndarray, shoreline: np.ndarray, chip_row: np.ndarray, chip_col: np.ndarray
) -> pa.RecordBatch:
    images = np.moveaxis(cut_chips(scene.pixels, chip_row, chip_col), -1, 1)
    masks = cut_chips(land, chip_row, chip_col)
    pieces = _pieces(shoreline, footprints(scene, chip_row, chip_col))
    arrays = [
        _tensors(schema.field("image").type, images),
        _tensors(schema.field("mask").type, masks),
        _polygon_lists(schema.field("shoreline").type, pieces),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _tensors(type_: pa.FixedShapeTensorType, values: np.ndarray) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    storage = pa.FixedSizeListArray.from_arrays(flat, type=type_.storage_type)
    return pa.ExtensionArray.from_storage(type_, storage)


def _pieces(shoreline: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """For each square, what of the land lies in it, as one multipolygon."""
    square, polygon = shapely.STRtree(shoreline).query(squares, predicate="intersects")
    parts, part_of = shapely.get_parts(shapely.intersection(shoreline[polygon], squares[square]), return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON  # a corner may touch in a point only
    owners = square[part_of[areal]]
    order = np.argsort(owners, kind="stable")
    pieces = np.full(len(squares), shapely.MultiPolygon(), object)
    return shapely.multipolygons(parts[areal][order], indices=owners[order], out=pieces)


def _polygon_lists(type_: pa.DataType, pieces: np.ndarray) -> pa.Array:
    """Multipolygons as list<list<list<struct<x, y>>>>, built from offsets without a loop over rows."""
    _, vertices, (rings, polygons, chips) = shapely.to_ragged_array(pieces)
    vertex = type_.value_type.value_type.value_type
    x, y = (pa.array(np.ascontiguousarray(vertices[:, axis])) for axis in (0, 1))
    array = pa.StructArray.from_arrays([x, y], fields=list(vertex))
    for offsets in (rings, polygons, chips):
        array = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), array)
    return array.cast(type_)


def _show_one_sample(uri: Path) -> None:
    dataset = eider.dataset(uri)
    share = dataset.to_table(columns=["land_share", "nodata_fraction"])
    score = np.abs(share["land_share"].to_numpy() - 0.5) + share["nodata_fraction"].to_numpy()
    row = int(np.argmin(score))
    start = time.perf_counter()
    sample = dataset.take([row])
    micros = (time.perf_counter() - start) * 1e6
    say(f"one whole sample, row {row}, taken in {micros:,.0f} us:")
    mask = sample["mask"].combine_chunks().to_numpy_ndarray()[0]
    for line, fact in itertools.zip_longest(_draw(mask), _facts(sample, mask), fillvalue=""):
        say(f"  {line}  {fact}".rstrip())
    check(abs(mask.mean() - sample["land_share"][0].as_py()) < 0.05, "the mask agrees with land_share from SQL")


def _facts(sample: pa.Table, mask: np.ndarray) -> list[str]:
    image = sample["image"].combine_chunks().to_numpy_ndarray()[0]
    polygons = sample["shoreline"][0].as_py()
    footprint = shapely.from_wkb(sample["footprint"][0].as_py())
    return [
        f"chip_id    {sample['chip_id'][0].as_py()}",
        f"footprint  {footprint.wkt[:46]}...",
        f"block      {sample['block_row'][0]}, {sample['block_col'][0]}",
        f"land_share {sample['land_share'][0].as_py():.3f}",
        f"image      {image.dtype} {list(image.shape)}, band means {image.mean((1, 2)).round(1).tolist()}",
        f"mask       {mask.dtype} {list(mask.shape)}, {mask.mean():.3f} land",
        f"shoreline  {len(polygons)} polygon(s), {sum(len(r) for p in polygons for r in p)} vertices",
    ]


def _draw(mask: np.ndarray) -> list[str]:
    """A mask as text, two pixels a character."""
    blocks = " \u2584\u2580\u2588"
    return ["".join(blocks[2 * top + bottom] for top, bottom in zip(*mask[i : i + 2])) for i in range(0, len(mask), 2)]


def _hashes(uri: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted((uri / "data").iterdir())}


def _file_sizes(uri: Path) -> list[int]:
    return [file.stat().st_size for file in (uri / "data").iterdir()]
