"""Tools of the tests, each installed once for the content of what locks it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path


def installed(name: str, locks: Sequence[Path], install: Callable[[Path], None]) -> Path:
    """Built under another name and renamed when whole, so that half an installation is never taken for one."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in locks) + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "trainyard" / "tools" / f"{name}-{digest}"
    if folder.is_dir():
        return folder
    building = folder.with_name(f"{folder.name}.building.{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    install(building)
    try:
        building.rename(folder)
    except OSError:  # somebody else was first
        shutil.rmtree(building)
    return folder


def python(requirements: Path) -> Path:
    """An interpreter with exactly these packages."""

    def install(folder: Path) -> None:
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--disable-pip-version-check", "--requirement", str(requirements)], check=True)

    return installed(requirements.stem.removesuffix("-requirements"), [requirements], install) / "bin" / "python"
