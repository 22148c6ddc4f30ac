"""A Postgres server that is killed, restarted or frozen under load."""

import shutil
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest
from support.api.exercise import everything_listed, is_problem
from support.databases import own_postgres, storage
from support.databases.cutting import cutting

VARIANTS = {
    f"{api}-{orm}": {"api": api, "orm": orm, "database": "postgres"}
    for api, orm in (("async", "sqlalchemy"), ("sync", "sqlmodel"))
}
# Characters that a URL must escape, as %25 or %40.
ODD = "50 %/o'd:@é"
QUOTED = "50%20%25%2Fo'd%3A%40%C3%A9"
SHORTER = {
    "app/dialect.py": {
        "ANSWER_TIMEOUT = 15": "ANSWER_TIMEOUT = 3",
        "'lock_timeout', '3s'": "'lock_timeout', '1s'",
        "pool_timeout=5": "pool_timeout=2",
    },
    "app/database.py": {"MAX_WAIT = 5": "MAX_WAIT = 2"},
}


@pytest.fixture(scope="module")
def server():
    with own_postgres.running() as own:
        yield own


@pytest.fixture(scope="module", params=VARIANTS)
def project(request, shared_environment, shared, server, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.replace("-", "_"))
    choices = VARIANTS[request.param]
    with storage.stored(folder, shared_environment, shared, choices, server=server.url) as made:
        made.alembic("upgrade", "head")
        yield made


@pytest.fixture(scope="module")
def address(project):
    with storage.served(project) as served_at:
        yield served_at


@pytest.fixture(scope="module")
def impatient(project, tmp_path_factory):
    """The same service, with timeouts of a fifth to a half of the original ones."""
    folder = tmp_path_factory.mktemp("impatient") / "service"
    shutil.copytree(project.folder, folder, symlinks=True)
    for name, changes in SHORTER.items():
        text = (folder / name).read_text(encoding="utf-8")
        for long, short in changes.items():
            # Only a synchronous service has the limits in app/database.py.
            assert long in text or name == "app/database.py", long
            text = text.replace(long, short)
        (folder / name).write_text(text, encoding="utf-8")
    with storage.served(replace(project, folder=folder)) as served_at:
        yield served_at


@contextmanager
def load(address):
    """Clients that read and write continuously. Records their responses in order."""
    done = threading.Event()
    answers = []

    def read():
        with httpx2.Client(base_url=address, timeout=60) as own:
            while not done.is_set():
                answers.append(own.get("/users"))

    def write():
        with httpx2.Client(base_url=address, timeout=60) as own:
            while not done.is_set():
                data = {"email": f"{uuid.uuid4().hex}@example.com", "name": "Ada"}
                answers.append(own.post("/users", json=data))

    threads = [threading.Thread(target=work) for work in (read, write) for _ in range(3)]
    for thread in threads:
        thread.start()
    yield answers
    done.set()
    for thread in threads:
        thread.join()


def eventually(answers, *wanted):
    """Waits until each of the statuses occurs."""
    start, deadline = len(answers), time.monotonic() + 60
    while not {answer.status_code for answer in answers[start:]}.issuperset(wanted):
        assert time.monotonic() < deadline, f"not all of {wanted}"
        time.sleep(0.05)


def test_a_service_outlives_its_database(address, server):
    with load(address) as answers:
        for end in (server.kill, server.stop, server.kill, server.kill):
            eventually(answers, 200, 201)
            end()
            eventually(answers, 503)
            server.start()
        eventually(answers, 200, 201)
        settled = len(answers)
        eventually(answers, 200, 201)

    assert {answer.status_code for answer in answers} == {200, 201, 503}
    assert {answer.status_code for answer in answers[settled:]} == {200, 201}
    refused = next(answer for answer in answers if answer.status_code == 503)
    is_problem(refused, 503)
    assert int(refused.headers["retry-after"]) >= 1
    assert "127.0.0.1" not in refused.text
    with httpx2.Client(base_url=address, timeout=60) as client:
        stored = {row["email"] for row in everything_listed(client, "/users", {"limit": 100})}
    assert stored >= {answer.json()["email"] for answer in answers if answer.status_code == 201}


