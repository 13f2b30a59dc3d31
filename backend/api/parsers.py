"""Request bodies: JSON as RFC 8259 says, and nothing two readers could understand differently."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, Final

from django.conf import settings
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


class StrictJSONParser(JSONParser):
    """Refuses a name given twice in one object (which one holds?), numbers no float can hold, and nesting without end."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = codecs.getreader(encoding)(stream).read()
            return json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                # a name that is no field of ours may be anything, even somebody's name: not repeated
                field = name if _PLAIN.match(name) else ""
                raise ValidationError({field: ["同一字段写了两次, 请只保留一个"]})
            seen.add(name)
    return found


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError("out of range")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
