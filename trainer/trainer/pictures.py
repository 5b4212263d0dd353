"""Pictures and what is to be learnt of them, in the four published layouts; imports nothing heavy.

    imagefolder   [train|val]/<class>/<picture>
    coco          annotations/*train*.json, *val*.json, or one *.json; pictures by their file_name
    voc           Annotations/*.xml, JPEGImages/, ImageSets/Main/train.txt and val.txt where they are
    yolo          data.yaml, images/, labels/

Every label is read and checked before anything slow is imported, and turned
into one row of YOLO's own text format, which all the others can be written as.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from trainer import labels
from trainer.failure import Failure
from trainer.labels import Labelled
from trainer.storage import local_copy

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
TRAINING = ("train", "training")
VALIDATION = ("val", "valid", "validation", "test")
HELD_OUT_EVERY = 5  # where a dataset names nothing to validate with


@dataclass(frozen=True)
class Pictures:
    classes: tuple[str, ...]
    training: tuple[Labelled, ...]
    validation: tuple[Labelled, ...]
    keypoints: tuple[int, int] | None = None  # points of a pose, and numbers of each
    mirrored: tuple[int, ...] = ()


def read(source: str, kind: str) -> Pictures:
    readers: dict[str, Callable[[Path], Pictures]] = {
        "imagefolder": _folders,
        "coco": _coco,
        "voc": _voc,
        "yolo": _yolo,
    }
    if kind not in readers:
        raise Failure("unsupported", f"dataset_format {kind} is not read by this trainer; known: {', '.join(readers)}")
    root = local_copy(source)
    if not root.exists():
        raise Failure("data", f"dataset {source} does not exist here; give a directory, file://, s3:// or gs://")
    found = readers[kind](root)
    if not found.training:
        raise Failure("data", f"dataset {source} holds no picture to train on in the layout of {kind}")
    if not found.validation:
        held_out = found.training[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY] or found.training[-1:]
        kept = tuple(each for each in found.training if each not in held_out) or found.training
        found = replace(found, training=kept, validation=held_out)
    if not found.classes:
        raise Failure("data", f"dataset {source} names no class")
    return found


def below(directory: Path) -> list[Path]:
    """The pictures of a directory and all below it, in an order that does not depend on the file system."""
    found = (Path(folder) / name for folder, _, names in os.walk(directory) for name in names)
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def _split(root: Path, names: Iterable[str]) -> Path | None:
    return next((root / name for name in names if (root / name).is_dir()), None)


def _folders(root: Path) -> Pictures:
    training = _split(root, TRAINING) or root
    validation = _split(root, VALIDATION) if training != root else None
    classes = tuple(sorted(each.name for each in training.iterdir() if each.is_dir()))
    if len(classes) < 2:
        raise Failure("data", f"{training} must hold at least two folders, one a class; it holds {len(classes)}")

    def of(folder: Path) -> tuple[Labelled, ...]:
        strange = [each.name for each in folder.iterdir() if each.is_dir() and each.name not in classes]
        if strange:
            raise Failure("data", f"{folder / strange[0]}: {training} has no folder of that class")
        pairs = ((path, kind) for kind, name in enumerate(classes) for path in below(folder / name))
        return tuple(Labelled(path, (str(kind),)) for path, kind in pairs)

    empty = [name for name in classes if not below(training / name)]
    if empty:
        raise Failure("data", f"{training / empty[0]} holds no picture ({', '.join(SUFFIXES)})")
    return Pictures(classes, of(training), of(validation) if validation else ())


def _coco(root: Path) -> Pictures:
    files = sorted([*root.glob("annotations/*.json"), *root.glob("*.json"), *root.glob("*/*.coco.json")])
    if not files:
        raise Failure("data", f"{root} holds no annotations/*.json and no *.json of its own")

    def of(words: tuple[str, ...]) -> list[Path]:
        return [file for file in files if any(word in f"{file.parent.name}/{file.name}".lower() for word in words)]

    training = [file for file in of(TRAINING) if file not in of(VALIDATION)] or files[:1]
    validation = [file for file in of(VALIDATION) if file not in training]
    classes = labels.coco_classes(training[0])
    parts = [
        tuple(each for file in split for each in labels.coco(root, file, classes)) for split in (training, validation)
    ]
    return Pictures(tuple(classes.values()), parts[0], parts[1])


def _voc(root: Path) -> Pictures:
    files = {file.stem: file for file in sorted((root / "Annotations").glob("*.xml"))}
    if not files:
        raise Failure("data", f"{root / 'Annotations'} holds no *.xml")
    classes = labels.voc_classes(files.values())
    every = {stem: labels.voc(root, file, classes) for stem, file in files.items()}

    def of(names: tuple[str, ...]) -> tuple[Labelled, ...]:
        lists = root / "ImageSets" / "Main"
        file = next((lists / f"{name}.txt" for name in names if (lists / f"{name}.txt").is_file()), None)
        if file is None:
            return ()
        stems = [line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        missing = [stem for stem in stems if stem not in every]
        if missing:
            raise Failure("data", f"{file}: {missing[0]} has no file in {root / 'Annotations'}")
        return tuple(every[stem] for stem in stems)

    validation = of(("val", "test"))
    return Pictures(classes, of(("train", "trainval")) or tuple(every.values()), validation)


def _yolo(root: Path) -> Pictures:
    settings = labels.yolo_settings(root)

    def of(places: list[Path]) -> tuple[Labelled, ...]:
        return tuple(
            labels.yolo(path, len(settings.names)) for place in places for path in _listed(place, settings.root)
        )

    training, validation = of(settings.training), of(settings.validation)
    classes = settings.names or _numbered((*training, *validation))
    return Pictures(classes, training, validation, settings.keypoints, settings.mirrored)


def _listed(place: Path, root: Path) -> list[Path]:
    """The pictures of a folder, or those that a text file names."""
    if place.suffix == ".txt" and place.is_file():
        lines = [line.strip() for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [path if path.is_absolute() else root / path for path in map(Path, lines)]
    if not place.is_dir():
        raise Failure("data", f"{place} does not exist, though data.yaml names it")
    return below(place)


def _numbered(pictures: Iterable[Labelled]) -> tuple[str, ...]:
    highest = max((int(row.split()[0]) for each in pictures for row in each.rows), default=-1)
    return tuple(f"class-{number}" for number in range(highest + 1))
