"""A service in production: errors, headers, request ids, logs, limits, probes."""

import concurrent.futures
import json
import re
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from support.api.exercise import is_problem
from support.api.hostility import raw
from support.running import environments, operation
from support.services.renderings import CORE

SITE = "https://www.example.com"
TRACE = "X-Request-ID"
JSON = {"Content-Type": "application/json"}
NO_AUTHENTICATION = (
    "This service has no authentication: everyone who can reach it can read and write."
)


@pytest.fixture(scope="module", params=CORE)
def project(request, shared_environment, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("operation")
    with operation.deployed(folder, shared_environment, shared, CORE[request.param]) as made:
        yield made


@pytest.fixture(scope="module")
def server(project):
    """A server with the settings for a proxy."""
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


def test_the_log_warns_that_there_is_no_authentication(server):
    warnings = [line["message"] for line in server.lines() if line["level"] == "warning"]

    assert warnings.count(NO_AUTHENTICATION) == 1


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
        client.post("/users", content=b"x" * 300_000),
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
    """A proxy may use the other Host header."""
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
    refused = client.options("/users", headers=theirs | wish)
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


def test_a_page_may_use_any_method_and_send_any_header(client):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for header in ("authorization", "content-type,if-match", "x-own", "Authorization, X-Own"):
            preflight = client.options(
                "/users",
                headers={
                    "Origin": SITE,
                    "Access-Control-Request-Method": method,
                    "Access-Control-Request-Headers": header,
                },
            )

            assert preflight.status_code == 200, preflight.text
            assert method in preflight.headers["access-control-allow-methods"]
            # In Access-Control-Allow-Headers, browsers do not match Authorization with `*`.
            assert preflight.headers["access-control-allow-headers"] == header
    exposed = client.get("/users", headers={"Origin": SITE})
    for header in ("ETag", "Link", "Location", "Retry-After", TRACE):
        assert header in exposed.headers["access-control-expose-headers"]


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


@pytest.mark.parametrize("size", [30, 65_000])
def test_json_is_utf_8(client, size):
    """RFC 8259 requires UTF-8; json.loads() accepts more. Large bodies have several messages."""
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        text = json.dumps({"email": f"{encoding}@example.com", "name": "x" * size})
        for content in (text.encode(encoding), (bytes([b]) for b in text[:40].encode(encoding))):
            is_problem(client.post("/users", content=content, headers=JSON), 400)
    text = json.dumps({"email": f"utf-8-{size}@example.com", "name": "Zoë 漢字 🚲"})
    plain = client.post("/users", content=text.encode(), headers=JSON)
    assert plain.status_code == 201, plain.text


def test_malformed_json_is_a_problem(client):
    for content in (b"{", b"", b"nul", b'{"a":}', b"\xff", b'"', b"[1,]", b"{}{}", b"'a'"):
        answer = client.post("/users", content=content, headers=JSON)
        is_problem(answer, 400 if content == b"\xff" else 422)


def test_half_a_body_is_given_up(project):
    """Slow bodies, with and without Content-Length."""
    env = project.env | {"BODY_TIMEOUT": "1"}
    head = b"POST /users HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    length, chunked = b"Content-Length: 200000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
    begun = [
        (head + length, b""),
        (head + length + b'{"name": "', b"x"),
        (head + chunked, b"1\r\n \r\n"),
        (head + chunked + b"5\r\n", b""),
    ]
    with (
        environments.running(project.folder, env) as server,
        concurrent.futures.ThreadPoolExecutor(len(begun)) as threads,
    ):
        answers = list(threads.map(lambda one: trickle(server.address, *one), begun))
        served = httpx2.post(
            f"{server.address}/users", json={"email": "in-time@example.com", "name": "Ada"}
        )

    assert served.status_code == 201
    for answer, seconds in answers:
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b"application/problem+json" in answer
        assert 0.9 < seconds < 10


def trickle(address, begun, more):
    """The response to half a request, and the seconds until the server closes the connection."""
    url = urlsplit(address)
    started = time.monotonic()
    with socket.create_connection((url.hostname, url.port), timeout=20) as client:
        client.sendall(begun)
        done = threading.Event()

        def feed():
            while more and not done.wait(0.2):
                try:
                    client.sendall(more)
                except OSError:
                    return

        feeder = threading.Thread(target=feed)
        feeder.start()
        answer = b""
        try:
            while chunk := client.recv(65_536):
                answer += chunk
        except ConnectionResetError:
            pass
        seconds = time.monotonic() - started
        done.set()
        feeder.join()
    return answer, seconds


SIZE = 250_000
HOSTILE = {
    "cut off": b'{"name": "' + b"x" * SIZE,
    "not UTF-8": b'{"name": "' + b"\xff" * SIZE + b'"}',
    "brackets": b"[" * SIZE,
    "digits": b"1" * SIZE,
    "UTF-16": ('{"name": "' + "x" * (SIZE // 2) + '"}').encode("utf-16"),
    "no object": b'"' + b"x" * SIZE + b'"',
    "too long": b'{"email": "a@example.com", "name": "' + b"x" * SIZE + b'"}',
    "another type": b'{"email": "a@example.com", "name": ["' + b"x" * SIZE + b'"]}',
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_hostile_bodies_leave_no_memory_behind(project):
    """The garbage collector is off: each body must be freed with its response."""
    with environments.running(project.folder, project.env, "extra:app") as server:
        httpx2.post(f"{server.address}/extra/no-collector")
        send_hostile(server.address, 2)
        before = resident(server.process.pid)
        statuses = send_hostile(server.address, 80)
        after = resident(server.process.pid)

    assert statuses <= {400, 422}
    assert after < 1.5 * before


def send_hostile(address, times):
    with httpx2.Client(base_url=address, timeout=60) as client:
        return {
            client.post("/users", content=body, headers=JSON).status_code
            for _ in range(times)
            for body in HOSTILE.values()
        }


def resident(pid):
    """The resident memory of a process in kB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1])
