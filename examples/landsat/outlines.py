"""Polygons from masks: the outline of every connected patch of land, holes included."""

from __future__ import annotations

import numpy as np
import shapely


def trace(mask: np.ndarray) -> np.ndarray:
    """Polygons in pixel coordinates (x right, y down) whose union is the set pixels of a [height, width] mask.

    Patches that touch at a corner only stay apart. The polygons' areas sum up to the number of set pixels.
    """
    edges = _edges(np.pad(mask.astype(bool), 1)) - 1
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(edges)))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces)).astype(np.int64)
    land = faces[mask[inside[:, 1], inside[:, 0]] > 0]
    return shapely.simplify(land, 0)  # joins the unit steps of straight sides


def _edges(padded: np.ndarray) -> np.ndarray:
    """The unit segments [n, 2, 2] between a set pixel and one that is not."""
    y, x = np.nonzero(padded[:, 1:] != padded[:, :-1])
    upright = np.stack([np.stack([x + 1, y], 1), np.stack([x + 1, y + 1], 1)], 1)
    y, x = np.nonzero(padded[1:] != padded[:-1])
    level = np.stack([np.stack([x, y + 1], 1), np.stack([x + 1, y + 1], 1)], 1)
    return np.concatenate([upright, level])
