"""URLs of a Postgres service: parameters, PgBouncer; and time zones of the server."""

import shutil
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from support.databases import own_postgres, storage
from support.running import environments

VARIANTS = {
    f"{api}-{orm}": {"api": api, "orm": orm, "database": "postgres"}
    for api, orm in (("async", "sqlalchemy"), ("sync", "sqlmodel"))
}
TAKEN = [
    "application_name=me", "connect_timeout=3", "options=-c%20search_path%3Dpublic",
    "sslmode=disable", "sslmode=prefer", "sslrootcert=/nowhere", "gssencmode=disable",
    "target_session_attrs=any", "target_session_attrs=read-write", "channel_binding=prefer",
    "passfile=/nowhere", "pgbouncer=true",
]  # fmt: skip
# psycopg accepts these. With asyncpg, the service refuses them when it starts.
OF_LIBPQ = [
    "keepalives=1", "keepalives_idle=3", "tcp_user_timeout=1", "client_encoding=utf8",
    "fallback_application_name=x", "gssencmode=require", "channel_binding=require",
]  # fmt: skip
CHECK = """\
import sys
from app import dialect

for url in sys.argv[1:]:
    try:
        dialect.check_url(url)
    except ValueError as error:
        print(error)
    else:
        print("taken")
"""
# Prints the name of the application that each connection of the service has.
CONNECT = """\
import asyncio
import sys
from types import SimpleNamespace

import sqlalchemy as sa
from app import dialect

name = sa.text("SELECT current_setting('application_name')")

async def connect_async(engine):
    async with engine.connect() as connection:
        found = await connection.scalar(name)
    await engine.dispose()
    return found

def connect(engine):
    if engine.dialect.is_async:
        return asyncio.run(connect_async(engine))
    with engine.connect() as connection:
        return connection.scalar(name)

for url in map(dialect.check_url, sys.argv[1:]):
    settings = SimpleNamespace(database_url=url, database_pool_size=2)
    found = {connect(make(settings)) for make in (dialect.make_engine, dialect.make_read_engine)}
    print(*(one or "-" for one in found))
"""
ZONES = ["Asia/Tokyo", "Pacific/Kiritimati", "America/Adak", "Asia/Kathmandu", "Africa/Monrovia"]
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@pytest.fixture(scope="module")
def server():
    with own_postgres.running() as own:
        yield own


@pytest.fixture(scope="module", params=VARIANTS)
def project(request, shared_environment, shared, server, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.replace("-", "_"))
    with storage.stored(
        folder, shared_environment, shared, VARIANTS[request.param], server=server.url
    ) as made:
        made.alembic("upgrade", "head")
        yield made


def test_a_url_may_have_the_parameters_of_libpq(project):
    url = project.env["DATABASE_URL"]
    python = str(project.folder / ".venv/bin/python")

    said = project.run(python, "-c", CONNECT, *(f"{url}?{one}" for one in TAKEN))

    assert said.split() == ["me", *["-"] * (len(TAKEN) - 1)]


def test_what_the_driver_cannot_take_is_refused_by_name(project):
    url = project.env["DATABASE_URL"]
    python = str(project.folder / ".venv/bin/python")
    parameters = [*OF_LIBPQ, "no_such_thing=1"]

    said = project.run(python, "-c", CHECK, *(f"{url}?{one}" for one in parameters))

    is_async = project.blueprint["api"] == "async"
    for parameter, line in zip(parameters, said.strip().splitlines(), strict=True):
        name = parameter.partition("=")[0]
        if is_async or parameter not in OF_LIBPQ:
            assert name in line, parameter
        else:
            assert line == "taken", parameter


@pytest.mark.parametrize("zone", ZONES)
def test_the_time_zone_of_the_server_does_not_matter(project, server, zone):
    """Datetimes in the years 1 and 9999 are returned unchanged."""
    database = project.env["DATABASE_URL"].rpartition("/")[2]
    server.sql(f"ALTER DATABASE \"{database}\" SET timezone = '{zone}'")
    moments = ["0001-01-01 00:30:00+00", "9999-12-31 23:30:00+00"]
    with storage.served(project) as address, httpx2.Client(base_url=address, timeout=30) as client:
        for moment in moments:
            row = client.post("/users", json=user()).json()["id"]
            change = f"UPDATE users SET created_at = '{moment}' WHERE id = {row}"
            assert client.post("/extra/write", json=[change]).status_code == 200

            read = client.get(f"/users/{row}")

            assert read.status_code == 200
            assert read.json()["created_at"] == moment.replace(" ", "T").replace("+00", "Z")
            assert client.get("/users?limit=100").status_code == 200
            client.delete(f"/users/{row}")


def test_changes_at_once_succeed_on_a_server_that_is_serializable(project, server):
    database = project.env["DATABASE_URL"].rpartition("/")[2]
    setting = f'ALTER DATABASE "{database}" SET default_transaction_isolation'
    server.sql(f"{setting} = serializable")
    try:
        with storage.served(project) as address:

            def change(path):
                with httpx2.Client(base_url=address, timeout=60) as client:
                    return [
                        client.patch(path, json={"name": uuid.uuid4().hex}).status_code
                        for _ in range(20)
                    ]

            with httpx2.Client(base_url=address, timeout=60) as client:
                shown = client.post("/extra/write", json=["SHOW default_transaction_isolation"])
                paths = [client.post("/users", json=user()).headers["location"] for _ in range(2)]
            with ThreadPoolExecutor(8) as pool:
                answers = [status for one in pool.map(change, paths * 4) for status in one]
    finally:
        server.sql(f"{setting} TO DEFAULT")

    assert shown.json() == [["serializable"]]
    assert answers == [200] * 160


@pytest.mark.skipif(PGBOUNCER is None, reason="needs Debian's package pgbouncer")
def test_a_pooler_in_transaction_mode_may_stand_between(project, server, tmp_path):
    url = project.env["DATABASE_URL"]
    with pgbouncer(url, tmp_path) as pooled:
        behind = storage.at(project, f"{pooled}?pgbouncer=true")
        with storage.served(behind) as address, httpx2.Client(base_url=address, timeout=60) as own:

            def send(number):
                if number % 2:
                    return own.get("/users", params={"limit": 1 + number % 7}).status_code
                return own.post("/users", json=user()).status_code

            with ThreadPoolExecutor(20) as pool:
                answers = sorted(pool.map(send, range(400)))

    assert answers == [200] * 200 + [201] * 200


@contextmanager
def pgbouncer(url, folder):
    """The URL of the same database behind a PgBouncer with three connections."""
    port = environments.free_port()
    host, _, database = url.rpartition("@")[2].partition("/")
    with tempfile.TemporaryDirectory(prefix="trellis-pooler-") as name:
        Path(name).chmod(0o755)
        file = Path(name, "pgbouncer.ini")
        file.write_text(
            "[databases]\n"
            f"{database} = host={host.split(':')[0]} port={host.split(':')[1]} user=postgres\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
        )
        command = [PGBOUNCER, "-u", "nobody", str(file)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            assert process.poll() is None
            yield f"postgresql://postgres@127.0.0.1:{port}/{database}"
        finally:
            process.terminate()
            process.wait(30)


def user():
    return {"email": f"{uuid.uuid4().hex}@example.com", "name": "Ada"}
