"""Prints the figures and their targets."""

import os
from collections.abc import Iterable
from statistics import median

# For each load and contender: requests per second, and processor time of one, in each round.
Results = dict[tuple[str, str], list[tuple[float, float]]]
Trips = dict[tuple[str, str], float]

SERVICE, SYNC = "sqlalchemy async", "sqlalchemy sync"
PLAIN, BARE = "plain reference", "bare asyncpg"
TARGETS = {
    PLAIN: {"get one": 1.45, "list 50": 1.45, "create": 1.00},
    BARE: {"get one": 0.45, "list 50": 0.60, "create": 0.40},
    SERVICE: {"get one": 0.60, "list 50": 0.60, "create": 0.60},
}


def loads(results: Results, trips: Trips) -> None:
    """The figures of every contender under every load."""
    header = ("", "req/s", "x plain", "spread", "x in cpu", "x bare", "round trips")
    for load in dict.fromkeys(load for load, _ in results):
        rows = [(load, *header[1:])]
        for name in (name for other, name in results if other == load):
            rates = ratios(results, load, name, PLAIN)
            rows.append(
                (
                    f"  {name}",
                    f"{median(rate for rate, _ in results[load, name]):.0f}",
                    f"{median(rates):.2f}",
                    f"{min(rates):.2f}-{max(rates):.2f}",
                    f"{median(cpu_ratios(results, load, name, PLAIN)):.2f}",
                    f"{median(ratios(results, load, name, BARE)):.2f}",
                    f"{trips.get((load, name), 0):.1f}",
                )
            )
        show(rows)


def targets(
    results: Results,
    trips: Trips,
    idle: dict[str, float],
    imported: dict[str, float],
    deep: tuple[int, float],
) -> None:
    """Each target, the measured value, and whether the target is met."""
    rows = [("target", "measured", "in cpu", "wanted", "")]
    for other, wanted in TARGETS.items():
        name = SYNC if other == SERVICE else SERVICE
        for load, least in wanted.items():
            found = median(ratios(results, load, name, other))
            cpu = median(cpu_ratios(results, load, name, other))
            row = (f"{load}: {name} / {other}", f"x {found:.2f}", f"x {cpu:.2f}", f">= {least:.2f}")
            rows.append((*row, verdict(found >= least)))
    for (load, name), count in trips.items():
        if name == SERVICE:
            row = (f"{load}: SQL round trips", f"{count:.1f}", "", "<= 3")
            rows.append((*row, verdict(count <= 3)))
    rows_deep, ratio = deep
    row = (f"page by key at row {rows_deep:,} / 1", f"x {ratio:.2f}", "", "<= 1.10")
    rows.append((*row, verdict(ratio <= 1.1)))
    for name, megabytes in idle.items():
        if name in imported:
            row = (f"memory of an idle worker, {name}", f"{megabytes:.0f} MB", "", "< 90 MB")
            rows.append((*row, verdict(megabytes < 90)))
            row = (f"import of app.main, {name}", f"{imported[name]:.2f} s", "", "< 1 s")
            rows.append((*row, verdict(imported[name] < 1)))
    show(rows)
    busy, cores = os.getloadavg()[1], os.cpu_count() or 1
    if busy > cores:
        print(f"{busy:.0f} processes wanted {cores} cores: believe the column `in cpu`.")


def ratios(results: Results, load: str, name: str, other: str) -> list[float]:
    """The ratios of requests per second in each round."""
    pairs = zip(results[load, name], results[load, other], strict=True)
    return [ours[0] / theirs[0] for ours, theirs in pairs]


def cpu_ratios(results: Results, load: str, name: str, other: str) -> list[float]:
    """The ratios of requests per second of processor time in each round."""
    pairs = zip(results[load, name], results[load, other], strict=True)
    return [theirs[1] / ours[1] for ours, theirs in pairs]


def verdict(met: bool) -> str:  # noqa: FBT001
    return "met" if met else "MISSED"


def show(rows: Iterable[tuple[str, ...]]) -> None:
    """Prints rows in columns."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        words = (word.ljust(width) for word, width in zip(row, widths, strict=True))
        print("  ".join(words).rstrip())
    print(flush=True)
