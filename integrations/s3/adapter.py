"""An S3-compatible bucket as backup location (MinIO, 阿里云 OSS, 华为云 OBS, 腾讯云 COS …)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from backend.apps.seals.ports import StoreError
from integrations.s3.client import S3Client

_KEY = re.compile(r"<Key>([^<]*)</Key>")
_NEXT = re.compile(r"<NextContinuationToken>([^<]*)</NextContinuationToken>")


class S3Store:
    """One PUT is all or nothing in every such store, so no temporary name is needed."""

    def __init__(
        self,
        *,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        prefix: str = "",
    ) -> None:
        self.client = S3Client(endpoint.rstrip("/"), bucket, region, access_key, secret_key)
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, path: str, data: bytes) -> None:
        if self.client.call("PUT", self.prefix + path, data=data) is None:
            raise StoreError("对象存储中没有这个存储桶", permanent=True)

    def get(self, path: str) -> bytes | None:
        answer = self.client.call("GET", self.prefix + path)
        return None if answer is None else answer.content

    def paths(self, prefix: str) -> Iterator[str]:
        query = {"list-type": "2", "prefix": self.prefix + prefix}
        while True:
            answer = self.client.call("GET", query=query)
            assert answer is not None  # 404 on a bucket is refused above
            for key in _KEY.findall(answer.text):
                yield unescape(key)[len(self.prefix) :]
            following = _NEXT.search(answer.text)
            if following is None:
                return
            query["continuation-token"] = unescape(following[1])
