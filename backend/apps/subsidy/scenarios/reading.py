"""A scenario file as checked plain data; every complaint has a line number and the key as the author wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from backend.apps.subsidy.scenarios.spec import FILE, PATTERNS, Field

_LIMIT: Final = 2_000_000  # bytes of one file
_INTEGER: Final = re.compile(r"^-?\d{1,12}$", re.ASCII)
_UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]")  # can neither be shown nor stored
_FLAGS: Final = {"true": True, "false": False, "是": True, "否": False}


class ScenarioError(Exception):
    """A file that cannot be used: where, which key, why (Chinese)."""

    def __init__(self, path: str, line: int, key: str, message: str) -> None:
        where = f"{path} 第 {line} 行" if line else path
        super().__init__(f"{where}{f' {key}' if key else ''}: {message}")
        self.line, self.key, self.message = line, key, message


@dataclass
class Source:
    """Lines of the keys, so that later complaints can still point into the file."""

    path: str
    lines: dict[str, int] = field(default_factory=dict)

    def error(self, key: str, message: str) -> ScenarioError:
        at = key
        while at and at not in self.lines:
            at = at.rpartition(".")[0]
        return ScenarioError(self.path, self.lines.get(at, 1), key, message)


def read_scenarios(path: Path) -> tuple[dict[str, Any], Source]:
    """The file with English keys and values; ScenarioError names line and key."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError(str(path), 0, "", f"读不了这个文件: {error.strerror}") from error
    return read_scenario_bytes(raw, path)


