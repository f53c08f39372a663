"""Purchases for tests and benchmarks: the CDNOW files, and customers simulated from known parameters."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"


@dataclass(frozen=True)
class Purchases:
    """Columns of a purchase file, as `summarise` takes them."""

    customer: NDArray[np.int64]
    date: NDArray[np.datetime64]
    value: NDArray[np.float64]

    @property
    def columns(self) -> dict[str, NDArray[np.generic]]:
        return {"customer": self.customer, "date": self.date, "value": self.value}

    @property
    def spent(self) -> NDArray[np.int64]:
        """Cents per customer, by ascending id."""
        _, owner = np.unique(self.customer, return_inverse=True)
        return np.rint(np.bincount(owner, weights=self.value) * 100).astype(np.int64)


def cdnow_sample() -> Purchases:
    """2,357 customers; master id, id, yyyymmdd, CDs, dollars."""
    return _read(SAMPLE_DATA / "CDNOW_sample.txt.gz", header_lines=0, columns=(1, 2, 4))


def cdnow_master() -> Purchases:
    """23,570 customers; id, yyyymmdd, CDs, dollars."""
    return _read(SAMPLE_DATA / "CDNOW_master.txt.gz", header_lines=1, columns=(0, 1, 3))


def _read(path: Path, *, header_lines: int, columns: tuple[int, int, int]) -> Purchases:
    with gzip.open(path, "rt", encoding="ascii") as file:
        rows = [line.split() for line in file][header_lines:]
    customer, day, value = ([row[column] for row in rows] for column in columns)
    return Purchases(
        customer=np.array(customer, dtype=np.int64),
        date=np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in day], dtype="datetime64[D]"),
        value=np.array(value, dtype=np.float64),
    )


@dataclass(frozen=True)
class Simulated:
    """Customers of a known world, seen up to T, with what they did in the weeks after."""

    x: NDArray[np.int64]
    t_x: NDArray[np.float64]
    T: NDArray[np.float64]
    alive: NDArray[np.bool_]
    later: NDArray[np.int64]  # orders within `weeks_after`


def simulate(
    customers: int,
    seed: int,
    *,
    r: float = 0.25,
    alpha: float = 4.5,
    a: float = 0.8,
    b: float = 2.4,
    weeks: int = 78,
    weeks_after: float = 0.0,
    early: bool = False,
) -> Simulated:
    """A BG/NBD world, or with `early` an MBG/NBD one. Everybody starts on a day of the first half of `weeks`.

    a = 0 makes a world in which nobody leaves.
    """
    random = np.random.default_rng(seed)
    rate = np.maximum(random.gamma(r, 1 / alpha, customers), 1e-12)
    p = random.beta(a, b, customers) if a else np.zeros(customers)
    T = random.integers(7 * weeks // 2, 7 * weeks, customers) / 7
    clock, t_x = np.zeros(customers), np.zeros(customers)
    x, later = np.zeros(customers, dtype=np.int64), np.zeros(customers, dtype=np.int64)
    left_at, active = np.full(customers, np.inf), np.arange(customers)
    if early:
        gone = random.random(customers) < p
        left_at[gone], active = 0.0, active[~gone]
    while len(active):
        clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] <= T[active] + weeks_after]
        seen = active[clock[active] <= T[active]]
        x[seen] += 1
        t_x[seen] = clock[seen]
        later[np.setdiff1d(active, seen, assume_unique=True)] += 1
        leaving = random.random(len(active)) < p[active]
        left_at[active[leaving]] = clock[active[leaving]]
        active = active[~leaving]
    return Simulated(x=x, t_x=np.floor(t_x * 7) / 7, T=T, alive=left_at > T, later=later)


def simulate_pareto(
    customers: int, seed: int, *, r: float, alpha: float, s: float, beta: float, weeks: int = 78, weeks_after: float = 0
) -> Simulated:
    """A Pareto/NBD world: customers leave at a time of their own, whether they have just ordered or not."""
    random = np.random.default_rng(seed)
    rate = np.maximum(random.gamma(r, 1 / alpha, customers), 1e-12)
    left_at = random.exponential(1 / np.maximum(random.gamma(s, 1 / beta, customers), 1e-12))
    T = random.integers(7 * weeks // 2, 7 * weeks, customers) / 7
    clock, t_x = np.zeros(customers), np.zeros(customers)
    x, later = np.zeros(customers, dtype=np.int64), np.zeros(customers, dtype=np.int64)
    active = np.arange(customers)
    while len(active):
        clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] <= np.minimum(left_at, T + weeks_after)[active]]
        seen = active[clock[active] <= T[active]]
        x[seen] += 1
        t_x[seen] = clock[seen]
        later[np.setdiff1d(active, seen, assume_unique=True)] += 1
    return Simulated(x=x, t_x=np.floor(t_x * 7) / 7, T=T, alive=left_at > T, later=later)
