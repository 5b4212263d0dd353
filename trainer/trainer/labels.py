"""Reads the label files of COCO, VOC and YOLO; what is wrong is named by its file and place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from trainer.failure import Failure

LARGEST_LABEL_FILE_BYTES = 2 << 30
BOX_NUMBERS = 5  # the class, the centre, the size; more are an outline or a pose


@dataclass(frozen=True)
class Labelled:
    path: Path
    rows: tuple[str, ...]  # YOLO's: class and numbers relative to the picture; of a picture as a whole, its class


@dataclass(frozen=True)
class YoloSettings:
    root: Path
    names: tuple[str, ...]
    training: list[Path]
    validation: list[Path]
    keypoints: tuple[int, int] | None
    mirrored: tuple[int, ...]  # which point of a pose each becomes when the picture is flipped


def coco_classes(file: Path) -> dict[int, str]:
    """Names by their id, in the order of the ids."""
    categories = _coco_document(file).get("categories", [])
    try:
        return {int(each["id"]): str(each["name"]) for each in sorted(categories, key=lambda each: int(each["id"]))}
    except (KeyError, TypeError, ValueError) as error:
        raise Failure("data", f"{file}: each of categories needs an id and a name") from error


def coco(root: Path, file: Path, classes: dict[int, str]) -> Iterator[Labelled]:
    document = _coco_document(file)
    order = {identity: number for number, identity in enumerate(classes)}
    rows: dict[Any, list[str]] = {}
    images = {}
    for image in document["images"]:
        try:
            images[image["id"]] = (str(image["file_name"]), float(image["width"]), float(image["height"]))
            rows[image["id"]] = []
        except (KeyError, TypeError, ValueError) as error:
            raise Failure("data", f"{file}: each of images needs id, file_name, width and height") from error
    for annotation in document.get("annotations", []):
        where = f"{file}, annotation {annotation.get('id', '?') if isinstance(annotation, dict) else annotation}"
        try:
            name, width, height = images[annotation["image_id"]]
            number = order[annotation["category_id"]]
            left, top, wide, high = (float(each) for each in annotation["bbox"])
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(
                "data", f"{where}: needs a bbox of four numbers, and an image_id and category_id of the file ({error})"
            ) from error
        outline = annotation.get("segmentation")
        if isinstance(outline, list) and outline and isinstance(outline[0], list) and len(outline[0]) >= 6:
            scaled = [float(each) / (height if index % 2 else width) for index, each in enumerate(outline[0])]
            rows[annotation["image_id"]].append(_row(number, scaled))
        else:
            rows[annotation["image_id"]].append(_box(number, left, top, wide, high, width, height, where))
    for identity, (name, _, _) in images.items():
        yield Labelled(_picture(root, file, name), tuple(rows[identity]))


def _coco_document(file: Path) -> dict[str, Any]:
    if file.stat().st_size > LARGEST_LABEL_FILE_BYTES:
        raise Failure("data", f"{file} is larger than {LARGEST_LABEL_FILE_BYTES} bytes; split it")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Failure("data", f"{file}: not JSON ({error})") from error
    if not isinstance(document, dict) or not isinstance(document.get("images"), list):
        raise Failure("data", f"{file}: not a COCO file, which holds images, annotations and categories")
    return document


def _picture(root: Path, file: Path, name: str) -> Path:
    split = file.stem.removeprefix("instances_")
    folders = [root, root / "images", root / split, root / "images" / split, file.parent]
    folders += [root / word for word in ("train", "val", "JPEGImages")]
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        raise Failure(
            "data", f"{file}: the picture {name} lies neither in {root} nor in its folders images and {split}"
        )
    return found


def voc_classes(files: Iterable[Path]) -> tuple[str, ...]:
    return tuple(sorted({each.findtext("name", "") for file in files for each in _voc_document(file).iter("object")}))


def voc(root: Path, file: Path, classes: tuple[str, ...]) -> Labelled:
    document = _voc_document(file)
    try:
        width, height = (float(document.findtext(f"size/{side}", "")) for side in ("width", "height"))
        rows = []
        for each in document.iter("object"):
            corners = (float(each.findtext(f"bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax"))
            left, top, right, bottom = corners
            number = classes.index(each.findtext("name", ""))
            rows.append(_box(number, left, top, right - left, bottom - top, width, height, str(file)))
    except ValueError as error:
        raise Failure("data", f"{file}: size and every bndbox must hold numbers ({error})") from error
    return Labelled(_picture(root, file, document.findtext("filename") or f"{file.stem}.jpg"), tuple(rows))


def _voc_document(file: Path) -> ElementTree.Element:
    try:
        text = file.read_text(encoding="utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:  # a few lines of those can fill all memory
            raise Failure("data", f"{file}: has a document type; take it out")
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise Failure("data", f"{file}: not XML ({error})") from error


def yolo_settings(root: Path) -> YoloSettings:
    """Of data.yaml, or of the folders where there is none."""
    files = [root] if root.is_file() else [root / name for name in ("data.yaml", "dataset.yaml", "data.yml")]
    file = next((each for each in files if each.is_file()), None)
    if file is None:
        images = root / "images"
        training = next((each for each in (images / "train", root / "train", images) if each.is_dir()), None)
        if training is None:
            raise Failure("data", f"{root} holds neither data.yaml nor a folder images")
        validation = next((each for each in (images / "val", root / "val", root / "valid") if each.is_dir()), None)
        return YoloSettings(root, (), [training], [validation] if validation else [], None, ())
    return _yolo_file(file)


def _yolo_file(file: Path) -> YoloSettings:
    import yaml

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Failure("data", f"{file}: not YAML ({error})") from error
    if not isinstance(document, dict) or not document.get("train") or not document.get("names"):
        raise Failure("data", f"{file}: needs train and names")
    names = document["names"]
    listed = [names[key] for key in sorted(names)] if isinstance(names, dict) else list(names)
    given = Path(str(document.get("path") or "."))
    root = given if given.is_absolute() else file.parent / given
    if not root.is_dir():
        root = file.parent  # the path of the machine on which the file was written

    def places(value: Any) -> list[Path]:
        return [root / str(each) for each in (value if isinstance(value, list) else [value]) if each]

    shape = document.get("kpt_shape")
    keypoints = (int(shape[0]), int(shape[1])) if isinstance(shape, list) and len(shape) == 2 else None
    flipped = document.get("flip_idx")
    return YoloSettings(
        root,
        tuple(str(each) for each in listed),
        places(document["train"]),
        places(document.get("val")),
        keypoints,
        tuple(int(each) for each in flipped) if isinstance(flipped, list) else (),
    )


def yolo(path: Path, classes: int) -> Labelled:
    """A picture with the rows of its label file; without one it shows nothing that is to be found."""
    if not path.is_file():
        raise Failure("data", f"picture {path} does not exist, though the dataset names it")
    parts = list(path.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    file = Path(*parts).with_suffix(".txt")
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines() if file.is_file() else [], start=1):
        words = line.split()
        if not words:
            continue
        try:
            kind, *numbers = int(words[0]), *(float(each) for each in words[1:])
        except ValueError as error:
            raise Failure("data", f"{file} line {number}: must be a class and numbers, not {line[:80]!r}") from error
        if len(words) < BOX_NUMBERS:
            raise Failure("data", f"{file} line {number}: has {len(words)} numbers; a box has {BOX_NUMBERS}")
        if kind < 0 or (classes and kind >= classes):
            raise Failure("data", f"{file} line {number}: class {kind} is not among the {classes} of data.yaml")
        if any(not 0 <= each <= 1 for each in numbers[: BOX_NUMBERS - 1]):
            raise Failure("data", f"{file} line {number}: boxes are relative to the picture, so within 0 and 1")
        rows.append(line.strip())
    return Labelled(path, tuple(rows))


def _box(
    number: int, left: float, top: float, wide: float, high: float, width: float, height: float, where: str
) -> str:
    if width <= 0 or height <= 0 or wide <= 0 or high <= 0:
        raise Failure("data", f"{where}: a picture and a box must have a width and a height above 0")
    return _row(number, [(left + wide / 2) / width, (top + high / 2) / height, wide / width, high / height])


def _row(number: int, values: Iterable[float]) -> str:
    return " ".join([str(number), *(f"{min(1.0, max(0.0, each)):.6f}" for each in values)])
