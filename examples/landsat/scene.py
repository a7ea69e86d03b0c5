"""The scene on disk: its pixels, where they lie on the ground, and the grid of chips that is laid over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
import tifffile

CHIP = 32  # pixels along a chip's side
STRIDE = 16  # pixels from one chip to the next: neighbours share half of their pixels

DATA = Path(__file__).resolve().parent.parent / "data"
SCENE = DATA / "RGB.byte.tif"
SHORELINE = DATA / "shoreline.parquet"

_PROJECTED_CRS_KEY = 3072  # of GeoTIFF


@dataclass(frozen=True)
class Scene:
    """Pixels [height, width, band]; the ground point of a pixel corner is (left + col * dx, top - row * dy)."""

    pixels: np.ndarray
    left: float
    top: float
    dx: float
    dy: float
    crs: str

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    def to_ground(self, col: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.left + np.asarray(col) * self.dx, self.top - np.asarray(row) * self.dy


def read_scene(path: Path = SCENE) -> Scene:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        dx, dy, _ = page.tags["ModelPixelScaleTag"].value
        col, row, _, x, y, _ = page.tags["ModelTiepointTag"].value
        keys = np.reshape(page.tags["GeoKeyDirectoryTag"].value[4:], (-1, 4))
        code = int(keys[keys[:, 0] == _PROJECTED_CRS_KEY, 3][0])
        return Scene(page.asarray(), x - col * dx, y + row * dy, dx, dy, f"EPSG:{code}")


def cut_chips(plane: np.ndarray, chip_row: np.ndarray, chip_col: np.ndarray) -> np.ndarray:
    """The chips of a [height, width, ...] plane, as [chips, 32, 32, ...]."""
    windows = np.lib.stride_tricks.sliding_window_view(plane, (CHIP, CHIP), axis=(0, 1))
    chips = windows[chip_row * STRIDE, chip_col * STRIDE]
    return np.moveaxis(chips, (-2, -1), (1, 2))


def footprints(scene: Scene, chip_row: np.ndarray, chip_col: np.ndarray) -> np.ndarray:
    """The chips' squares on the ground, as shapely polygons."""
    left, top = scene.to_ground(chip_col * STRIDE, chip_row * STRIDE)
    right, bottom = scene.to_ground(chip_col * STRIDE + CHIP, chip_row * STRIDE + CHIP)
    return shapely.box(left, bottom, right, top)


def rasterise(scene: Scene, polygons: np.ndarray) -> np.ndarray:
    """A [height, width] plane of uint8: 1 where a pixel's centre lies in one of the polygons."""
    plane = np.zeros((scene.height, scene.width), np.uint8)
    shapely.prepare(polygons)
    for polygon, (xmin, ymin, xmax, ymax) in zip(polygons, shapely.bounds(polygons)):
        cols = _pixels_between((xmin - scene.left) / scene.dx, (xmax - scene.left) / scene.dx, scene.width)
        rows = _pixels_between((scene.top - ymax) / scene.dy, (scene.top - ymin) / scene.dy, scene.height)
        x, y = scene.to_ground(*np.meshgrid(np.arange(*cols) + 0.5, np.arange(*rows) + 0.5))
        plane[slice(*rows), slice(*cols)] |= shapely.contains_xy(polygon, x, y)
    return plane


def _pixels_between(low: float, high: float, limit: int) -> tuple[int, int]:
    return max(int(np.floor(low)), 0), min(int(np.ceil(high)), limit)
