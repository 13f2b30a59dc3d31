"""HTTP to an S3-compatible object store: signed requests, time limits, a few tries."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests

from backend.apps.seals.ports import StoreError
from integrations.s3.signing import authorization, encoded, query_text, stamp

TRIES = 3
PAUSE_SECONDS = 0.5
TIMEOUT = (5, 60)  # to connect, between two packets
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class S3Client:
    """`endpoint` is `https://host[:port]`; the bucket stands in the path, which every store understands."""

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str

    def call(
        self, method: str, key: str = "", *, query: Mapping[str, str] | None = None, data: bytes = b""
    ) -> requests.Response | None:
        """None for 404 on a key. Raises `StoreError`: permanent when the store refuses what we ask."""
        problem = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2**attempt)  # noqa: TID251  # a store that is busy; three tries, then the outbox
            try:
                answer = self._once(method, key, query or {}, data)
            except requests.RequestException as error:
                problem = type(error).__name__
                continue
            if answer.status_code not in _AGAIN:
                return self._judged(answer, key)
            problem = f"HTTP {answer.status_code}"
        raise StoreError(f"对象存储没有应答 ({problem})")

    def _judged(self, answer: requests.Response, key: str) -> requests.Response | None:
        if answer.status_code < 300:
            return answer
        if answer.status_code == 404 and key:
            return None
        raise StoreError(f"对象存储拒绝 (HTTP {answer.status_code})", permanent=True)

    def _once(self, method: str, key: str, query: Mapping[str, str], data: bytes) -> requests.Response:
        path = f"/{encoded(self.bucket)}" + (f"/{encoded(key, keep='/')}" if key else "")
        headers = {
            "host": urlsplit(self.endpoint).netloc,
            "x-amz-date": stamp(datetime.now(UTC)),
            "x-amz-content-sha256": hashlib.sha256(data).hexdigest(),
        }
        signed = authorization(
            method=method,
            path=path,
            query=query,
            headers=headers,
            region=self.region,
            access_key=self.access_key,
            secret_key=self.secret_key,
        )
        text = f"?{query_text(query)}" if query else ""
        return requests.request(
            method,
            f"{self.endpoint}{path}{text}",
            headers={**headers, "authorization": signed},
            data=data or None,
            timeout=TIMEOUT,
            allow_redirects=False,  # a signature holds for one host
        )
