"""Measures rendered services against plain references, side by side: `make bench`.

Every server is one uvicorn worker on a core of its own. The client has another core, PostgreSQL the
rest. Each round measures all servers in turn, because the machine may have other load: use only the
ratios of one run. Other load changes the ratios of processor time least.
"""

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import figures
import tables
from contenders import CORES, Server, pin, prepare, serving
from postgres import ROWS, Postgres
from tables import Results

CLIENT = Path(__file__).with_name("load.py")
CONNECTIONS = "32"
IDS = range(1, ROWS, 53)
LOADS = {
    "get one": ["GET", *(f"/tasks/{number}" for number in IDS)],
    "list 50": ["GET", "/tasks?limit=50"],
    "create": ["POST", "/tasks"],
}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run at all?")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each load in a round")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.3
    many = 20_000 if options.quick else 1_000_000

    with ExitStack() as stack:
        postgres = Postgres()
        stack.callback(postgres.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trellis-bench-")))
        python, contenders = prepare(folder, postgres)
        servers = [
            stack.enter_context(serving(python, contender, postgres.url(contender.database)))
            for contender in contenders
        ]
        idle = {server.contender.name: figures.memory(server) for server in servers}
        results = rounds(python, servers, options.rounds, options.seconds)
        trips = figures.round_trips(python, contenders, postgres, LOADS)
        tables.loads(results, trips)
        imported = figures.import_time(python, contenders, postgres, options.rounds)
        deep = deep_page(python, servers, postgres, many, options)
        tables.targets(results, trips, idle, imported, (many, deep))


def rounds(python: Path, servers: list[Server], count: int, seconds: float) -> Results:
    """The results of all rounds except the first, which fills caches."""
    results: Results = {}
    for number in range(count + 1):
        for load, requests in LOADS.items():
            turn = number % len(servers)
            for server in servers[turn:] + servers[:turn]:
                sample = drive(python, server, seconds, requests)
                if number:
                    results.setdefault((load, server.contender.name), []).append(sample)
    return results


def drive(python: Path, server: Server, seconds: float, requests: list[str]) -> tuple[float, float]:
    """Requests per second, and processor time per request in seconds."""
    before = server.cpu()
    client = subprocess.Popen(
        [python, CLIENT, str(server.port), str(seconds), CONNECTIONS, *requests],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pin(client.pid, CORES[-2:-1])
    out, err = client.communicate()
    if client.returncode or err:
        sys.exit(f"{server.contender.name}, {requests[1]}: {err}")
    rate, answered = out.split()
    return float(rate), (server.cpu() - before) / int(answered)


def deep_page(
    python: Path,
    servers: list[Server],
    postgres: Postgres,
    rows: int,
    options: argparse.Namespace,
) -> float:
    """The time for the page after that number of rows, divided by that for the page after row 1."""
    server = next(server for server in servers if server.contender.name == tables.SERVICE)
    postgres.fill(server.contender.database, rows + 100)
    first = figures.page_after(server, 1)
    last = figures.page_after(server, rows)
    ratios = []
    for _ in range(options.rounds):
        base = drive(python, server, options.seconds, ["GET", first])
        deep = drive(python, server, options.seconds, ["GET", last])
        ratios.append(base[0] / deep[0])
    return tables.median(ratios)


if __name__ == "__main__":
    main()
