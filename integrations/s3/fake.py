"""An object store for tests: keeps objects in memory and verifies every signature from the bytes it really received."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from integrations.s3.signing import authorization

REGION, ACCESS_KEY, SECRET_KEY, BUCKET = "cn-test-1", "AKTEST", "secret-of-the-test", "seals"
PAGE = 3


class FakeS3(ThreadingHTTPServer):
    """`objects` by key; `failures` is a list of HTTP statuses that the next requests get; `log` of (method, key, status)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.failures: list[int] = []
        self.log: list[tuple[str, str, int]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def options(self) -> dict[str, str]:
        """What the settings would say."""
        return {
            "adapter": "integrations.s3.adapter.S3Store",
            "endpoint": self.endpoint,
            "bucket": BUCKET,
            "region": REGION,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
        }


@contextmanager
def running() -> Iterator[FakeS3]:
    server = FakeS3()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeS3

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """Silent."""

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        status, answer = self._answer(bucket, key, dict(parse_qsl(parts.query)), body)
        self.server.log.append((self.command, key, status))
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, bucket: str, key: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self.server.failures:
            return self.server.failures.pop(0), b""
        if not self._signed(query, body):
            return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        if bucket != BUCKET:
            return 404, b"<Error><Code>NoSuchBucket</Code></Error>"
        if self.command == "PUT":
            self.server.objects[key] = body
            return 200, b""
        if not key:
            return 200, self._listing(query)
        found = self.server.objects.get(key)
        return (404, b"<Error><Code>NoSuchKey</Code></Error>") if found is None else (200, found)

    def _signed(self, query: dict[str, str], body: bytes) -> bool:
        given = self.headers.get("authorization", "")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names):
            return False
        if self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return False
        return given == authorization(
            method=self.command,
            path=urlsplit(self.path).path,
            query=query,
            headers={name: self.headers[name] for name in names},
            region=REGION,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
        )

    def _listing(self, query: dict[str, str]) -> bytes:
        keys = sorted(key for key in self.server.objects if key.startswith(query.get("prefix", "")))
        start = int(query.get("continuation-token", "0"))
        page, more = keys[start : start + PAGE], start + PAGE < len(keys)
        found = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in page)
        token = f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult>{found}{token}</ListBucketResult>".encode()
