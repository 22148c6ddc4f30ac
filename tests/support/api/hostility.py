"""Hostile requests, and the responses that a service must give."""

import base64
import json
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from support.api.exercise import INTERNAL, JSON, Resource, everything_listed, is_problem
from support.api.payloads import Rows, attribute, is_sortable

# An error response must not repeat its input: neither a secret nor a script.
PRIVATE = "known-to-nobody-else"
DEEP = 40_000

_STRINGS = [
    r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udfff\ud800"', '"' + "x" * 20_000 + '"', '"😀"',
    '""', '" "', f'"{PRIVATE}"', '"1"', '"true"', '"null"', '"NaN"', '"1e400"', '"-0"', '"0x10"',
    '"1_0"', '"٣"', '"ada@example.com\\u0000"', '"' + "a" * 65 + '@example.com"', '"http://[::1"',
    '"https://x/\\u0000"',
]  # fmt: skip
_DATES = [
    '"0000-01-01"', '"0001-01-01"', '"9999-12-31"', '"2030-02-30"', '"2030-01-31T00:00:00Z"',
    '"1700000000"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"',
    '"2030-01-31T12:00:00"', '"20300131"', '"2030-01-31T25:00:00Z"', '"2030-01-31T12:00:00+99:99"',
    '"9999-12-31T23:59:59.9999999Z"', '"P1D"',
]  # fmt: skip
_NUMBERS = [
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "9" * 5_000, "0", "-0", "-0.0",
    "1.0", "0.1234567890123456789", "1e2", "2147483647", "2147483648", "-2147483648",
    "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "1" + "0" * 30, "-1" + "0" * 30, "1" + "0" * 400,
    "1.7976931348623157e308", "5e-324",
]  # fmt: skip
_OTHERS = ["true", "false", "null", "{}", "[]", f'{{"{PRIVATE}": 1}}', f'["{PRIVATE}"]']
_NESTED = [
    r'{"\u0000": 1}', r'{"\ud800": 1}', r'["\u0000"]', r'[{"a": "\ud800"}]', "[NaN]",
    '{"a": 1e400}', '{"": ""}', '{"a": 1, "a": 2}', "[" + "9" * 5_000 + "]",
    "[1" + "0" * 400 + "]",
    *("[" * depth + "]" * depth for depth in (50, 100, 200, 300, 500, 900, 2_000, 9_000)),
    *('{"a":' * depth + "1" + "}" * depth for depth in (50, 100, 200, 300, 500, 900, 2_000, 9_000)),
]  # fmt: skip
_FEW = ["{}", '{"a": [[[1]]]}', "[" * 9_000 + "]" * 9_000]
VALUES = {
    "date": _DATES + _NUMBERS + _FEW,
    "datetime": _DATES + _NUMBERS + _FEW,
    "integer": _NUMBERS + _FEW,
    "float": _NUMBERS + _FEW,
    "decimal": _NUMBERS + [f'"{number}"' for number in _NUMBERS] + _FEW,
    "reference": _NUMBERS + _FEW,
    "json": _NUMBERS + _NESTED,
}

IDS = [
    "%00", "1%00", "%ED%A0%80", "%FF", "%", "%zz", "%u0041", "..%2f..%2fetc%2fpasswd", "%2e%2e",
    "-1", "0", "00", "+1", "1.0", "1e3", "NaN", "null", "true", "1_0", "%D9%A3",
    "1%3Bdrop%20table%20users", "1'--", PRIVATE, "2147483647", "2147483648", "-2147483649",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "1" + "0" * 30, "9" * 5_000, "x" * 20_000, "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "{0190a0e2}",
]  # fmt: skip

