"""Small pictures whose content can be learnt in seconds, in every layout that the trainer reads."""

from __future__ import annotations

import json
import random
from pathlib import Path

SIZE = 64
COLOURS = {"engine": (200, 40, 40), "wagon": (40, 60, 210)}
Box = tuple[int, int, int, int]  # left, top, width, height


def draw(path: Path, colour: tuple[int, int, int], chance: random.Random) -> Box:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = chance.randrange(20, 40), chance.randrange(20, 40)
    left, top = chance.randrange(SIZE - width), chance.randrange(SIZE - height)
    picture = Image.new("RGB", (SIZE, SIZE), (230, 230, 225))
    picture.paste(colour, (left, top, left + width, top + height))
    picture.save(path)
    return left, top, width, height


def image_folder(root: Path, training: int, validation: int) -> Path:
    chance = random.Random(1)
    for split, count in (("train", training), ("val", validation)):
        for name, colour in COLOURS.items():
            for number in range(count):
                draw(root / split / name / f"{number}.png", colour, chance)
    return root


def _boxes(root: Path, training: int, validation: int) -> dict[str, list[tuple[str, int, Box]]]:
    """By split: file name, class, box."""
    chance = random.Random(2)
    made: dict[str, list[tuple[str, int, Box]]] = {"train": [], "val": []}
    for split, count in (("train", training), ("val", validation)):
        for number in range(count):
            kind = number % len(COLOURS)
            name = f"{split}-{number}.png"
            made[split].append((name, kind, draw(root / name, list(COLOURS.values())[kind], chance)))
    return made


def yolo(root: Path, training: int = 8, validation: int = 4) -> Path:
    for split, rows in _boxes(root / "drawn", training, validation).items():
        for name, kind, (left, top, width, height) in rows:
            for folder in ("images", "labels"):
                (root / folder / split).mkdir(parents=True, exist_ok=True)
            (root / "drawn" / name).rename(root / "images" / split / name)
            numbers = [(left + width / 2) / SIZE, (top + height / 2) / SIZE, width / SIZE, height / SIZE]
            row = " ".join([str(kind), *(f"{each:.6f}" for each in numbers)])
            (root / "labels" / split / name).with_suffix(".txt").write_text(row + "\n")
    (root / "drawn").rmdir()
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(COLOURS))
    (root / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: images/val\nnames:\n{names}")
    return root


def coco(root: Path, training: int = 8, validation: int = 4) -> Path:
    for split, rows in _boxes(root / "images", training, validation).items():
        document = {
            "images": [
                {"id": number, "file_name": name, "width": SIZE, "height": SIZE}
                for number, (name, _, _) in enumerate(rows)
            ],
            # The ids of a class begin anywhere and leave gaps.
            "annotations": [
                {"id": number, "image_id": number, "category_id": 7 + 4 * kind, "bbox": list(box)}
                for number, (_, kind, box) in enumerate(rows)
            ],
            "categories": [{"id": 7 + 4 * kind, "name": name} for kind, name in enumerate(COLOURS)],
        }
        (root / "annotations").mkdir(exist_ok=True)
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(document))
    return root


def voc(root: Path, training: int = 8, validation: int = 4) -> Path:
    names = list(COLOURS)
    for split, rows in _boxes(root / "JPEGImages", training, validation).items():
        for folder in ("Annotations", "ImageSets/Main"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for name, kind, (left, top, width, height) in rows:
            box = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{left + width}</xmax><ymax>{top + height}</ymax>"
            (root / "Annotations" / Path(name).with_suffix(".xml").name).write_text(
                f"<annotation><filename>{name}</filename>"
                f"<size><width>{SIZE}</width><height>{SIZE}</height></size>"
                f"<object><name>{names[kind]}</name><bndbox>{box}</bndbox></object></annotation>"
            )
        stems = "".join(f"{Path(name).stem}\n" for name, _, _ in rows)
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text(stems)
    return root


def outlines(root: Path) -> Path:
    """COCO with the corners of each rectangle."""
    for file in coco(root).glob("annotations/*.json"):
        document = json.loads(file.read_text())
        for annotation in document["annotations"]:
            left, top, width, height = annotation["bbox"]
            right, bottom = left + width, top + height
            annotation["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
        file.write_text(json.dumps(document))
    return root


def poses(root: Path) -> Path:
    """YOLO with the left and the right end of each rectangle as the points of a pose."""
    for file in yolo(root).glob("labels/*/*.txt"):
        kind, x, y, width, height = (float(each) for each in file.read_text().split())
        points = f"{x - width / 2:.6f} {y} 2 {x + width / 2:.6f} {y} 2"
        file.write_text(f"{kind:.0f} {x} {y} {width} {height} {points}\n")
    settings = root / "data.yaml"
    settings.write_text(settings.read_text() + "kpt_shape: [2, 3]\nflip_idx: [1, 0]\n")
    return root
