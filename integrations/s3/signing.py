"""AWS Signature Version 4 for S3, as object stores everywhere understand it. Pure: the moment is given."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


def encoded(text: str, *, keep: str = "") -> str:
    """
    >>> encoded("a b/ü"), encoded("a/b", keep="/")
    ('a%20b%2F%C3%BC', 'a/b')
    """
    return quote(text, safe="-_.~" + keep)


def query_text(query: Mapping[str, str]) -> str:
    return "&".join(f"{encoded(name)}={encoded(query[name])}" for name in sorted(query))


def authorization(
    *,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    region: str,
    access_key: str,
    secret_key: str,
) -> str:
    """The `Authorization` header. `path` is encoded already; `headers` are those signed, with `host`, `x-amz-date`
    and `x-amz-content-sha256`, all names in small letters.
    """
    names = ";".join(sorted(headers))
    request = "\n".join(
        [
            method,
            path,
            query_text(query),
            *(f"{name}:{headers[name].strip()}" for name in sorted(headers)),
            "",
            names,
            headers["x-amz-content-sha256"],
        ]
    )
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join([ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for part in (moment[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")