QUERIES = [
    "limit=1&limit=2", "limit=10&offset=0&limit=10", "limit=", "limit=%00", "limit=%FF",
    "limit=1e2", "limit=NaN", "limit=99999999999999999999", "limit=-1",
    "offset=9223372036854775808", "offset=" + "9" * 5_000, "sort=%00", "sort=-", "sort=id,id",
    "sort=__class__", "sort=" + "x" * 20_000, "cursor=%00", "cursor=" + "A" * 4_001, "cursor=____",
    "cursor=bnVsbA", "cursor=W1tbW1tb", "cursor=MTIz", "cursor=WyJpZCIsIG51bGwsIDFlNDAwXQ",
    "cursor=WyJpZCIsIG51bGwsIE5hTl0", "cursor=WyJpZCIsIG51bGwsIHRydWVd", f"{PRIVATE}=1",
    f"limit={PRIVATE}", f"cursor={PRIVATE}!", "%00=1", "%ED%A0%80=%ED%A0%80", "&&&", "=",
    "limit[]=1", "limit=1;offset=2", "%", "é=1", "sort=é",
]  # fmt: skip
HOSTILE_IN_QUERIES = [
    "%00", "a%00", "%ED%A0%80", "%FF", "", "null", "NaN", "1e400", "-0", "9" * 5_000,
    "1" + "0" * 30, "-1" + "0" * 30, "2147483648", "9223372036854775807", "9223372036854775808",
    "true", "1", "0.5", "1700000000", "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59",
    "9999-12-31", "x" * 20_000, PRIVATE,
]  # fmt: skip

BODIES = [
    b"", b" ", b"\x00", b"\xff", b"{", b"}", b"nul", b"null", b"true", b"0", b'""', b"[]", b"{}{}",
    b"NaN", b"-Infinity", b'{"a": "\xff"}', b"\xef\xbb\xbf{}", '{"name": "x"}'.encode("utf-16"),
    b'{"a\\u0000": 1}', b'{"\\ud800": 1}', b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP, b'"' + b"x" * 200_000 + b'"', b"9" * 200_000,
    b"-" * 1_000, f'{{"{PRIVATE}": "{PRIVATE}"}}'.encode(),
]  # fmt: skip
CONTENT_TYPES = [
    "", "text/plain", "application/json; charset=utf-16", "application/json; charset=no-such",
    "application/", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded", PRIVATE,
]  # fmt: skip
HEADERS = [
    b"X-Request-ID: \xff\xfe", b"X-Request-ID: \xed\xa0\x80", b"X-Request-ID: a\tb",
    b"X-Request-ID: " + b"x" * 5_000, b"Accept: \xff", b"Cookie: =;;=\xff",
    b"Range: bytes=0-", b"X-Forwarded-For: \xff", b"Forwarded: for=\x80", b"Accept-Encoding: \xff",
    b"Expect: 100-continue", b"Origin: \xff", b"Authorization: \xff", b"X-Evil: a\x00b",
    b"X-Evil: " + b"x" * 100_000, b"X Evil: 1", b"Transfer-Encoding: gzip", b"Content-Length: x",
]  # fmt: skip

TAGS = [
    b"", b"\xff", b"\xed\xa0\x80", b'"', b'""', b"W/", b"*,*", b",,,", b'"' + b"9" * 5_000 + b'"',
    b'"0"', b"'1'", b'"NaN-1"', PRIVATE.encode(),
]  # fmt: skip


# The characters that Python treats as white space.
SPACES = [chr(number) for number in range(0x3001) if chr(number).isspace()]


