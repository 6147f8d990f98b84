"""Damaged copies of a ROOT file, and a process that runs a config on each in a child, with ROOT loaded already."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp

if TYPE_CHECKING:
    import random
    from pathlib import Path

LIMIT = 60.0  # s, of a run that takes a tenth of one
MEMORY = 8 << 30

# Reads {"config", "output", "threads"} a line; answers [exit code, text on descriptor 2].
SERVER = """
import json, os, resource, signal, sys, time, warnings
warnings.simplefilter("ignore")
import rdfplugins as rp
from rdfplugins.errors import RdfpluginsError

def run(config, output, threads):
    try:
        rp.run(config, output=output, threads=threads, say=lambda line: None)
    except RdfpluginsError as error:
        os.write(2, f"{error}\\n".encode())
        os._exit(error.exit_code)
    except BaseException as error:
        os.write(2, f"TRACEBACK {error!r}\\n".encode())
        os._exit(99)
    os._exit(0)

limit, memory = float(sys.argv[1]), int(sys.argv[2])
for line in sys.stdin:
    task = json.loads(line)
    if task.pop("here", False):  # what is compiled now, the children need not compile
        rp.run(**task, say=lambda line: None)
        print(json.dumps([0, ""]), flush=True)
        continue
    with open(task["output"] + ".log", "w+b") as log:
        began, child = time.monotonic(), os.fork()
        if child == 0:
            os.dup2(log.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            run(**task)
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() - began > limit:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.002)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        log.seek(0)
        print(json.dumps([code, log.read().decode(errors="replace")]), flush=True)
"""


class Server:
    """A process that runs configs; the first one to its end, so that the others find everything compiled."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(LIMIT), str(MEMORY)],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, config: Path, output: Path, *, threads: int = 1, here: bool = False) -> tuple[int, str]:
        """Return exit code, negative for a signal, and what was printed on descriptor 2."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task: dict[str, Any] = {"config": str(config), "output": str(output), "threads": threads, "here": here}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        code, text = json.loads(self._process.stdout.readline())
        return code, text

    def close(self) -> None:
        self._process.communicate()


@dataclasses.dataclass(frozen=True)
class Parts:
    """Where in a file its parts stand: name -> (first byte, one behind the last).

    Attributes
    ----------
    baskets
        The data of each basket, behind its key.
    """

    regions: dict[str, tuple[int, int]]
    baskets: list[tuple[int, int]]


def parts(path: Path) -> Parts:
    """Return the parts of a file with one TTree."""
    file = cpp.load_root().TFile.Open(str(path))
    key = next(key for key in file.GetListOfKeys() if str(key.GetClassName()) == "TTree")
    regions = {
        "header": (0, 100),
        "folder": (100, 300),
        "keys": (file.GetSeekKeys(), file.GetSeekKeys() + file.GetNbytesKeys()),
        "types": (file.GetSeekInfo(), file.GetSeekInfo() + file.GetNbytesInfo()),
        "tree": (key.GetSeekKey(), key.GetSeekKey() + key.GetNbytes()),
        "anywhere": (0, file.GetEND()),
    }
    baskets = []
    for branch in file.Get(key.GetName()).GetListOfBranches():
        for number in range(branch.GetWriteBasket()):
            first = int(branch.GetBasketSeek(number))
            behind = first + int(branch.GetBasketBytes()[number])
            baskets.append((first + _key_length(path, first), behind))
    file.Close()
    return Parts(regions, baskets)


def _key_length(path: Path, at: int) -> int:
    with path.open("rb") as file:
        file.seek(at + 14)  # nbytes 4, version 2, length 4, time 4
        return int.from_bytes(file.read(2), "big")


def damaged(whole: bytes, other: bytes, where: Parts, chance: random.Random) -> bytes:
    """Return ``whole`` cut off, with bits flipped, with a block of zeros, or with the end of ``other``."""
    kind = chance.choice(["cut", "flip", "flip", "flip", "zeros", "splice"])
    size = len(whole)
    if kind == "cut":
        return whole[: chance.choice([chance.randrange(size), max(0, size - chance.randrange(1, 2000))])]
    if kind == "splice":
        at = chance.randrange(min(size, len(other)))
        return whole[:at] + other[at:]
    region = where.regions[chance.choice(list(where.regions))]
    if kind == "flip":
        return flipped(whole, region, chance.choice([1, 1, 2, 8, 50, 200]), chance)
    first = chance.randrange(*region)
    length = min(chance.choice([1, 8, 64, 512, 4096]), size - first)
    return whole[:first] + bytes(length) + whole[first + length :]


def flipped(whole: bytes, region: tuple[int, int], bits: int, chance: random.Random) -> bytes:
    """Return ``whole`` with random bits of a region flipped."""
    result = bytearray(whole)
    for _ in range(bits):
        result[chance.randrange(*region)] ^= 1 << chance.randrange(8)
    return bytes(result)
