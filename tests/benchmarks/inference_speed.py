"""Print how fast networks are evaluated, as shares of this machine's matrix product in this very run, in CPU seconds.

usage: python -m tests.benchmarks.inference_speed [-n EVENTS] [--width WIDTH] [--repeat TIMES] [--no-tensorflow]
                                                  [--memory]

One thread. The peak is a product of two large float32 matrices by numpy; that by TensorFlow is printed, too, since the
better of the two depends on the CPU: what multiplies better than numpy's BLAS is above 100 %. Rivals are those that
evaluate event by event, with TensorFlow or Keras. Fails if outputs differ, never because of a time.
"""

from __future__ import annotations

import os

if __name__ == "__main__":  # one thread; each is read once, when numpy or TensorFlow is imported
    for name in ("OPENBLAS_NUM", "MKL_NUM", "OMP_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
        os.environ[f"{name}_THREADS"] = "1"

import argparse
import importlib.util
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.errors import ModelError
from rdfplugins.inference import precision
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from tests.benchmarks import inference_contenders as contenders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rdfplugins.inference.network import Network
    from tests.benchmarks.inference_contenders import Contender

SIZE = 3000  # of the matrices whose product is the peak


def cpu_seconds(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def peak() -> float:
    """Return floating point operations a second of a float32 matrix product of numpy."""
    one = np.random.default_rng(0).normal(size=(SIZE, SIZE)).astype(np.float32)
    out = np.empty_like(one)
    return 2 * SIZE**3 / cpu_seconds(lambda: np.matmul(one, one, out=out))


def tensorflow_peak(times: int) -> float:
    """Return the same of TensorFlow, the best of some tries."""
    tf = load_tensorflow()
    one = tf.random.normal((SIZE, SIZE))
    return 2 * SIZE**3 / min(cpu_seconds(lambda: tf.matmul(one, one).numpy()) for _ in range(times))


def compete(network: Network, competing: Sequence[Contender], events: int, times: int) -> list[str]:
    """Print events a second, and return what differs."""
    x = contenders.make_events(events)
    shares = [x[: max(3, int(events * contender.share))] for contender in competing]
    outputs = [contender.predict(part) for contender, part in zip(competing, shares, strict=True)]  # and warm up
    best = [float("inf")] * len(competing)
    highest = 0.0
    for _ in range(times):  # they take turns, so that a busy machine is busy for all
        highest = max(highest, peak())
        for k, (contender, part) in enumerate(zip(competing, shares, strict=True)):
            best[k] = min(best[k], cpu_seconds(lambda run=contender.predict, x=part: run(x)) / len(part))
    print(f"\nnetwork {'-'.join(map(str, network.shape))}, {network.flops / 1e6:.3g} MFLOP an event")
    print(f"peak of the matrix product: {highest / 1e9:.0f} GFLOP/s; best of {times}, CPU seconds, one thread")
    faults = []
    rivals = [1 / seconds for contender, seconds in zip(competing, best, strict=True) if contender.rival]
    for contender, seconds, found in zip(competing, best, outputs, strict=True):
        rate = 1 / seconds
        difference = _difference(outputs[0][: len(found)], found)
        against = f"{rate / max(rivals):8.1f} x the best rival" if rivals and not contender.rival else ""
        print(
            f"  {contender.name:<31}{rate:10.4g} events/s{rate * network.flops / highest:8.1%} of peak"
            f"   differs by {difference:.1e}{against}"
        )
        if difference > (1e-5 if contender.exact else precision.LIMIT):
            faults.append(f"{contender.name}: outputs differ by {difference:.1e}")
    return faults


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference, relative to the value or to the root mean square of all, whichever is larger."""
    scale = np.maximum(np.abs(one), np.sqrt(np.mean(np.square(one, dtype=np.float64))))
    return float(np.max(np.abs(one - other) / scale))


def memory(competing: Sequence[Contender], events: int) -> None:
    """Print how much the process grew while it evaluated few events, and ten times as many; outputs not counted."""
    print(f"\npeak memory in MB, above that at rest, for {events} and {10 * events} events, outputs not counted")
    for contender in competing:
        used = []
        for count in (events, 10 * events):
            x = np.broadcast_to(contenders.make_events(1), (count, 27))  # takes no memory
            Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
            before = _status("VmRSS")
            size = contender.predict(x).nbytes
            used.append(_status("VmHWM") - before - size / 1e6)
        print(f"  {contender.name:<31}{used[0]:8.1f}{used[1]:8.1f}")


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6


def _has_bfloat16() -> bool:
    try:
        precision.refuse_without_units("bfloat16")
    except ModelError as error:
        print(f"without bfloat16: {error}")
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--events", type=int, default=8192)
    parser.add_argument("--width", type=int, action="append", help="of the three hidden layers (default: 1000 and 128)")
    parser.add_argument("--repeat", type=int, default=5, metavar="TIMES")
    parser.add_argument("--no-tensorflow", action="store_true")
    parser.add_argument("--memory", action="store_true", help="measure memory, too")
    given = parser.parse_args(arguments)
    tensorflow = not given.no_tensorflow and importlib.util.find_spec("tensorflow") is not None
    bfloat16 = tensorflow and _has_bfloat16()
    if tensorflow:
        print(f"matrix product of TensorFlow: {tensorflow_peak(given.repeat) / 1e9:.0f} GFLOP/s")
    faults = []
    for width in given.width or (1000, 128):
        network = contenders.make_network(width)
        batched = contenders.batched(network, tensorflow=tensorflow, bfloat16=bfloat16)
        if given.memory:
            memory(batched, given.events)
        competing = [*batched, *contenders.per_event(network, tensorflow=tensorflow)]
        faults += compete(network, competing, given.events, given.repeat)
    for fault in faults:
        print(f"DIFFERENT: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
