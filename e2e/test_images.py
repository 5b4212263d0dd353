"""The container images, built for real and started as each contract starts them: `./dev images [NAME...]`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import container
from container import Container, Ended

ALL = ("base", "hf", "meta", "nemo", "unsloth", "timm", "ultralytics")
ASKED = os.environ.get("TRAINYARD_IMAGES", "").split()
TEXT = ("hf", "meta", "nemo", "unsloth")
PICTURES = ("timm", "ultralytics")

pytestmark = pytest.mark.skipif(not ASKED, reason="images take 20 GB and a quarter of an hour: ./dev images")


@pytest.fixture(scope="module")
def built() -> list[str]:
    lacking = container.lacking()
    assert not lacking, lacking
    names = list(ALL) if ASKED == ["all"] else ASKED
    container.build(names)
    return names


@pytest.fixture(scope="module")
def places(built: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Container]]:
    made: dict[str, Container] = {}
    try:
        for name in built:
            made[name] = Container(name, tmp_path_factory.mktemp(name) / "workspace")
        yield made
    finally:
        for each in made.values():
            each.close()


def of(places: dict[str, Container], name: str) -> Container:
    if name not in places:
        pytest.skip(f"the image {name} was not asked for")
    return places[name]


@pytest.fixture(params=TEXT)
def text(request: pytest.FixtureRequest, places: dict[str, Container]) -> tuple[str, Container]:
    """An image that trains language models, with a model of random weights in its workspace."""
    image = of(places, request.param)
    if not (image.workspace / "model").exists():
        make = ["-m", "trainer.demo", "make-base", "/workspace/model", "--hidden-size", "32"]
        finished(image.run(make, command=["python"], directory="/mnt"))
        rows = [json.dumps({"text": f"train {row} arrives in yard {row % 7}"}) for row in range(40)]
        (image.workspace / "rows.jsonl").write_text("\n".join(rows))
    return request.param, image


def finished(ended: Ended) -> Ended:
    assert ended.code == 0, f"{ended.out[-2000:]}\n{ended.err[-4000:]}"
    return ended


def run_file(framework: str, place: str) -> dict[str, Any]:
    return {
        "run_id": place,
        "framework": framework,
        "model": {"provider": "custom", "name": "/workspace/model"},
        "datasets": [{"source": "/workspace/rows.jsonl"}],
        "method": {"kind": "lora", "precision": "fp32", "lora": {"rank": 4, "alpha": 8}},
        "hyperparameters": {"learning_rate": 0.01, "batch_size": 4, "max_steps": 4, "seed": 3},
        "checkpoints": {"uri": f"/workspace/{place}/checkpoints", "every_steps": 2},
        "outputs": {"uri": f"/workspace/{place}/out"},
        "extra": {"threads": 1},
    }


def test_a_pod_that_names_no_command_trains(text: tuple[str, Container]) -> None:
    name, image = text
    ended = finished(image.run([], environment={"TRAINER_CONFIG": json.dumps(run_file(name, "own"))}))
    assert ended.of("finished")[0]["step"] == 4, ended.out
    assert (image.workspace / "own/checkpoints/step-000004.json").exists()
    assert (image.workspace / "own/out").is_dir()


def test_a_pod_of_two_processes_trains_as_one_job(text: tuple[str, Container]) -> None:
    name, image = text
    environment = {"TRAINER_CONFIG": json.dumps(run_file(name, "gang")), "PET_NNODES": "1", "PET_NPROC_PER_NODE": "2"}
    ended = finished(image.run([], environment=environment))
    assert [event["world_size"] for event in ended.of("started")] == [2]
    assert ended.of("finished")[0]["step"] == 4


@pytest.mark.parametrize("name", ["hf", "meta", "nemo"])
def test_the_unified_contract_starts_it_by_torchrun(name: str, places: dict[str, Container]) -> None:
    image = of(places, "nemo")  # the one that has all three frameworks of the contract
    if not (image.workspace / "model").exists():
        pytest.skip("the image nemo has no model: run the whole file")
    prefix = f"/workspace/unified/r-{name}/framework={name}"
    flags = {
        "--framework": name, "--run-id": f"r-{name}", "--checkpoint-base-uri": "/workspace/unified",
        "--checkpoint-prefix": prefix, "--dataset-uri": "/workspace/rows.jsonl", "--logs-uri": f"{prefix}/logs",
        "--config-uri": f"{prefix}/config", "--model-id": "/workspace/model", "--max-steps": "2", "--num-epochs": "1",
    }  # fmt: skip
    words = [word for flag, value in flags.items() for word in (flag, value)]
    ended = finished(image.run(["train.py", *words], command=["torchrun", "--nproc_per_node=1", "--nnodes=1"]))
    assert ended.of("finished"), ended.out
    assert (Path(str(image.workspace) + prefix.removeprefix("/workspace")) / "config/run.json").exists()


@pytest.mark.parametrize("name", PICTURES)
def test_the_vision_contract_starts_it_by_its_flags(name: str, places: dict[str, Container]) -> None:
    image = of(places, name)
    layout = {
        "timm": "image_folder(Path('/workspace/pictures'), 4, 2)",
        "ultralytics": "yolo(Path('/workspace/pictures'))",
    }
    draw = f"import drawings; from pathlib import Path; drawings.{layout[name]}"
    finished(image.run(["-c", draw], command=["python"], directory="/mnt/tests"))
    task, model, kind = {
        "timm": ("image_classification", "resnet18", "imagefolder"),
        "ultralytics": ("object_detection", "yolo11n", "yolo"),
    }[name]
    flags = [
        f"--framework={name}", f"--task_type={task}", f"--model_name={model}", "--dataset_path=/workspace/pictures",
        f"--dataset_format={kind}", "--epochs=1", "--batch_size=4", "--learning_rate=0.001", "--optimizer=adam",
        "--output_dir=/workspace/output", "--job_id=7", "--image_size=64", "--num_classes=2", "--device=cpu",
    ]  # fmt: skip
    ended = finished(image.run(flags, command=["python", "train.py"]))
    assert ended.of("finished"), ended.out
    assert ended.err.rstrip().endswith("[STATUS] SUCCESS")
    assert list((image.workspace / "output").rglob("best*"))


@pytest.mark.parametrize("name", ALL)
def test_an_image_says_what_it_is_and_what_it_holds(name: str, places: dict[str, Container]) -> None:
    image = of(places, name)
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.title"] == f"trainer-{name}"
    assert labels["org.opencontainers.image.version"] == container.TAG
    assert labels["org.opencontainers.image.revision"]
    assert ("AGPL" in labels["org.opencontainers.image.licenses"]) == (name == "ultralytics")
    bill = json.loads((image.root / labels["io.trainyard.sbom"].lstrip("/")).read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    held = {part["name"]: part["version"] for part in bill["components"]}
    installed = image.root / "opt/trainyard/python/lib"
    assert all(next(installed.rglob(f"{each}-{held[each]}.dist-info"), None) for each in ("torch", "obstore")), held
    assert not [each for each in held if each in ("uv", "cyclonedx-bom", "pip")]
    agpl = [part["name"] for part in bill["components"] if "AGPL" in json.dumps(part.get("licenses", []))]
    assert bool(agpl) == (name == "ultralytics"), agpl


@pytest.mark.parametrize("name", ALL)
def test_nothing_of_an_image_can_be_written_and_nothing_has_to_be_compiled(
    name: str, places: dict[str, Container]
) -> None:
    image = of(places, name)
    look = (
        "import os, sys, sysconfig, trainer.cli, torch, obstore\n"
        "assert os.getuid() == 1000, os.getuid()\n"
        "places = sysconfig.get_path('purelib'), '/opt/trainyard/app'\n"
        "assert not [place for place in places if os.access(place, os.W_OK)]\n"
        "ours = [m for m in sys.modules.values() if (getattr(m, '__file__', None) or '').startswith('/opt')]\n"
        "files = [m.__cached__ for m in ours if m.__file__.endswith('.py') and m.__cached__]\n"
        "bare = [file for file in files if not os.path.exists(file)]\n"
        "assert not bare, bare\n"
    )
    finished(image.run(["-c", look], command=["python"]))
    assert not (image.root / "run/secrets").exists() or not list((image.root / "run/secrets").iterdir())


def test_a_wrong_configuration_ends_with_the_code_that_the_server_reads(places: dict[str, Container]) -> None:
    ended = next(iter(places.values())).run(["--frobnicate", "1"])
    assert ended.code == 2, ended.err
    assert ended.of("failed")[0]["kind"] == "config"
