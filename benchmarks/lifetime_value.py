"""Fit of every purchase model and of Gamma-Gamma to CDNOW master and to simulated customers, beside `lifetimes`.

    python benchmarks/lifetime_value.py [--customers 1000000] [--lifetimes-python PATH]

`lifetimes` is looked for in this interpreter, or in the one named by the option or by LIFETIMES_PYTHON; without it our
own figures stand alone. It wants an environment of its own:

    python -m venv peers && peers/bin/pip install lifetimes==0.11.3
    python benchmarks/lifetime_value.py --lifetimes-python peers/bin/python

Each fit runs in a process of its own; CPU seconds are those of the fit, the least of its
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
BETA_GEOMETRIC, PARETO, GAMMA_GAMMA = ("r", "alpha", "a", "b"), ("r", "alpha", "s", "beta"), ("p", "q", "v")
# The goal is set for the default model; the others are measured beside it.
DEFAULT = "bgnbd"
GOAL_RATIO, GOAL_DIFFERENCE, GOAL_SECONDS = 15, 1e-4, 1.5


# x, t_x, T, the number of orders and their mean value.
Columns = list[np.ndarray]
Prepare = Callable[[Columns], Callable[[], dict[str, float]]]


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
    options.add_argument("--model", choices=MODELS, default=DEFAULT, help=argparse.SUPPRESS)
    options.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--rounds", type=int, default=1, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.fit:
        fit = FITS[chosen.fit](MODELS[chosen.model])
        print(json.dumps(asdict(measured(fit, chosen.data, chosen.rounds))))
    else:
        compare(chosen.customers, chosen.lifetimes_python)


def compare(customers: int, peer: str) -> None:
    """Both bases, all models, both implementations, and how they differ."""
    heads = ("rows", "ours s", "peer s", "ratio", "difference", "MiB", "peer MiB")
    print(f"{'base':32} " + " ".join(f"{head:>10}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        for name, columns, rounds in bases(customers):
            data = Path(folder) / "base.npz"
            np.savez(data, *columns)
            for model in MODELS:
                ours = in_process(sys.executable, "ours", model, data, rounds)
                asked = len(columns[0]) <= MODELS[model].peer_rows
                theirs = in_process(peer, "lifetimes", model, data, min(rounds, 3)) if asked else None
                print(f"{f'{model}, {name}':32} {len(columns[0]):10,} {row(model, ours, theirs)}", flush=True)
                for title, fit in (("ours", ours), ("lifetimes", theirs)):
                    print(f"    {title}: {fit.parameters if fit else 'not installed, not asked, or it failed'}")


def bases(customers: int) -> list[tuple[str, Columns, int]]:
    """Name, columns, and how often to repeat a fit that takes milliseconds."""
    sys.path.insert(0, str(ROOT))
    from profitability.lifetime_value import summarise  # noqa: PLC0415  the peer's interpreter may lack what this needs
    from profitability.tests.purchases import cdnow_master, simulate  # noqa: PLC0415

    master = summarise(cdnow_master().columns, "1997-09-30", value_of="all")
    paid = np.where(master.m > 0, master.orders, 0)
    simulated = simulate(customers, seed=1)
    random = np.random.default_rng(1)
    orders = simulated.x + 1
    worth = random.gamma(6.25 * orders) / (random.gamma(3.74, 1 / 15.44, customers) * orders)
    return [
        ("CDNOW master, 39 weeks", [master.x, master.t_x, master.T, paid, master.m], 5),
        (f"simulated, seed 1, {customers:,}", [simulated.x, simulated.t_x, simulated.T, orders, worth], 3),
    ]


def row(model: str, ours: Fit, theirs: Fit | None) -> str:
    if theirs is None:
        return f"{ours.cpu_seconds:10.3f} {'-':>10} {'-':>10} {'-':>10} {ours.peak_mebibytes:10.0f} {'-':>10}"
    ratio = theirs.cpu_seconds / ours.cpu_seconds
    difference = max(abs(theirs.parameters[name] / value - 1) for name, value in ours.parameters.items())
    good = ratio >= GOAL_RATIO and difference <= GOAL_DIFFERENCE and ours.cpu_seconds <= GOAL_SECONDS
    verdict = f"  goal {'reached' if good else 'missed'}" if model == DEFAULT else ""
    return (
        f"{ours.cpu_seconds:10.3f} {theirs.cpu_seconds:10.2f} {ratio:10.1f} {difference:10.1e} "
        f"{ours.peak_mebibytes:10.0f} {theirs.peak_mebibytes:10.0f}{verdict}"
    )


def in_process(python: str, which: str, model: str, data: Path, rounds: int) -> Fit | None:
    """Run one fit in its own process; None where the package is missing there, or does not find a solution."""
    if which == "lifetimes" and subprocess.run([python, "-c", "import lifetimes"], capture_output=True).returncode:
        return None
    command = [python, __file__, "--fit", which, "--model", model, "--data", str(data), "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=which == "ours")
    if done.returncode:
        return None
    return Fit(**json.loads(done.stdout.splitlines()[-1]))


def measured(fit: Prepare, data: Path, rounds: int) -> Fit:
    with np.load(data) as stored:
        prepared = fit([stored[name] for name in stored.files])
    seconds, parameters = [], {}
    for _ in range(rounds):
        begin = time.process_time()
        parameters = prepared()
        seconds.append(time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Fit(cpu_seconds=min(seconds), peak_mebibytes=peak, parameters=parameters)


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model, and what it is called here and there."""

    fit: str
    peer: str
    parameters: tuple[str, ...]
    reads: tuple[int, ...] = (0, 1, 2)  # places of its columns
    peer_rows: int = 10_000_000  # of more rows the peer is not asked: it would take many minutes


MODELS = {
    "bgnbd": Model(fit="fit_bgnbd", peer="BetaGeoFitter", parameters=BETA_GEOMETRIC),
    "mbgnbd": Model(fit="fit_mbgnbd", peer="ModifiedBetaGeoFitter", parameters=BETA_GEOMETRIC),
    "pareto_nbd": Model(fit="fit_pareto_nbd", peer="ParetoNBDFitter", parameters=PARETO, peer_rows=50_000),
    "gamma_gamma": Model(fit="fit_gamma_gamma", peer="GammaGammaFitter", parameters=GAMMA_GAMMA, reads=(3, 4)),
}


def ours(model: Model) -> Prepare:
    def prepare(columns: Columns) -> Callable[[], dict[str, float]]:
        sys.path.insert(0, str(ROOT))
        from profitability import lifetime_value  # noqa: PLC0415  not counted, and not wanted beside the peer

        def fit() -> dict[str, float]:
            found = getattr(lifetime_value, model.fit)(*(columns[place] for place in model.reads))
            return {name: getattr(found, name) for name in model.parameters}

        return fit

    return prepare


def lifetimes(model: Model) -> Prepare:
    def prepare(columns: Columns) -> Callable[[], dict[str, float]]:
        import lifetimes as peer  # noqa: PLC0415  only where it is installed

        given = [columns[place] for place in model.reads]
        if model.fit == "fit_gamma_gamma":  # which refuses customers whose orders are worth nothing
            given = [column[(columns[3] > 0) & (columns[4] > 0)] for column in given]

        def fit() -> dict[str, float]:
            fitter = getattr(peer, model.peer)(penalizer_coef=0.0).fit(*given)
            return {name: float(fitter.params_[name]) for name in model.parameters}

        return fit

    return prepare


FITS = {"ours": ours, "lifetimes": lifetimes}

if __name__ == "__main__":
    main()
