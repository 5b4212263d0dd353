"""Images built for real by buildah, and run by runc as a pod of ours runs them, without any registry or daemon.

The base is made from Debian's own packages (debootstrap), since a registry may be out of reach; it is what the official
image is made from, too. Building wants root, buildah, runc and debootstrap, and 20 GB of disk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = "localhost/trainyard-tried"
TAG = "tried"
BASE = "localhost/trainyard-tried/debian:trixie-slim"
NEEDED = ("buildah", "runc", "debootstrap")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
USER = 1000


def lacking() -> str:
    """What keeps this machine from building images, or nothing."""
    if os.geteuid() != 0:
        return "root is needed"
    missing = [each for each in NEEDED if shutil.which(each) is None]
    return f"apt-get install {' '.join(missing)}" if missing else ""


def build(names: list[str]) -> None:
    """By the command that anybody builds them with."""
    _base()
    # No network of containers and no cgroups are needed this way, which machines in a virtual machine often lack.
    further = ["--", "--isolation", "chroot", "--pull-never"]
    certificates = ["--certificates", CERTIFICATES] if Path(CERTIFICATES).exists() else []
    command = [str(ROOT / "trainyard"), "images", "build", *names, "--engine", "buildah", "--base", BASE]
    subprocess.run([*command, "--registry", REGISTRY, "--tag", TAG, *certificates, *further], check=True)


def _base() -> None:
    if subprocess.run(["buildah", "inspect", "--type", "image", BASE], capture_output=True).returncode == 0:
        return
    with tempfile.TemporaryDirectory(prefix="trainyard-base-") as folder:
        root = Path(folder) / "root"
        subprocess.run(["debootstrap", "--variant=minbase", "trixie", str(root)], check=True)
        for archive in (root / "var/cache/apt/archives").glob("*.deb"):
            archive.unlink()
        made = _said("buildah", "from", "scratch")
        subprocess.run(["buildah", "add", "--quiet", made, str(root), "/"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["buildah", "commit", "--quiet", "--rm", made, BASE], check=True, stdout=subprocess.DEVNULL)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]


class Container:
    """An image, its root read-only, and a folder that is /workspace in all that is run."""

    def __init__(self, image: str, workspace: Path) -> None:
        self.name = f"{REGISTRY}/trainer-{image}:{TAG}"
        self.workspace = workspace
        workspace.mkdir(parents=True)
        os.chown(workspace, USER, USER)  # as the cluster does for the group of a pod
        self.config: dict[str, Any] = json.loads(_said("buildah", "inspect", "--type", "image", self.name))["OCIv1"][
            "config"
        ]
        self._container = _said("buildah", "from", "--pull-never", self.name)
        self.root = Path(_said("buildah", "mount", self._container))

    def close(self) -> None:
        subprocess.run(["buildah", "umount", self._container], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["buildah", "rm", self._container], check=True, stdout=subprocess.DEVNULL)

    def run(
        self,
        arguments: list[str],
        *,
        command: list[str] | None = None,
        environment: dict[str, str] | None = None,
        directory: str | None = None,
    ) -> Ended:
        """As a node does: a command replaces the entry point, arguments come after either."""
        with tempfile.TemporaryDirectory(prefix="trainyard-run-") as bundle:
            words = [*(self.config["Entrypoint"] if command is None else command), *arguments]
            (Path(bundle) / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n127.0.0.1 pod\n")  # nodes write it
            hosts = str(Path(bundle) / "hosts")
            bundle_file = Path(bundle) / "config.json"
            bundle_file.write_text(
                json.dumps(self._specification(words, environment or {}, directory or self.config["WorkingDir"], hosts))
            )
            identity = Path(bundle).name
            done = subprocess.run(["runc", "run", "--bundle", bundle, identity], capture_output=True, text=True)
        return Ended(done.returncode, done.stdout, done.stderr)

    def _specification(
        self, words: list[str], environment: dict[str, str], directory: str, hosts: str
    ) -> dict[str, Any]:
        """What Pod Security "restricted" asks for, and a root that cannot be written besides."""
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        return {
            "ociVersion": "1.0.2",
            "hostname": "pod",
            "process": {
                "user": {"uid": USER, "gid": USER},
                "args": words,
                "env": variables,
                "cwd": directory,
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.root), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                _memory("/dev", "mode=755", "size=65536k"),
                _memory("/dev/shm", "mode=1777", "size=2g"),
                {
                    "destination": "/sys",
                    "type": "sysfs",
                    "source": "sysfs",
                    "options": ["ro", "nosuid", "noexec", "nodev"],
                },
                {
                    "destination": "/workspace",
                    "type": "bind",
                    "source": str(self.workspace),
                    "options": ["rbind", "rw"],
                },
                {"destination": "/etc/hosts", "type": "bind", "source": hosts, "options": ["bind", "ro"]},
                # What the tests make their models and pictures with; the image has no need of it.
                {"destination": "/mnt", "type": "bind", "source": str(ROOT / "trainer"), "options": ["rbind", "ro"]},
            ],
            # Its own network has no way out: nothing may be needed from there.
            "linux": {"namespaces": [{"type": each} for each in ("pid", "ipc", "uts", "mount", "network")]},
        }


def _memory(place: str, *options: str) -> dict[str, Any]:
    return {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", *options]}