def test_a_connection_may_be_cut_after_any_byte(project, server):
    """While it is made, in the middle of a statement, or of its answer."""
    with cutting(server.port, seed=1) as (port, cuts):
        url = project.env["DATABASE_URL"].replace(f":{server.port}/", f":{port}/")
        with storage.served(storage.at(project, url)) as address, load(address) as answers:
            deadline = time.monotonic() + 60
            while len(cuts) < 100 and time.monotonic() < deadline:
                time.sleep(0.05)
            eventually(answers, 200, 201, 503)

    assert len(cuts) >= 100
    assert {answer.status_code for answer in answers} == {200, 201, 503}


def test_it_finds_out_before_use_that_a_connection_broke(address, server):
    """All connections were cut while they were idle: no request fails."""
    with httpx2.Client(base_url=address, timeout=60) as client:
        assert client.get("/users").status_code == 200
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        time.sleep(1.2)

        assert client.get("/users").status_code == 200
        assert client.post("/extra/write", json=["SELECT 1"]).status_code == 200


def test_a_server_that_does_not_answer_holds_nobody_for_long(impatient, server):
    """The server is frozen, and answers again later."""
    with httpx2.Client(base_url=impatient, timeout=60) as client:
        assert client.get("/users").status_code == 200
        assert client.get("/health/ready").status_code == 200
        server.freeze(frozen=True)
        try:
            ready = client.get("/health/ready", timeout=10)
            live = client.get("/health/live", timeout=10)
            listed = client.get("/users")
        finally:
            server.freeze(frozen=False)

        is_problem(ready, 503)
        assert live.status_code == 200
        is_problem(listed, 503)
        assert client.get("/users").status_code == 200


def at_once(address, number):
    """Sends concurrent requests, half of them writes. Returns responses and maximum time."""

    def call(one):
        with httpx2.Client(base_url=address, timeout=60) as own:
            start = time.monotonic()
            data = {"email": f"{uuid.uuid4().hex}@example.com", "name": "Ada"}
            answer = own.post("/users", json=data) if one % 2 else own.get("/users")
            return answer, time.monotonic() - start

    with ThreadPoolExecutor(number) as pool:
        results = list(pool.map(call, range(number)))
    return [answer for answer, _ in results], max(seconds for _, seconds in results)


def test_thirty_callers_of_a_frozen_server_are_answered_in_time(impatient, server):
    """Each request waits for a connection (2 s), a response (3 s) and a new connection (5 s)."""
    for _ in range(2):
        at_once(impatient, 30)
        server.freeze(frozen=True)
        try:
            answers, slowest = at_once(impatient, 30)
        finally:
            server.freeze(frozen=False)

        assert {answer.status_code for answer in answers} == {503}
        assert slowest < 12
        with httpx2.Client(base_url=impatient, timeout=60) as client:
            assert client.get("/users").status_code == 200


def test_thirty_callers_of_a_locked_table_are_answered_in_time(impatient, server, project):
    """Each request waits for a connection (2 s) and for the lock (1 s)."""
    with server.holding(project.env["DATABASE_URL"], "LOCK TABLE users"):
        answers, slowest = at_once(impatient, 30)

    assert {answer.status_code for answer in answers} == {503}
    assert slowest < 6
    assert {answer.status_code for answer in at_once(impatient, 30)[0]} == {200, 201}


def test_a_url_may_hold_any_character(server, project):
    server.sql(f"""CREATE ROLE "{ODD}" LOGIN PASSWORD '{ODD.replace("'", "''")}'""")
    server.sql(f'CREATE DATABASE "{ODD}" OWNER "{ODD}"')
    url = server.url.replace("postgres@", f"{QUOTED}:{QUOTED}@").replace("/postgres", f"/{QUOTED}")
    odd = storage.at(project, url.replace("postgresql://", "postgres://"))
    try:
        odd.alembic("upgrade", "head")
        with storage.served(odd) as address:
            assert httpx2.get(f"{address}/users").json() == []
    finally:
        server.sql(f'DROP DATABASE "{ODD}" WITH (FORCE)')
        server.sql(f'DROP ROLE "{ODD}"')
