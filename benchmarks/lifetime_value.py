"""Fit of the BG/NBD to CDNOW master and to simulated customers, side by side with the package `lifetimes`.

    python benchmarks/lifetime_value.py [--customers 1000000] [--lifetimes-python PATH]

`lifetimes` is looked for in this interpreter, or in the one named by the option or by LIFETIMES_PYTHON; without it our
own figures stand alone. Each fit runs in a process of its own; CPU seconds are those of the fit, the least of its
rounds, without imports and reading; peak memory is that of the process.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
PARAMETERS = ("r", "alpha", "a", "b")
GOAL_RATIO, GOAL_DIFFERENCE = 15, 1e-4


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What one process measured."""

    cpu_seconds: float
    peak_mebibytes: float
    parameters: dict[str, float]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--lifetimes-python", default=os.environ.get("LIFETIMES_PYTHON", sys.executable))
    options.add_argument("--fit", choices=FITS, help=argparse.SUPPRESS)
    options.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--rounds", type=int, default=1, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.fit:
        print(json.dumps(asdict(measured(FITS[chosen.fit], chosen.data, chosen.rounds))))
    else:
        compare(chosen.customers, chosen.lifetimes_python)


def compare(customers: int, peer: str) -> None:
    """Both bases, both implementations, and how they differ."""
    heads = ("rows", "ours s", "peer s", "ratio", "difference", "MiB", "peer MiB")
    print(f"{'base':32} " + " ".join(f"{head:>10}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        for name, columns, rounds in bases(customers):
            data = Path(folder) / "base.npz"
            np.savez(data, *columns)
            ours = in_process(sys.executable, "ours", data, rounds)
            theirs = in_process(peer, "lifetimes", data, min(rounds, 3))
            print(f"{name:32} {len(columns[0]):10,} {row(ours, theirs)}", flush=True)
            for title, fit in (("ours", ours), ("lifetimes", theirs)):
                print(f"    {title}: {fit.parameters if fit else 'not installed'}")


def bases(customers: int) -> list[tuple[str, list[np.ndarray], int]]:
    """Name, x, t_x and T, and how often to repeat a fit that takes milliseconds."""
    sys.path.insert(0, str(ROOT))
    from profitability.lifetime_value import summarise  # noqa: PLC0415  the peer's interpreter may lack what this needs
    from profitability.tests.purchases import cdnow_master, simulate  # noqa: PLC0415

    master = summarise(cdnow_master().columns, "1997-09-30")
    simulated = simulate(customers, seed=1)
    return [
        ("CDNOW master, 39 weeks", [master.x, master.t_x, master.T], 5),
        (f"simulated, seed 1, {customers:,}", [simulated.x, simulated.t_x, simulated.T], 3),
    ]


def row(ours: Fit, theirs: Fit | None) -> str:
    if theirs is None:
        return f"{ours.cpu_seconds:10.3f} {'-':>10} {'-':>10} {'-':>10} {ours.peak_mebibytes:10.0f} {'-':>10}"
    ratio = theirs.cpu_seconds / ours.cpu_seconds
    difference = max(abs(theirs.parameters[name] / ours.parameters[name] - 1) for name in PARAMETERS)
    verdict = "reached" if ratio >= GOAL_RATIO and difference <= GOAL_DIFFERENCE else "missed"
    return (
        f"{ours.cpu_seconds:10.3f} {theirs.cpu_seconds:10.2f} {ratio:10.1f} {difference:10.1e} "
        f"{ours.peak_mebibytes:10.0f} {theirs.peak_mebibytes:10.0f}  goal {verdict}"
    )


def in_process(python: str, which: str, data: Path, rounds: int) -> Fit | None:
    """Run one fit in its own process; None where the package is missing there."""
    if which == "lifetimes" and subprocess.run([python, "-c", "import lifetimes"], capture_output=True).returncode:
        return None
    command = [python, __file__, "--fit", which, "--data", str(data), "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Fit(**json.loads(done.stdout.splitlines()[-1]))


def measured(fit: Callable[..., Callable[[], dict[str, float]]], data: Path, rounds: int) -> Fit:
    with np.load(data) as stored:
        prepared = fit(*(stored[name] for name in stored.files))
    seconds, parameters = [], {}
    for _ in range(rounds):
        begin = time.process_time()
        parameters = prepared()
        seconds.append(time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Fit(cpu_seconds=min(seconds), peak_mebibytes=peak, parameters=parameters)


def ours(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Callable[[], dict[str, float]]:
    sys.path.insert(0, str(ROOT))
    from profitability.lifetime_value import fit_bgnbd  # noqa: PLC0415  not counted, and not wanted beside the peer

    def fit() -> dict[str, float]:
        model = fit_bgnbd(x, t_x, T)
        return {name: getattr(model, name) for name in PARAMETERS}

    return fit


def lifetimes(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Callable[[], dict[str, float]]:
    from lifetimes import BetaGeoFitter  # noqa: PLC0415  only where it is installed

    def fit() -> dict[str, float]:
        fitter = BetaGeoFitter(penalizer_coef=0.0).fit(x, t_x, T)
        return {name: float(fitter.params_[name]) for name in PARAMETERS}

    return fit


FITS = {"ours": ours, "lifetimes": lifetimes}

if __name__ == "__main__":
    main()
