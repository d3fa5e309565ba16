"""Which of many points lie inside a polygon: exactly, and mostly without looking at the points. Pure.

Points are sorted by the cell of a grid, row by row, so that a run of cells is a run of points.  No edge of the
polygon passes through most cells: those are inside or outside as a whole, and a run of them is settled by one
test.  Only points that share a cell with an edge are tested themselves (GEOS, prepared).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

_POINTS_PER_CELL = 4
_MOST_CELLS = 4_000_000
_FEW = 15_000
_FEW_PER_CORNER = 2
"""So few points are asked one by one: looking at the cells costs about as much as that, and grows with the corners."""
_SLACK = 1e-6
"""In cells: an edge that passes this near to a cell counts as passing through, so that rounding decides nothing."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The cells that the box of a polygon touches."""

    left: int
    bottom: int
    width: int
    height: int


class PointGrid:
    """Points in degrees; queries answer with their places in the arrays that it was made of."""

    def __init__(self, lon: Floats, lat: Floats) -> None:
        self.count = len(lon)
        self._west, self._south, east, north = _box(lon, lat)
        side = max(1, int(np.sqrt(min(_MOST_CELLS, self.count / _POINTS_PER_CELL))))
        self._columns = self._rows = side
        self._across = side / max(east - self._west, 1e-9)
        self._up = side / max(north - self._south, 1e-9)
        cells = self._row(lat) * side + self._column(lon)
        self._order = np.argsort(cells, kind="stable").astype(np.int32)
        counts = np.bincount(cells, minlength=side * side)
        self._starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        self._lon = lon[self._order]
        self._lat = lat[self._order]

    def inside(self, polygon: BaseGeometry) -> Whole:
        """Return the places of the points inside or on the edge of ``polygon``, in no special order."""
        if self.count == 0 or polygon.is_empty:
            return np.empty(0, dtype=np.int64)
        shapely.prepare(polygon)
        corners = int(shapely.get_num_coordinates(polygon))
        if self.count <= max(_FEW, _FEW_PER_CORNER * corners):
            found = shapely.intersects_xy(polygon, self._lon, self._lat)
            few: Whole = self._order[found].astype(np.int64)
            return few
        window = self._window(polygon)
        if window is None:
            return np.empty(0, dtype=np.int64)
        touched = self._touched(polygon, window)
        whole = self._whole_runs(polygon, window, touched)
        doubtful = self._places(*self._cells(window, touched))
        kept = shapely.intersects_xy(polygon, self._lon[doubtful], self._lat[doubtful])
        places: Whole = self._order[np.concatenate((whole, doubtful[kept]))].astype(np.int64)
        return places

    def _column(self, lon: Floats) -> Whole:
        cells = np.floor((lon - self._west) * self._across).astype(np.int64)
        found: Whole = np.clip(cells, 0, self._columns - 1)
        return found

    def _row(self, lat: Floats) -> Whole:
        cells = np.floor((lat - self._south) * self._up).astype(np.int64)
        found: Whole = np.clip(cells, 0, self._rows - 1)
        return found

    def _window(self, polygon: BaseGeometry) -> _Window | None:
        west, south, east, north = polygon.bounds
        left = int(np.floor((west - self._west) * self._across - _SLACK))
        right = int(np.floor((east - self._west) * self._across + _SLACK))
        bottom = int(np.floor((south - self._south) * self._up - _SLACK))
        top = int(np.floor((north - self._south) * self._up + _SLACK))
        # The points on the far edges of the box of all points are in the last cells.
        if right < 0 or top < 0 or left > self._columns or bottom > self._rows:
            return None
        left, bottom = min(max(left, 0), self._columns - 1), min(max(bottom, 0), self._rows - 1)
        right, top = min(right, self._columns - 1), min(top, self._rows - 1)
        return _Window(left, bottom, right - left + 1, top - bottom + 1)

    def _touched(self, polygon: BaseGeometry, window: _Window) -> Flags:
        """Return which cells of the window an edge passes through."""
        ax, ay, bx, by = self._edges(polygon, window)
        # Pieces no longer than a cell touch two by two cells at most.
        pieces = np.ceil(np.maximum(np.abs(bx - ax), np.abs(by - ay))).astype(np.int64) + 1
        edge = np.repeat(np.arange(len(ax)), pieces)
        nth = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        from_, to = nth / pieces[edge], (nth + 1) / pieces[edge]
        width, height = bx - ax, by - ay
        x0, x1 = ax[edge] + from_ * width[edge], ax[edge] + to * width[edge]
        y0, y1 = ay[edge] + from_ * height[edge], ay[edge] + to * height[edge]
        touched = np.zeros((window.height, window.width), dtype=np.bool_)
        right, top = window.width - 1, window.height - 1
        low_x = np.clip(np.floor(np.minimum(x0, x1) - _SLACK).astype(np.int64), 0, right)
        high_x = np.clip(np.floor(np.maximum(x0, x1) + _SLACK).astype(np.int64), 0, right)
        low_y = np.clip(np.floor(np.minimum(y0, y1) - _SLACK).astype(np.int64), 0, top)
        high_y = np.clip(np.floor(np.maximum(y0, y1) + _SLACK).astype(np.int64), 0, top)
        for step_y in range(3):
            for step_x in range(3):
                touched[np.minimum(low_y + step_y, high_y), np.minimum(low_x + step_x, high_x)] = (
                    True
                )
        return touched

    def _edges(
        self, polygon: BaseGeometry, window: _Window
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the edges in cells from the window's corner, cut off a cell outside of it."""
        rings = shapely.get_rings(shapely.get_parts(polygon))
        corners, ring = shapely.get_coordinates(rings, return_index=True)
        joined = ring[1:] == ring[:-1]
        x = (corners[:, 0] - self._west) * self._across - window.left
        y = (corners[:, 1] - self._south) * self._up - window.bottom
        return _clipped(
            x[:-1][joined], y[:-1][joined], x[1:][joined], y[1:][joined],
            float(window.width + 1), float(window.height + 1),
        )  # fmt: skip

    def _whole_runs(self, polygon: BaseGeometry, window: _Window, touched: Flags) -> Whole:
        """Return the places, in cell order, of the points of all cells that are inside as a whole."""
        free = ~touched
        begins = free.copy()
        begins[:, 1:] &= touched[:, :-1]
        ends = free.copy()
        ends[:, :-1] &= touched[:, 1:]
        row, first = np.nonzero(begins)
        _, last = np.nonzero(ends)
        lon = self._west + (first + window.left + 0.5) / self._across
        lat = self._south + (row + window.bottom + 0.5) / self._up
        inside = shapely.intersects_xy(polygon, lon, lat)
        start = (row + window.bottom) * self._columns + window.left
        return self._places((start + first)[inside], (start + last)[inside])

    def _cells(self, window: _Window, wanted: Flags) -> tuple[Whole, Whole]:
        row, column = np.nonzero(wanted)
        cells = (row + window.bottom) * self._columns + column + window.left
        return cells, cells

    def _places(self, first: Whole, last: Whole) -> Whole:
        """Return the places of all points in the runs of cells from ``first`` to ``last``."""
        start, end = self._starts[first], self._starts[last + 1]
        length = end - start
        total = int(length.sum())
        if total == 0:
            return np.empty(0, dtype=np.int64)
        jump = np.repeat(start - (np.cumsum(length) - length), length)
        found: Whole = np.arange(total) + jump
        return found


def _box(lon: Floats, lat: Floats) -> tuple[float, float, float, float]:
    if len(lon) == 0:
        return 0.0, 0.0, 1.0, 1.0
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _clipped(
    ax: Floats, ay: Floats, bx: Floats, by: Floats, right: float, top: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what lies between -1 and the far sides of each edge (Liang and Barsky); others are left out."""
    begin, end = np.zeros(len(ax)), np.ones(len(ax))
    with np.errstate(divide="ignore", invalid="ignore"):
        for start, step, low, high in ((ax, bx - ax, -1.0, right), (ay, by - ay, -1.0, top)):
            near, far = (low - start) / step, (high - start) / step
            near, far = np.minimum(near, far), np.maximum(near, far)
            flat = step == 0
            out = flat & ((start < low) | (start > high))
            begin = np.where(flat, begin, np.maximum(begin, near))
            end = np.where(out, -1.0, np.where(flat, end, np.minimum(end, far)))
    kept = begin <= end
    ax, ay, bx, by, begin, end = (each[kept] for each in (ax, ay, bx, by, begin, end))
    dx, dy = bx - ax, by - ay
    return ax + begin * dx, ay + begin * dy, ax + end * dx, ay + end * dy
