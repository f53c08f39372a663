"""Fit of every purchase model and of Gamma-Gamma to CDNOW master and to simulated customers, beside two peers.

    python benchmarks/lifetime_value.py [--customers 1000000] [--peers-python PATH]

`lifetimes` and `clvkit` are looked for in this interpreter, or in the one named by the option or by PEERS_PYTHON;
without them our own figures stand alone. They want an environment of their own:

    python -m venv peers && peers/bin/pip install lifetimes==0.11.3 clvkit==0.2.1
    python benchmarks/lifetime_value.py --peers-python peers/bin/python

Each fit runs in a process of its own; CPU seconds are those of the fit, without imports and reading, of ours the least
of 3 to 5 rounds, of the peers of one, since theirs takes up to minutes; peak memory is that of the process.
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
    options.add_argument("--peers-python", default=os.environ.get("PEERS_PYTHON", sys.executable))
    options.add_argument("--fit", choices=FITS, help=argparse.SUPPRESS)
    options.add_argument("--model", choices=MODELS, default=DEFAULT, help=argparse.SUPPRESS)
    options.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--rounds", type=int, default=1, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.fit:
        fit = FITS[chosen.fit](chosen.model)
        print(json.dumps(asdict(measured(fit, chosen.data, chosen.rounds))))
    else:
        compare(chosen.customers, chosen.peers_python)


def compare(customers: int, python: str) -> None:
    """Both bases, all models, all implementations, and how the peers differ from us."""
    heads = ("rows", "CPU s", "÷ ours", "difference", "MiB")
    print(f"{'base':44} " + " ".join(f"{head:>10}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        for name, columns, rounds in bases(customers):
            data = Path(folder) / "base.npz"
            np.savez(data, *columns)
            rows = len(columns[0])
            for model in MODELS:
                ours = in_process(sys.executable, "ours", model, data, rounds)
                assert ours
                print(row(f"{model}, {name}", rows, ours), flush=True)
                for peer in PEERS:
                    asked = rows <= MODELS[model].peer_rows and model in PEERS[peer]
                    theirs = in_process(python, peer, model, data, 1) if asked else None
                    print(beside(peer, model, rows, ours, theirs), flush=True)


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


def row(name: str, rows: int, ours: Fit) -> str:
    found = ", ".join(f"{parameter} {value:.7g}" for parameter, value in ours.parameters.items())
    return f"{name:44} {rows:10,} {ours.cpu_seconds:10.3f} {1:10.1f} {'-':>10} {ours.peak_mebibytes:10.0f}  {found}"


def beside(peer: str, model: str, rows: int, ours: Fit, theirs: Fit | None) -> str:
    """One peer's figures; the goal is judged against lifetimes, for the default model."""
    if theirs is None:
        return f"    {peer}: no such model, not installed, not asked, or it failed"
    ratio = theirs.cpu_seconds / ours.cpu_seconds
    difference = max(abs(theirs.parameters[name] / value - 1) for name, value in ours.parameters.items())
    good = ratio >= GOAL_RATIO and difference <= GOAL_DIFFERENCE and ours.cpu_seconds <= GOAL_SECONDS
    verdict = f"  goal {'reached' if good else 'missed'}" if (peer, model) == ("lifetimes", DEFAULT) else ""
    return (
        f"{'    ' + peer:44} {rows:10,} {theirs.cpu_seconds:10.3f} {ratio:10.1f} {difference:10.1e} "
        f"{theirs.peak_mebibytes:10.0f}{verdict}"
    )


def in_process(python: str, which: str, model: str, data: Path, rounds: int) -> Fit | None:
    """Run one fit in its own process; None where the package is missing there, or does not find a solution."""
    if which in PEERS and subprocess.run([python, "-c", f"import {which}"], capture_output=True).returncode:
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
    """One model as it is called here."""

    fit: str
    parameters: tuple[str, ...]
    reads: tuple[int, ...] = (0, 1, 2)  # places of its columns
    peer_rows: int = 10_000_000  # of more rows no peer is asked: it would take many minutes


MODELS = {
    "bgnbd": Model(fit="fit_bgnbd", parameters=BETA_GEOMETRIC),
    "mbgnbd": Model(fit="fit_mbgnbd", parameters=BETA_GEOMETRIC),
    "pareto_nbd": Model(fit="fit_pareto_nbd", parameters=PARETO, peer_rows=50_000),
    "gamma_gamma": Model(fit="fit_gamma_gamma", parameters=GAMMA_GAMMA, reads=(3, 4)),
}
PEERS = {  # and what the models are called there
    "lifetimes": {
        "bgnbd": "BetaGeoFitter",
        "mbgnbd": "ModifiedBetaGeoFitter",
        "pareto_nbd": "ParetoNBDFitter",
        "gamma_gamma": "GammaGammaFitter",
    },
    "clvkit": {"bgnbd": "BGNBD", "mbgnbd": "MBGNBD", "gamma_gamma": "GammaGamma"},
}


def ours(name: str) -> Prepare:
    model = MODELS[name]

    def prepare(columns: Columns) -> Callable[[], dict[str, float]]:
        sys.path.insert(0, str(ROOT))
        from profitability import lifetime_value  # noqa: PLC0415  not counted, and not wanted beside the peers

        def fit() -> dict[str, float]:
            found = getattr(lifetime_value, model.fit)(*(columns[place] for place in model.reads))
            return {parameter: getattr(found, parameter) for parameter in model.parameters}

        return fit

    return prepare


def lifetimes(name: str) -> Prepare:
    def prepare(columns: Columns) -> Callable[[], dict[str, float]]:
        import lifetimes as peer  # noqa: PLC0415  only where it is installed

        given = wanted(name, columns)

        def fit() -> dict[str, float]:
            fitter = getattr(peer, PEERS["lifetimes"][name])(penalizer_coef=0.0).fit(*given)
            return {parameter: float(fitter.params_[parameter]) for parameter in MODELS[name].parameters}

        return fit

    return prepare


def clvkit(name: str) -> Prepare:
    """It fits only its own customer base, which is made here, uncounted, of the same columns."""

    def prepare(columns: Columns) -> Callable[[], dict[str, float]]:
        import clvkit as base  # noqa: PLC0415  only where it is installed
        import pandas as pd  # noqa: PLC0415  comes with it
        from clvkit import clv as peer  # noqa: PLC0415

        given = wanted(name, columns)
        names = ("frequency", "recency", "T") if len(given) == 3 else ("frequency", "monetary_value")
        customers = base.CustomerBase(
            pd.DataFrame(dict(zip(names, given, strict=True))), time_unit="W",
            observation_period_end=pd.Timestamp("1997-09-30"), has_monetary=len(given) == 2, on_negative="net",
        )  # fmt: skip

        def fit() -> dict[str, float]:
            found = getattr(peer, PEERS["clvkit"][name])().fit(customers).params_
            return dict(zip(MODELS[name].parameters, found.astype(float), strict=True))

        return fit

    return prepare


def wanted(name: str, columns: Columns) -> Columns:
    """The columns of a model, for Gamma-Gamma of customers whose orders are worth something: peers refuse others."""
    given = [columns[place] for place in MODELS[name].reads]
    if name != "gamma_gamma":
        return given
    return [column[(columns[3] > 0) & (columns[4] > 0)] for column in given]


FITS = {"ours": ours, "lifetimes": lifetimes, "clvkit": clvkit}

if __name__ == "__main__":
    main()
