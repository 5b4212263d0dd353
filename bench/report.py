"""What was measured beside what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure of the summary; without a target it is only shown."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def spread(values: Sequence[float], digits: int = 1) -> str:
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low}–{high}"


def limited(what: str, values: Sequence[float], most: float, unit: str, digits: int = 1) -> Line:
    """Met when the median of the runs is within the limit; the range is shown."""
    middle = percentile(values, 50)
    measured = f"{spread(values, digits)} {unit}" + (f" (median {middle:.{digits}f})" if len(values) > 1 else "")
    return Line(what, measured, f"≤ {most:g} {unit}", middle <= most)


def table(lines: Sequence[Line]) -> str:
    rows = [("measure", "measured", "target", "")]
    rows += [(line.what, line.measured, line.target, _word(line.met)) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def _word(met: bool | None) -> str:
    return {True: "met", False: "MISSED", None: ""}[met]
