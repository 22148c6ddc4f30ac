"""What those see who run a service in production: refusals, headers, ids, logs, health."""

import re
import time

import httpx2
import pytest
from support import environments, operation
from support.exercise import is_problem
from support.hostility import raw
from support.services import CORE

SITE = "https://www.example.com"
TRACE = "X-Request-ID"


@pytest.fixture(scope="module", params=CORE)
def project(request, shared_environment, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("operation")
    with operation.deployed(folder, shared_environment, shared, CORE[request.param]) as made:
        yield made


@pytest.fixture(scope="module")
def server(project):
    """Behind a proxy that is not here."""
    env = project.env | {"CORS_ORIGINS": SITE, "FORWARDED_ALLOW_IPS": "10.9.9.9"}
    with environments.running(project.folder, env, "extra:app") as running:
        yield running


@pytest.fixture
def client(server):
    with httpx2.Client(base_url=server.address, timeout=30) as made:
        yield made


def lines_of(server, response):
    return [line for line in server.lines() if line.get("request_id") == response.headers[TRACE]]


def eventually(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_nothing_is_loaded_that_is_not_wanted(client):
    modules = client.get("/extra/state").json()["modules"]

    assert [name for name in modules if name.startswith("opentelemetry.sdk")] == []


def test_there_is_no_documentation(client):
    for path in ("/docs", "/redoc", "/openapi.json"):
        is_problem(client.get(path), 404)


def test_every_line_is_json_and_requests_are_in_it(server, client):
    response = client.get("/users", params={"email": "private@example.com", "limit": 3})
    refused = client.post("/users", json={"email": "private@example.com", "name": 7})

    [line] = lines_of(server, response)
    assert line["logger"] == "app.access"
    assert line["level"] == "info"
    fields = {key: line[key] for key in ("method", "route", "status", "client")}
    assert fields == {"method": "GET", "route": "/users", "status": 200, "client": "127.0.0.1"}
    assert 0 < line["duration_ms"] < 30_000
    assert [line["status"] for line in lines_of(server, refused)] == [422]
    assert "private" not in server.log.read_text()
    assert not any(line["logger"] == "uvicorn.access" for line in server.lines())


def test_a_route_is_logged_as_it_was_declared(server, client):
    found = client.get("/users/9007199")
    unknown = client.get("/no/such/path")

    assert [line["route"] for line in lines_of(server, found)] == ["/users/{user_id}"]
    assert [line["route"] for line in lines_of(server, unknown)] == [None]


def test_an_id_is_taken_from_the_request(server, client):
    for own in ("a", "0af7651916cd43dd8448eb211c80319c", "A-b_c.9", "x" * 64):
        response = client.get("/users/9007199", headers={TRACE: own})

        assert response.headers[TRACE] == own
        assert response.json()["request_id"] == own
        assert len(lines_of(server, response)) == 1


def test_an_id_that_is_unfit_for_a_log_is_replaced(server, client):
    for unfit in ("", "x" * 65, "two words", 'a"b', "a\tb", "\\u000a", "é".encode(), "a;b", "${x}"):
        response = client.get("/users/9007199", headers={TRACE: unfit})

        assert re.fullmatch("[0-9a-f]{32}", response.headers[TRACE]), unfit
        assert response.json()["request_id"] == response.headers[TRACE]
        assert len(lines_of(server, response)) == 1


def test_a_line_of_a_handler_names_its_request(server, client):
    response = client.get("/extra/said")

    messages = [line["message"] for line in lines_of(server, response)]
    assert messages[0] == "said by a handler"
    assert len(messages) == 2


def test_a_crash_is_a_problem_and_is_logged_once(server, client):
    response = client.get("/extra/crash", headers={"Origin": SITE})

    is_problem(response, 500)
    assert "detail" not in response.json()
    assert response.json()["request_id"] == response.headers[TRACE]
    assert response.headers["access-control-allow-origin"] == SITE
    eventually(lambda: len(lines_of(server, response)) == 2)
    request, crash = lines_of(server, response)
    assert (request["route"], request["status"]) == ("/extra/crash", 500)
    assert crash["exception"].startswith("Traceback")
    assert server.log.read_text().count("RuntimeError: known-to-the-log-alone") == 1


def test_every_answer_has_its_headers(client):
    answers = [
        client.get("/users"),
        client.get("/nothing"),
        client.get("/extra/crash"),
        client.get("/users", headers={"Host": "www.example.com"}),
        client.post("/users", content=b"x" * 1_100_000),
        client.options("/users", headers={"Origin": SITE, "Access-Control-Request-Method": "GET"}),
        client.get("/health/live"),
    ]

    assert [one.status_code for one in answers] == [200, 404, 500, 400, 413, 200, 200]
    for one in answers:
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["x-frame-options"] == "DENY"
        assert one.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in one.headers["content-security-policy"]
        assert one.headers[TRACE]
        if one.status_code >= 400:
            is_problem(one, one.status_code)
            assert one.json()["request_id"] == one.headers[TRACE]


def test_another_host_is_refused_but_probes_are_not(client):
    for host in ("www.example.com", "127.0.0.1.example.com", "[::1]", "", "a@b"):
        is_problem(client.get("/users", headers={"Host": host}), 400)
        assert client.get("/health/live", headers={"Host": host}).status_code == 200
        assert client.get("/health/ready", headers={"Host": host}).status_code == 200


def test_a_request_is_meant_for_one_host(server):
    """Whoever passes it on may have looked at the other."""
    request = b"GET /users HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%b\r\n"

    assert raw(server.address, request % b"")[0] == 200
    for second in (b"www.example.com", b"127.0.0.1"):
        assert raw(server.address, request % (b"Host: %b\r\n" % second))[0] == 400


def test_only_the_sites_on_the_list_may_call(client):
    ours, theirs = ({"Origin": site} for site in (SITE, "https://evil.example.net"))
    wish = {"Access-Control-Request-Method": "PATCH"}

    assert client.get("/users", headers=ours).headers["access-control-allow-origin"] == SITE
    assert "access-control-allow-origin" not in client.get("/users", headers=theirs).headers
    assert client.options("/users", headers=ours | wish).status_code == 200
    is_problem(client.options("/users", headers=theirs | wish), 400)


def test_only_named_proxies_are_believed(project, server, client):
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}

    stranger = client.get("/users", headers=forged)
    with environments.running(project.folder, project.env) as trusting:
        known = httpx2.get(f"{trusting.address}/users", headers=forged)
        believed = lines_of(trusting, known)

    assert "strict-transport-security" not in stranger.headers
    assert [line["client"] for line in lines_of(server, stranger)] == ["127.0.0.1"]
    assert known.headers["strict-transport-security"] == "max-age=31536000"
    assert [line["client"] for line in believed] == ["203.0.113.9"]


def test_a_busy_service_is_alive_and_ready_and_gets_its_connections_back(server, client):
    with (
        operation.asking(server.address, "/extra/hold/2", 25),
        operation.asking(server.address, "/extra/sleep/4", 45),
    ):
        time.sleep(0.5)
        ready = client.get("/health/ready", timeout=5)
        live = client.get("/health/live", timeout=5)

    assert (live.status_code, ready.status_code) == (200, 200)
    eventually(lambda: client.get("/extra/state", timeout=60).json()["connections"] == 0)
    assert client.get("/users").status_code == 200
