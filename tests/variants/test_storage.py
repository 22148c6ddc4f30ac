"""Transactions, concurrent changes and timeouts of a service."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import pytest
from support.api.exercise import is_problem
from support.api.payloads import Rows
from support.databases import storage
from support.services.renderings import CORE

# Rows for which COMMIT fails, loses its connection, or takes long.
AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.name
        WHEN 'refused' THEN RAISE 'not at all';
        WHEN 'killed' THEN PERFORM pg_terminate_backend(pg_backend_pid());
        WHEN 'slow' THEN PERFORM pg_sleep(0.5);
        ELSE NULL;
    END CASE;
    RETURN NULL;
END $$
"""
DEFERRED = """
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION at_commit()
"""
# A row for which the statement itself fails with an unexpected error.
BROKEN = {
    "postgres": [
        """
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'not today'; END $$
        """,
        """
        CREATE TRIGGER broken BEFORE INSERT ON users FOR EACH ROW
        WHEN (NEW.name = 'broken') EXECUTE FUNCTION broken()
        """,
    ],
    "sqlite": [
        """
        CREATE TRIGGER broken BEFORE INSERT ON users WHEN NEW.name = 'broken'
        BEGIN SELECT json('not json'); END
        """
    ],
}


@pytest.fixture(scope="module", params=CORE)
def project(request, shared_environment, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.replace("-", "_"))
    with storage.stored(folder, shared_environment, shared, CORE[request.param]) as made:
        made.alembic("upgrade", "head")
        yield made


@pytest.fixture(scope="module")
def address(project):
    with storage.served(project) as served_at:
        database = project.blueprint["database"]
        triggers = BROKEN[database] + [AT_COMMIT, DEFERRED] * (database == "postgres")
        answer = httpx2.post(f"{served_at}/extra/write", json=triggers)
        assert answer.status_code == 200, answer.text
        yield served_at


@pytest.fixture
def client(address):
    # uvicorn closes the connection after a crash.
    limits = httpx2.Limits(max_keepalive_connections=0)
    with httpx2.Client(base_url=address, timeout=60, limits=limits) as made:
        yield made


@pytest.fixture
def rows(client, project):
    return Rows(client, project.blueprint["resources"])


@pytest.fixture
def user(project):
    return project.blueprint["resources"][0]


@pytest.fixture
def postgres(project):
    if project.blueprint["database"] != "postgres":
        pytest.skip("a matter of Postgres")


@pytest.fixture
def sqlite(project):
    if project.blueprint["database"] != "sqlite":
        pytest.skip("a matter of SQLite")


def at_once(address, requests):
    """The responses to requests (method, path, body), which are all sent before one is read."""

    def send(request):
        method, path, body = request
        with httpx2.Client(base_url=address, timeout=120) as own:
            return own.request(method, path, json=body)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def is_asked_to_wait(response):
    is_problem(response, 503)
    assert int(response.headers["retry-after"]) >= 1


def insert(email, name="x"):
    columns = "email, name, role, created_at, updated_at, version"
    now = "CURRENT_TIMESTAMP"
    return f"INSERT INTO users ({columns}) VALUES ('{email}', '{name}', 'viewer', {now}, {now}, 1)"


def logged(project, words):
    """Waits until the log has a text, and returns the log: lines may come after the response."""
    deadline = time.monotonic() + 60
    while True:
        log = "".join(path.read_text() for path in project.folder.glob("server*.log"))
        if words in log:
            return log
        assert time.monotonic() < deadline, log
        time.sleep(0.05)


def listed(client, email):
    return client.get("/users", params={"email": email}).json()


@pytest.mark.parametrize(("fault", "status"), [("refusal", 418), ("absence", 404), ("crash", 500)])
def test_an_exception_after_a_write_stores_nothing(client, fault, status):
    email = f"{fault}@example.com"

    answer = client.post(f"/extra/fail/{fault}", json=[insert(email)])

    is_problem(answer, status)
    assert "known-to-the-log" not in answer.text
    assert listed(client, email) == []


def test_what_cannot_be_committed_is_an_error(client, user, rows, postgres):
    refused = client.post("/users", json=rows.data(user) | {"name": "refused"})
    killed = client.post("/users", json=rows.data(user) | {"name": "killed"})

    is_problem(refused, 500)
    assert "not at all" not in refused.text
    is_asked_to_wait(killed)
    names = {row["name"] for row in client.get("/users", params={"limit": 100}).json()}
    assert not names & {"refused", "killed"}


def test_what_sqlite_cannot_commit_is_an_error_and_in_nobodys_way(client, rows, user, sqlite):
    now = "CURRENT_TIMESTAMP"
    dangling = f"INSERT INTO posts VALUES (777, 'lost', '', 'draft', 4242, {now}, {now}, 1)"

    answer = client.post("/extra/write", json=["PRAGMA defer_foreign_keys=ON", dangling])

    is_problem(answer, 422)
    is_problem(client.get("/posts/777"), 404)
    rows.create(user)


