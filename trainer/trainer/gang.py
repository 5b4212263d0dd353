"""A job of several processes, started as one container a node: that container becomes torchrun.

Who starts the containers says how many processes there are, in the variables
that torchrun itself reads (`PET_NNODES`, `PET_NPROC_PER_NODE`, …: batch Jobs
of ours, Kubeflow Trainer and the training operator all do), or, on Vertex AI,
in `CLUSTER_SPEC`. Without this a job of four nodes would be four jobs of one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence

# Set for each process that torchrun starts; it inherits the wish for a gang, too.
INSIDE = "TORCHELASTIC_RUN_ID"
ONE = ("", "1")
VERTEX_PORT = "29500"


def join(program: str, arguments: Sequence[str]) -> None:
    """Becomes torchrun, which starts this program again, where there is a gang and this is none of it yet."""
    command = torchrun(program, arguments, os.environ)
    if command is not None:
        os.execv(sys.executable, [sys.executable, *command])


def torchrun(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> list[str] | None:
    if INSIDE in environment:
        return None
    told = _vertex(environment)
    if told is not None:
        return ["-m", "torch.distributed.run", *told, program, *arguments]
    nodes = environment.get("PET_NNODES", "")
    if nodes in ONE and environment.get("PET_NPROC_PER_NODE", "") in ONE:
        return None
    # Alone it needs no port that others could have, whatever master is named.
    alone = ["--standalone"] if nodes in ONE else []
    return ["-m", "torch.distributed.run", *alone, program, *arguments]


def _vertex(environment: Mapping[str, str]) -> list[str] | None:
    """Vertex AI lists the machines by pools; the first of the first pool is the master."""
    try:
        spec = json.loads(environment.get("CLUSTER_SPEC", ""))
        pools = sorted(spec["cluster"].items())
        machines = [(pool, index, host) for pool, hosts in pools for index, host in enumerate(hosts)]
        own = (spec["task"]["type"], int(spec["task"]["index"]))
        rank = [(pool, index) for pool, index, _ in machines].index(own)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # another service's variable of this name, or one machine's that names no others
    if len(machines) < 2:
        return None
    master = str(machines[0][2]).rpartition(":")[0] or str(machines[0][2])
    return [
        f"--nnodes={len(machines)}",
        f"--node-rank={rank}",
        f"--master-addr={master}",
        f"--master-port={VERTEX_PORT}",
        "--nproc-per-node=auto",
    ]
