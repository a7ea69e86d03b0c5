"""The main job of examples/landsat, with fewer epochs, and the parts of it that can be wrong without being noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "landsat"

for package in ("duckdb_extension_ducklake", "duckdb_extension_spatial", "geopandas", "tifffile", "torch"):
    pytest.importorskip(package)


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))


def test_the_main_job_runs_end_to_end(tmp_path):
    command = [sys.executable, str(EXAMPLE / "demo.py"), "--out", str(tmp_path / "out"), "--epochs", "2"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    for claim in (
        "no byte of the 1 data file(s) that were there has changed",
        "0 pixels are shared by the two splits",
        "gives the same 62 losses, bit by bit",
        "lineage in every row and in the commit",
    ):
        assert claim in result.stdout
    for name in ("gold.parquet", "chips.png", "training.png", "run/model.pt"):
        assert (tmp_path / "out" / name).stat().st_size > 0


def test_a_claim_that_does_not_hold_stops_the_demo(example):
    import report

    with pytest.raises(report.CheckFailed, match="does not hold: two is three"):
        report.check(2 == 3, "two is three")


@pytest.mark.parametrize("seed", range(8))
def test_traced_polygons_cover_exactly_the_set_pixels(example, seed):
    import shapely
    from outlines import trace

    random = np.random.default_rng(seed)
    mask = (random.random((32, 32)) < random.random()).astype(np.uint8)
    polygons = trace(mask)
    assert shapely.is_valid(polygons).all()
    assert shapely.area(polygons).sum() == mask.sum()
    y, x = np.indices(mask.shape) + 0.5
    assert np.array_equal(shapely.contains_xy(shapely.union_all(polygons), x, y), mask > 0)


def test_a_ring_keeps_its_hole_and_corners_do_not_join(example):
    from outlines import trace

    ring = np.zeros((8, 8), np.uint8)
    ring[1:4, 1:4], ring[2, 2] = 1, 0
    ring[4, 4] = 1
    polygons = sorted(trace(ring), key=lambda polygon: polygon.area)
    assert [polygon.area for polygon in polygons] == [1, 8]
    assert [len(polygon.interiors) for polygon in polygons] == [0, 1]


def test_rasterised_polygon_takes_the_pixels_whose_centre_it_holds(example):
    import shapely
    from scene import Scene, rasterise

    scene = Scene(np.zeros((4, 5, 3), np.uint8), left=100, top=200, dx=10, dy=10, crs="EPSG:32618")
    plane = rasterise(scene, np.array([shapely.box(112, 176, 137, 190), shapely.box(-50, 150, 104, 166)]))
    assert plane.tolist() == [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