def read_scenario_bytes(raw: bytes, path: Path) -> tuple[dict[str, Any], Source]:
    """As `read_scenarios`, of content that is already here; `path` is what complaints call it."""
    source = Source(str(path))
    if len(raw) > _LIMIT:
        raise ScenarioError(str(path), 0, "", "文件超过 2 MB")
    try:
        text = raw.decode("utf-8-sig")
        tokens = yaml.scan(text, Loader=yaml.SafeLoader)
        for token in tokens:
            if isinstance(token, yaml.AliasToken):
                raise ScenarioError(str(path), token.start_mark.line + 1, "", "不支持锚点引用 (*…), 请写全")
            if isinstance(token, yaml.ScalarToken) and _UNUSABLE.search(token.value):
                raise ScenarioError(str(path), token.start_mark.line + 1, "", "含有不可用的字符")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ScenarioError(str(path), 0, "", "文件应为 UTF-8 编码") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 0
        raise ScenarioError(str(path), line, "", f"不是合格的 YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(str(path), 0, "", "不是合格的 YAML, 含有不可用的字符") from error
    except (ValueError, OverflowError) as error:  # an escape such as "\\UFFFFFFFF" names no character
        raise ScenarioError(str(path), 0, "", "不是合格的 YAML, 含有不可用的字符") from error
    except RecursionError as error:
        raise ScenarioError(str(path), 0, "", "嵌套过深") from error
    if root is None:
        raise ScenarioError(str(path), 0, "", "文件是空的")
    _plain_keys(root, source)
    return _object(root, FILE, "", source), source


def _plain_keys(root: yaml.Node, source: Source) -> None:
    """YAML allows lists and objects as keys; nobody means them."""
    left = [root]
    while left:
        node = left.pop()
        if isinstance(node, yaml.SequenceNode):
            left.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    line = key.start_mark.line + 1
                    raise ScenarioError(source.path, line, "", "键应为一个词, 不能是列表或一组字段")
                left.append(value)


def _object(node: yaml.Node, fields: tuple[Field, ...], at: str, source: Source) -> dict[str, Any]:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise ScenarioError(source.path, line, at, "应为一组“键: 值”")
    names = {name: f for f in fields for name in (f.key, f.zh)}
    found: dict[str, Any] = {}
    source.lines[at] = line
    for key_node, value_node in node.value:
        name = str(key_node.value)
        here, where = key_node.start_mark.line + 1, f"{at}.{name}" if at else name
        f = names.get(name)
        if f is None:
            known = "、".join(x.zh for x in fields)
            raise ScenarioError(source.path, here, where, f"没有这个键; 可用: {known}")
        if f.key in found:
            raise ScenarioError(source.path, here, where, "这个键写了两次")
        source.lines[where] = here
        found[f.key] = _value(value_node, f, where, source)
    for f in fields:
        if f.required and found.get(f.key) is None:
            raise ScenarioError(source.path, line, f"{at}.{f.zh}" if at else f.zh, "必填")
    return found


def _value(node: yaml.Node, f: Field, at: str, source: Source) -> Any:
    line = node.start_mark.line + 1
    if f.kind == "object":
        return _object(node, f.fields, at, source)
    if f.kind == "list":
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise ScenarioError(source.path, line, at, "应为列表, 且不能为空")
        return [_object(n, f.fields, f"{at}[{i}]", source) for i, n in enumerate(node.value, start=1)]
    if f.kind == "free":
        return _plain(node, at, source)
    if f.kind == "dated" and isinstance(node, yaml.MappingNode):
        one = Field(f.key, f.zh, "choice" if f.choices else "flag", choices=f.choices)
        day = Field("date", "日期", "date")
        return [
            (_value(k, day, f"{at} 的日期", source), _value(v, one, f"{at}.{k.value}", source))
            for k, v in node.value
        ]
    if not isinstance(node, yaml.ScalarNode):
        raise ScenarioError(source.path, line, at, "应为一个值")
    kind = ("choice" if f.choices else "flag") if f.kind == "dated" else f.kind
    return _scalar(node, kind, f, ScenarioError(source.path, line, at, ""))


def _scalar(node: yaml.ScalarNode, kind: str, f: Field, at: ScenarioError) -> Any:
    text = node.value

    def wrong(message: str) -> ScenarioError:
        head = str(at).removesuffix(": ")
        error = ScenarioError(head, 0, "", message)
        error.line, error.key = at.line, at.key
        return error

    if kind == "text":
        return text
    if kind in ("money", "number") and node.tag.endswith(":null"):
        return None
    if kind == "flag":
        if text not in _FLAGS:
            raise wrong("应为 是/否 或 true/false")
        return _FLAGS[text]
    if kind == "integer":
        if not _INTEGER.match(text) or int(text) < 0:
            raise wrong(f"应为不小于 0 的整数 (半角数字); 收到 {text[:40]!r}")
        return int(text)
    if kind == "choice":
        by_zh = {zh: value for value, zh in f.choices.items()}
        value = by_zh.get(text, text)
        if value not in f.choices:
            raise wrong(f"不认识的取值 {text[:40]!r}; 可用: {'、'.join(f.choices.values())}")
        return value
    if not re.match(PATTERNS[kind], text, re.ASCII):
        raise wrong(f"写法不对: {text[:40]!r}; {_EXAMPLES[kind]}")
    if kind == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise wrong(f"没有这一天: {text}") from None
    return text


_EXAMPLES: Final = {
    "date": "日期应写作 2026-10-01",
    "month": "月份应写作 2026-10",
    "number": "应为不小于 0 的半角数字, 最多 6 位小数",
    "money": "金额应为不小于 0 的半角数字, 最多两位小数",
    "days": "日子应写作 1-3,7",
}


def _plain(node: yaml.Node, at: str, source: Source) -> Any:
    """Plain data for the scheme parser: plain decimals stay text, so no figure passes through binary floats."""
    source.lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            where = f"{at}.{key.value}"
            if key.value in found:
                raise ScenarioError(source.path, key.start_mark.line + 1, where, "这个键写了两次")
            found[str(key.value)] = _plain(value, where, source)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(n, f"{at}[{i}]", source) for i, n in enumerate(node.value)]
    text = str(node.value)
    if node.tag.endswith(":null"):
        return None
    if node.tag.endswith(":bool") and text in _FLAGS:
        return _FLAGS[text]
    if node.tag.endswith(":int") and _INTEGER.match(text):
        return int(text)
    return text