def padded_ids_are_refused(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """An id has one spelling: others, such as one with white space, are refused in every path."""
    row = rows.create(resource)
    path, own = rows.path(resource), str(row["id"])
    padded = [form for space in SPACES for form in (space + own, own + space)]
    forms = [*padded, f"+{own}", f"0{own}", f"{own[0]}_{own[1:]}", f"{{{own}}}", f"urn:uuid:{own}"]
    nested = [f"{path}/{{}}{other}" for other in rows.paths.values()]
    for form in forms:
        for method in ("GET", "PATCH", "DELETE"):
            body = {} if method == "PATCH" else None
            answer = client.request(method, f"{path}/{quote(form)}", json=body)
            assert answer.status_code == 422, (method, form)
        for template in nested:
            answer = client.get(template.format(quote(form)), params={"limit": 1})
            assert answer.status_code in {404, 422}, (template, form)
    assert client.get(f"{path}/{own}").json() == row


def refuses(response: httpx2.Response) -> None:
    """The response is a 4xx problem that does not repeat the input."""
    assert response.status_code < 500, (response.request.url, response.request.content[:200])
    if response.status_code >= 400:
        is_problem(response, response.status_code)
        assert PRIVATE not in response.text, response.text
        assert PRIVATE not in str(response.headers), response.headers


def hostile_values(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Sends hostile values in every field of POST and PATCH."""
    path = rows.path(resource)
    row = rows.create(resource)
    data = rows.data(resource)
    for field in resource["fields"]:
        name = attribute(field)
        others = json.dumps({key: item for key, item in data.items() if key != name})[1:-1]
        for value in _STRINGS + _OTHERS + VALUES.get(field["type"], ["0", "1.5", *_FEW]):
            body = f'{{{others}{", " if others else ""}"{name}": {value}}}'.encode()
            refuses(client.post(path, content=body, headers=JSON))
            change = f'{{"{name}": {value}}}'.encode()
            refuses(client.patch(f"{path}/{row['id']}", content=change, headers=JSON))
    can_be_read(client, path)


def can_be_read(client: httpx2.Client, path: str) -> None:
    """A stored row can be read."""
    for row in everything_listed(client, path, {"limit": 100}):
        assert row["id"]


def hostile_bodies(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    path = rows.path(resource)
    row = rows.create(resource)
    for body in BODIES:
        for method, url in (("POST", path), ("PATCH", f"{path}/{row['id']}")):
            refuses(client.request(method, url, content=body, headers=JSON))
    for kind in CONTENT_TYPES:
        data = json.dumps(rows.data(resource)).encode()
        answer = client.post(path, content=data, headers={"content-type": kind} if kind else {})
        refuses(answer)
        assert answer.status_code == (201 if "json" in kind else 422), (kind, answer.text)


def hostile_paths(address: str, path: str) -> None:
    for text in IDS:
        for method in ("GET", "DELETE", "PATCH"):
            status, said = raw(address, request(method, f"{path}/{text}", body=b"{}"))
            assert 200 <= status < 500, (method, text[:60], status, said[:300])
            tells_nothing(status, said)


def hostile_queries(address: str, path: str, parameters: list[str]) -> None:
    queries = [*QUERIES, *(f"{n}={text}" for n in parameters for text in HOSTILE_IN_QUERIES)]
    for query in queries:
        status, said = raw(address, request("GET", f"{path}?{query}"))
        assert status in {200, 400, 404, 422}, (query[:60], status, said[:300])
        tells_nothing(status, said)


def hostile_headers(address: str, path: str) -> None:
    for header in HEADERS:
        status, said = raw(address, request("GET", path, header))
        assert 200 <= status < 500, (header[:60], status, said[:300])
        tells_nothing(status, said)


def hostile_tags(address: str, client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Only the row's own tag allows a change or gives a 304."""
    location = f"{rows.path(resource)}/{rows.create(resource)['id']}"
    for tag in TAGS:
        for method, expected in (("PATCH", 412), ("DELETE", 412), ("GET", 200)):
            name = b"If-None-Match: " if method == "GET" else b"If-Match: "
            body = b"" if method == "GET" else b"{}"
            status, said = raw(address, request(method, location, name + tag, body=body))
            assert status == expected, (method, tag[:60], said[:300])
            tells_nothing(status, said)
    assert client.get(location).status_code == 200


def hostile_cursors(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Sends well-formed cursors that the service has not made."""
    path = rows.path(resource)
    row = rows.create(resource)
    own = json.dumps(row["id"])
    for field in filter(is_sortable, resource["fields"]):
        name = attribute(field)
        for value in _STRINGS + _OTHERS + VALUES.get(field["type"], []):
            may_not_continue(client, path, name, f'["{name}", {value}, {own}]')
    for value in _STRINGS + _NUMBERS + _OTHERS + _NESTED:
        may_not_continue(client, path, "id", f'["id", null, {value}]')
    for document in ('["id"]', '["id", 1]', '{"0": "id"}', f'["id", 1, {own}, 1]', '"id"', "null"):
        may_not_continue(client, path, "id", document)


def may_not_continue(client: httpx2.Client, path: str, sort: str, document: str) -> None:
    cursor = base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")
    answer = client.get(path, params={"sort": sort, "cursor": cursor[:4_000]})
    refuses(answer)
    assert answer.status_code in {200, 422}, (sort, document[:200], answer.text)


def repeated_parameters_are_refused(client: httpx2.Client, path: str) -> None:
    for query in ("limit=1&limit=1", "limit=1&offset=0&%6cimit=2", "no=1&no=2"):
        answer = client.get(f"{path}?{query}")
        is_problem(answer, 422)


def the_last_of_a_key_counts(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """If a key is repeated, the last value is used and the others are ignored."""
    data = json.dumps(rows.data(resource))
    name = attribute(resource["fields"][0])
    body = f'{{"{name}": [], {data[1:]}'.encode()
    answer = client.post(rows.path(resource), content=body, headers=JSON)
    assert answer.status_code == 201, answer.text


def bodies_past_the_limit(address: str, path: str, limit: int) -> None:
    """Bodies over the limit get 413 at once, with and without Content-Length."""
    data = b"x" * (limit + 1)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in split(data, 60_000))
    kind = b"Content-Type: application/json"
    announced = request("POST", path, kind, b"Content-Length: %d" % len(data))
    chunked = request("POST", path, kind, b"Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"
    for message in (announced, announced + data, chunked):
        status, said = raw(address, message)
        assert status == 413, said[:300]
        assert f"{limit}".encode() in said
        assert b"application/problem+json" in said
    for length in (b"1" + b"0" * 30, b"-1", b"+2", b"0x10", b"2, 3"):
        status, said = raw(address, request("POST", path, kind, b"Content-Length: " + length))
        assert 400 <= status < 500, (length, said[:300])
    # Content-Length is too large, and nothing follows; or too small, and the rest is no request.
    raw(address, request("POST", path, kind, b"Content-Length: 100") + b"{}", half_close=True)
    status, said = raw(
        address, request("POST", path, kind, b"Content-Length: 2") + b"{}" + data[:99]
    )
    assert 400 <= status < 500, said[:300]
    assert httpx2.get(f"{address}/health/live", timeout=30).status_code == 200


def split(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def request(method: str, target: str, *headers: bytes, body: bytes = b"") -> bytes:
    """A request in bytes, which HTTP clients would not send."""
    lines = [
        f"{method} {target} HTTP/1.1".encode(),
        b"Host: localhost",
        b"Connection: close",
        *headers,
    ]
    if body:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def raw(address: str, message: bytes, *, half_close: bool = False) -> tuple[int, bytes]:
    """The status and the response; the status is 0 if there is none."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        answer = b""
        try:
            connection.sendall(message)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                answer += chunk
        except ConnectionError:  # the server closed the connection; its response may have arrived
            pass
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return (int(found[1]) if found else 0), answer


def tells_nothing(status: int, said: bytes) -> None:
    """uvicorn itself answers requests that are not HTTP, in plain text."""
    text = said.decode("utf-8", "replace")
    if status >= 400 and "Invalid HTTP request received." not in text:
        assert PRIVATE not in text, text
        assert "application/problem+json" in text, text[:300]
        assert not INTERNAL.search(text.partition("\r\n\r\n")[2].lower()), text


def parameters(document: Mapping[str, Any], path: str) -> list[str]:
    """The query parameters of a list."""
    return [item["name"] for item in document["paths"][path]["get"]["parameters"]]
