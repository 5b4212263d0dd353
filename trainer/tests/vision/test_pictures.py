"""The four layouts of pictures and labels, and what is said of a bad one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import drawings
import pytest

from trainer import pictures
from trainer.failure import Failure


def test_folders_are_classes(tmp_path: Path) -> None:
    found = pictures.read(str(drawings.image_folder(tmp_path, 3, 2)), "imagefolder")
    assert found.classes == ("engine", "wagon")
    assert [each.rows for each in found.training] == [("0",)] * 3 + [("1",)] * 3
    assert len(found.validation) == 4


def test_without_a_folder_to_validate_with_every_fifth_picture_is_held_out(tmp_path: Path) -> None:
    found = pictures.read(str(drawings.image_folder(tmp_path, 5, 1) / "train"), "imagefolder")
    assert (len(found.training), len(found.validation)) == (8, 2)
    assert not {each.path for each in found.training} & {each.path for each in found.validation}


@pytest.mark.parametrize("layout", ["coco", "voc"])
def test_the_same_boxes_are_read_from_each_layout(tmp_path: Path, layout: str) -> None:
    make: dict[str, Callable[[Path], Path]] = {"coco": drawings.coco, "voc": drawings.voc}
    one = pictures.read(str(drawings.yolo(tmp_path / "yolo")), "yolo")
    other = pictures.read(str(make[layout](tmp_path / layout)), layout)
    assert one.classes == other.classes == ("engine", "wagon")
    for first, second in ((one.training, other.training), (one.validation, other.validation)):
        assert {each.path.name: each.rows for each in first} == {each.path.name: each.rows for each in second}


def test_an_outline_of_coco_becomes_a_row_of_corners(tmp_path: Path) -> None:
    root = drawings.coco(tmp_path, 2, 1)
    file = root / "annotations" / "instances_train.json"
    document = json.loads(file.read_text())
    document["annotations"][0]["segmentation"] = [[0, 0, 32, 0, 32, 64]]
    file.write_text(json.dumps(document))
    found = pictures.read(str(root), "coco")
    assert found.training[0].rows == ("0 0.000000 0.000000 0.500000 0.000000 0.500000 1.000000",)


def broken_label(root: Path) -> str:
    drawings.yolo(root)
    (root / "labels" / "train" / "train-1.txt").write_text("0 0.5 0.5 0.2 0.2\n9 0.5 0.5 0.2 0.2\n")
    return "train-1.txt line 2: class 9 is not among the 2"


def numbers_of_pixels(root: Path) -> str:
    drawings.yolo(root)
    (root / "labels" / "train" / "train-1.txt").write_text("0 12 14 20 20\n")
    return "train-1.txt line 1: boxes are relative"


def no_label_is_a_word(root: Path) -> str:
    drawings.yolo(root)
    (root / "labels" / "train" / "train-1.txt").write_text("engine 0.5 0.5 0.2 0.2\n")
    return "train-1.txt line 1: must be a class and numbers"


def box_of_no_picture(root: Path) -> str:
    drawings.coco(root)
    file = root / "annotations" / "instances_train.json"
    document = json.loads(file.read_text())
    document["annotations"][3]["image_id"] = 99
    file.write_text(json.dumps(document))
    return "instances_train.json, annotation 3"


def lost_picture(root: Path) -> str:
    drawings.coco(root)
    (root / "images" / "train-0.png").unlink()
    return "picture train-0.png lies neither"


def not_xml(root: Path) -> str:
    drawings.voc(root)
    (root / "Annotations" / "train-0.xml").write_text("<annotation>")
    return "train-0.xml: not XML"


def growing_entities(root: Path) -> str:
    drawings.voc(root)
    (root / "Annotations" / "train-0.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>')
    return "train-0.xml: has a document type"


def empty_class(root: Path) -> str:
    drawings.image_folder(root, 1, 1)
    (root / "train" / "tender").mkdir()
    return "tender holds no picture"


def unknown_class(root: Path) -> str:
    drawings.image_folder(root, 1, 1)
    (root / "val" / "tender").mkdir()
    return "has no folder of that class"


@pytest.mark.parametrize(
    ("layout", "make"),
    [
        ("yolo", broken_label),
        ("yolo", numbers_of_pixels),
        ("yolo", no_label_is_a_word),
        ("coco", box_of_no_picture),
        ("coco", lost_picture),
        ("voc", not_xml),
        ("voc", growing_entities),
        ("imagefolder", empty_class),
        ("imagefolder", unknown_class),
    ],
)
def test_what_is_wrong_is_named_by_its_file_and_place(tmp_path: Path, layout: str, make: Callable[[Path], str]) -> None:
    expected = make(tmp_path)
    with pytest.raises(Failure) as caught:
        pictures.read(str(tmp_path), layout)
    assert caught.value.kind == "data"
    assert expected in caught.value.message


def test_a_layout_that_nobody_reads_and_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="dataset_format dice is not read"):
        pictures.read(str(tmp_path), "dice")
    with pytest.raises(Failure, match="does not exist here"):
        pictures.read(str(tmp_path / "nowhere"), "yolo")
