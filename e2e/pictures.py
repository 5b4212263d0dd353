"""Pictures of two colours, told apart after two epochs."""

from __future__ import annotations

import struct
from pathlib import Path

SIDE = 64


def bitmap(red: int, green: int, blue: int) -> bytes:
    """A picture of one colour, as Windows has written them since 1990."""
    pixels = bytes((blue, green, red)) * (SIDE * SIDE)
    header = struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + header + pixels


def pictures(folder: Path) -> Path:
    for split, count in (("train", 8), ("val", 4)):
        for name, colour in (("red", (200, 20, 20)), ("blue", (20, 20, 200))):
            place = folder / split / name
            place.mkdir(parents=True)
            for index in range(count):
                (place / f"{index}.bmp").write_bytes(bitmap(*(part + index for part in colour)))
    return folder