def test_what_is_acknowledged_is_committed(client, rows, user, postgres):
    """COMMIT is slow here. Reads use another connection."""
    created = client.post("/users", json=rows.data(user) | {"name": "slow"})

    assert created.status_code == 201
    assert client.get(created.headers["location"]).json() == created.json()


def test_a_savepoint_undoes_only_its_own(client):
    first, second = insert("first@example.com"), insert("second@example.com")

    answer = client.post("/extra/savepoint", json=[first, second, first])

    assert answer.status_code == 200
    assert len(listed(client, "first@example.com")) == 1
    assert listed(client, "second@example.com") == []


def test_a_hundred_at_once_do_not_stand_in_each_others_way(address, rows, user):
    """There are more requests than threads and connections; half of them write."""
    create = [("POST", "/users", rows.data(user)) for _ in range(50)]
    listing = [("GET", "/users?limit=100", None)] * 50

    answers = at_once(address, create + listing)

    assert statuses(answers) == [200] * 50 + [201] * 50


def test_who_finds_no_connection_is_asked_to_wait(address, postgres, project):
    held = ["SELECT pg_sleep(8)"]
    size = 10

    answers = at_once(
        address,
        [("POST", "/extra/write", held)] * (size + 2) + [("GET", "/users", None)],
    )

    *writing, reading = answers
    assert statuses(writing) == [200] * size + [503] * 2
    is_asked_to_wait(next(answer for answer in writing if answer.status_code == 503))
    assert reading.status_code == 200
    assert reading.elapsed.total_seconds() < 4


def test_who_cannot_write_is_asked_to_wait(client, rows, user, project, sqlite):
    """Another process writes: other writers get 503, and readers do not wait."""
    with closing(sqlite3.connect(project.folder / "app.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = client.post("/users", json=rows.data(user))
        reading = client.get("/users")

    is_asked_to_wait(waiting)
    assert reading.status_code == 200
    assert client.post("/users", json=rows.data(user)).status_code == 201


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57014", "53300", "25P03"])
def test_what_passes_by_itself_may_be_tried_again(client, sqlstate, postgres):
    answer = client.post("/extra/write", json=[f"DO $$ BEGIN RAISE SQLSTATE '{sqlstate}'; END $$"])

    is_asked_to_wait(answer)


def test_one_of_two_in_a_deadlock_is_asked_to_wait(client, address, rows, user, postgres):
    first, second = rows.create(user)["id"], rows.create(user)["id"]

    def lock(one, other):
        held = "SELECT id FROM users WHERE id = {} FOR UPDATE"
        return [held.format(one), "SELECT pg_sleep(0.5)", held.format(other)]

    answers = at_once(
        address,
        [("POST", "/extra/write", lock(*ids)) for ids in ((first, second), (second, first))],
    )

    assert statuses(answers) == [200, 503]
    is_asked_to_wait(max(answers, key=lambda answer: answer.status_code))


def test_nobody_waits_long_for_a_row(client, address, rows, user, postgres):
    row = rows.create(user)["id"]
    held = [f"SELECT id FROM users WHERE id = {row} FOR UPDATE", "SELECT pg_sleep(6)"]

    holder, waiter = at_once(
        address,
        [("POST", "/extra/write", held), ("POST", "/extra/write", ["SELECT pg_sleep(1)", held[0]])],
    )

    assert holder.status_code == 200
    is_asked_to_wait(waiter)


def test_every_connection_has_its_timeouts(client, postgres):
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    for route in ("read", "write"):
        for name in names:
            answer = client.post(f"/extra/{route}", json=[f"SHOW {name}"])

            [[value]] = answer.json()
            assert value not in ("0", ""), name


def test_workers_of_one_sqlite_take_turns(client, address, rows, user, project, sqlite):
    """A change reads before it writes, so it must take the write lock before it reads."""
    row = rows.create(user)["id"]
    with storage.served(project) as other:
        changes = [
            ("PATCH", f"{base}/users/{row}", {"name": f"n{number}"})
            for number in range(10)
            for base in (address, other)
        ]
        answers = at_once(address, changes * 2)

    assert statuses(answers) == [200] * 40


def test_sqlite_is_set_up_for_many(client, sqlite):
    wanted = {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 5000}
    for route in ("read", "write"):
        found = {
            name: client.post(f"/extra/{route}", json=[f"PRAGMA {name}"]).json()[0][0]
            for name in wanted
        }

        assert found == wanted


def test_the_log_does_not_tell_what_was_sent(client, project, user, rows):
    private = "known-to-nobody-else@example.com"
    data = rows.data(user) | {"email": private, "name": "broken"}

    crashed = client.post("/users", json=data)

    is_problem(crashed, 500)
    assert private not in logged(project, "[SQL: INSERT INTO users")


def test_nor_does_it_when_the_database_is_busy(client, project, postgres):
    private = "known-to-nobody-at-all@example.com"

    client.post(
        "/extra/write", json=[insert(private), "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"]
    )

    assert private not in logged(project, "The database is not available")
