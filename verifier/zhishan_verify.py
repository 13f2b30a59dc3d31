#!/usr/bin/env python3
"""Checks sealed months (封存包) of 智剡托育: one file, Python 3.8 or newer, standard library only, no network.

    python3 zhishan_verify.py 330683000000-2026-10.zip --key "zhishan.example+ab12cd34+AZ…"
    python3 zhishan_verify.py 330683000000-2026-10.zip --code 7D3V-70FE-EZNC-3PDB
    python3 zhishan_verify.py 我的机构.json                        an institution's own rows, or the proof of one row
    python3 zhishan_verify.py 核定报告.pdf                         what the PDF of a report or a statement encloses
    python3 zhishan_verify.py 2026-08.zip 2026-09.zip 2026-10.zip  several months: each, and the chain of the year
    python3 zhishan_verify.py --compare 旧.zip 新.zip              which row and which column differ

The rules are those of docs/seal-format.md; the steps, their order and the codes of faults are those of its section 8.
Exit status: 0 nothing is wrong, 1 something differs, 2 the command cannot be carried out. `--json` prints for programs.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import unicodedata
import zlib
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from pathlib import Path

PACKAGE, ROWS, PROOF = "zhishan/seal/1", "zhishan/seal-rows/1", "zhishan/seal-proof/1"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS = {b"\x01": ("ed25519", 32), b"\xffSM2-SM3": ("sm2", 65)}
TITLES = {
    "archive": "文件不是完整的封存包, 或在传输中损坏",
    "entries": "封存包内容缺失、多出或格式版本未知",
    "rows": "行数与校验不符: 有行缺失或多出",
    "row": "该行与封存时的散列不符",
    "document": "该行不是规范文本",
    "check": "该行的校验记录被改动",
    "tree": "该机构的数据与月根不符",
    "cover": "封面所载与数据不符",
    "checkpoint": "检查点 (签名文本) 不符",
    "log": "年度日志与检查点不符",
    "entry": "年度日志中本月的记录与数据不符",
    "signature": "签名无效, 或不是用所给公钥签的",
    "sum": "金额合计不符",
    "printed": "与纸面上的月根或简码不符",
    "path": "这些行不在签名所指的封存数据中",
    "opening": "明文与封存时的承诺不符",
    "fork": "年度日志分叉: 两个文件来自不同的历史",
}


# --- hashes ----------------------------------------------------------------------------------------------
def _slow_sm3(data):
    """GB/T 32905-2016, for a Python whose OpenSSL has no SM3."""
    word = 0xFFFFFFFF

    def turn(value, by):
        by %= 32
        return ((value << by) | (value >> (32 - by))) & word if by else value

    state = [
        *(0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600),
        *(0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E),
    ]
    length = 8 * len(data)
    data += b"\x80" + b"\0" * (-(len(data) + 9) % 64) + length.to_bytes(8, "big")
    for start in range(0, len(data), 64):
        w = list(struct.unpack(">16I", data[start : start + 64]))
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ turn(w[j - 3], 15)
            w.append(x ^ turn(x, 15) ^ turn(x, 23) ^ turn(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            constant = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = turn((turn(a, 12) + e + turn(constant, j)) & word, 7)
            ss2 = ss1 ^ turn(a, 12)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & word & g)
            tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & word
            tt2 = (gg + h + ss1 + w[j]) & word
            a, b, c, d = tt1, a, turn(b, 9), c
            e, f, g, h = tt2 ^ turn(tt2, 9) ^ turn(tt2, 17), e, turn(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h))]
    return struct.pack(">8I", *state)


try:
    _SM3 = hashlib.new("sm3")
except ValueError:
    _SM3 = None


def sm3(data):
    if _SM3 is None:
        return _slow_sm3(data)
    running = _SM3.copy()  # twice as fast as asking for the algorithm by name each time
    running.update(data)
    return running.digest()


def leaf_hash(text):
    return sm3(b"\x00" + text.encode())


def tree_levels(leaves):
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [sm3(b"\x01" + below[i] + below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(below) - len(below) % 2 :])
    return levels


def tree_root(leaves):
    return tree_levels(leaves)[-1][0] if leaves else sm3(b"")


def root_by_path(leaf, index, size, path):
    """None when the path has not the length of a path to that place."""
    if not 0 <= index < size:
        return None
    found, last, rest = leaf, size - 1, list(path)
    while last:
        if index % 2 or index < last:
            if not rest:
                return None
            sister = rest.pop(0)
            found = sm3(b"\x01" + (sister + found if index % 2 else found + sister))
        index, last = index // 2, last // 2
    return None if rest else found


# --- signatures ------------------------------------------------------------------------------------------
def ed25519_good(public, signature, message):
    """RFC 8032, section 5.1.7."""
    p, order = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
    d = -121665 * pow(121666, p - 2, p) % p

    def point(data):
        y = int.from_bytes(data, "little")
        sign, y = y >> 255, y & (2**255 - 1)
        if y >= p:
            return None
        square = (y * y - 1) * pow(d * y * y + 1, p - 2, p) % p
        x = pow(square, (p + 3) // 8, p)
        if (x * x - square) % p:
            x = x * pow(2, (p - 1) // 4, p) % p
        if (x * x - square) % p or (not x and sign):
            return None
        return (p - x if x % 2 != sign else x, y, 1, (p - x if x % 2 != sign else x) * y % p)

    def add(left, right):
        a = (left[1] - left[0]) * (right[1] - right[0]) % p
        b = (left[1] + left[0]) * (right[1] + right[0]) % p
        c, e = 2 * left[3] * right[3] * d % p, 2 * left[2] * right[2] % p
        x, f, g, y = b - a, e - c, e + c, b + a
        return (x * f % p, g * y % p, f * g % p, x * y % p)

    def times(scalar, base):
        found = (0, 1, 1, 0)
        while scalar:
            if scalar & 1:
                found = add(found, base)
            base, scalar = add(base, base), scalar >> 1
        return found

    if len(public) != 32 or len(signature) != 64:
        return False
    key, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= order:
        return False
    challenge = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(challenge, "little") % order
    base = point((4 * pow(5, p - 2, p) % p).to_bytes(32, "little"))
    left, right = times(s, base), add(r, times(k, key))
    return (left[0] * right[2] - right[0] * left[2]) % p == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % p == 0


def sm2_good(public, signature, message):
    """GB/T 32918.2-2016, section 7, with the curve of GB/T 32918.5 and the identity 1234567812345678."""
    p = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
    a, n = p - 3, 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
    b = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
    base = (
        0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
        0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    )
    if len(public) != 65 or public[0] != 4 or len(signature) != 64:
        return False
    key = (int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big"))
    if max(key) >= p or (key[1] ** 2 - (key[0] ** 3 + a * key[0] + b)) % p:
        return False

    def add(left, right):
        if left is None or right is None:
            return left or right
        if left[0] == right[0]:
            if (left[1] + right[1]) % p == 0:
                return None
            slope = (3 * left[0] ** 2 + a) * pow(2 * left[1], -1, p)
        else:
            slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, p)
        x = (slope * slope - left[0] - right[0]) % p
        return (x, (slope * (left[0] - x) - left[1]) % p)

    def times(scalar, point):
        found = None
        while scalar:
            if scalar & 1:
                found = add(found, point)
            point, scalar = add(point, point), scalar >> 1
        return found

    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % n
    if not (0 < r < n and 0 < s < n and t):
        return False
    identity = b"1234567812345678"
    words = (a, b, base[0], base[1], key[0], key[1])
    z = sm3(struct.pack(">H", 8 * len(identity)) + identity + b"".join(w.to_bytes(32, "big") for w in words))
    e = int.from_bytes(sm3(z + message), "big")
    point = add(times(s, base), times(t, key))
    return point is not None and (e + point[0]) % n == r


# --- text ------------------------------------------------------------------------------------------------
class Wrong(Exception):
    """Something is not in its one form."""


ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
PERHAPS_FLOAT = re.compile(r"[:,\[]-?[0-9]+[.eE]")


def canonical(value):
    text = ENCODER.encode(value)
    if not unicodedata.is_normalized("NFC", text) or (PERHAPS_FLOAT.search(text) and _has_float(value)):
        raise Wrong
    return text


def _has_float(value):
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    if isinstance(value, list):
        return any(map(_has_float, value))
    return isinstance(value, float)


def parsed(text):
    """The object of a canonical text."""
    try:
        value = json.loads(text)
        if isinstance(value, dict) and canonical(value) == text:
            return value
    except (ValueError, TypeError, RecursionError):
        pass
    raise Wrong


def decoded(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Wrong from None
    if base64.b64encode(data).decode() != text:
        raise Wrong
    return data


def lines_of(text):
    """A last line without line feed gets a zero byte, which no document has: it counts as changed."""
    if not text:
        return []
    return (text if text.endswith("\n") else text + "\0\n")[:-1].split("\n")


def crc(value):
    """Of a value out of a document that is known to be canonical."""
    text = encode_basestring(value) if isinstance(value, str) else ENCODER.encode(value)
    return f"{zlib.crc32(text.encode()):08x}"


class Key:
    def __init__(self, text):
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not re.fullmatch(r"[^\s+]+", parts[0]):
            raise Wrong
        data = decoded(parts[2])
        for kind, (algorithm, size) in KINDS.items():
            if data.startswith(kind) and len(data) == len(kind) + size:
                self.name, self.algorithm, self.public = parts[0], algorithm, data[len(kind) :]
                self.id = hashlib.sha256(parts[0].encode() + b"\n" + data).digest()[:4]
                if self.id.hex() == parts[1]:
                    return
        raise Wrong

    def good(self, signature, message):
        check = ed25519_good if self.algorithm == "ed25519" else sm2_good
        return check(self.public, signature, message)


class Note:
    """A signed checkpoint."""

    def __init__(self, text):
        head, gap, tail = text.rpartition("\n\n")
        if not gap or not tail.endswith("\n"):
            raise Wrong
        self.body, self.signatures = head + "\n", []
        for line in tail[:-1].split("\n"):
            words = line.split(" ")
            if len(words) != 3 or words[0] != "\u2014" or not re.fullmatch(r"[^\s+]+", words[1]):
                raise Wrong
            data = decoded(words[2])
            if len(data) < 5:
                raise Wrong
            self.signatures.append((words[1], data[:4], data[4:]))
        lines = self.body[:-1].split("\n")
        if len(lines) < 3 or not all(lines) or not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
            raise Wrong
        self.origin, self.size, self.root = lines[0], int(lines[1]), decoded(lines[2])
        if len(self.root) != 32:
            raise Wrong
        self.values = {}
        for line in lines[3:]:
            word, _, rest = line.partition(" ")
            self.values.setdefault(word, rest)

    @property
    def code(self):
        bits = int.from_bytes(sm3(b"\x04" + self.body.encode())[:10], "big")
        text = "".join(ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))
        return "-".join(text[i : i + 4] for i in range(0, 16, 4))


# --- package ---------------------------------------------------------------------------------------------
def archive(entries):
    """The one form of a package file."""
    local, central, offset = [], [], 0
    for name, data in entries:
        figures = (zlib.crc32(data), len(data), len(data), len(name))
        head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0x21, *figures, 0) + name
        central.append(
            struct.pack(
                "<4s6H3I5H2I",
                *(b"PK\1\2", 0x0314, 20, 0, 0, 0, 0x21, *figures, 0, 0, 0, 0, 0x81A40000, offset),
            )
            + name
        )
        local += [head, data]
        offset += len(head) + len(data)
    index = b"".join(central)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(central), len(central), len(index), offset, 0)
    return b"".join([*local, index, end])


def archive_entries(data):
    found, offset = [], 0
    while data[offset : offset + 4] == b"PK\3\4":
        if offset + 30 > len(data):
            raise Wrong
        size, name_length = (
            struct.unpack_from("<I", data, offset + 18)[0],
            struct.unpack_from("<H", data, offset + 26)[0],
        )
        start = offset + 30 + name_length
        found.append((data[offset + 30 : start], data[start : start + size]))
        offset = start + size
    if len({name for name, _ in found}) != len(found) or archive(found) != data:
        raise Wrong
    return found


def same(told, value):
    """Python takes True for 1."""
    return type(told) is type(value) and told == value


class Fault(dict):
    def __init__(self, code, tree=-1, leaf=-1, key="", fields=()):
        super().__init__(code=code, tree=tree, leaf=leaf, key=key, fields=list(fields))


class NothingEnclosed(Exception):
    pass


class Stop(Exception):
    def __init__(self, *faults):
        self.faults = list(faults)


class Package:
    """A package, checked step by step (docs/seal-format.md, section 8). `faults` is empty when nothing is wrong."""

    def __init__(self, data, keys=(), root="", code=""):
        self.faults, self.good, self.documents = [], [], []
        self.cover, self.note, self.entry, self.log = {}, None, {}, []
        self.keys_given = bool(keys)
        try:
            self._open(data)
            self._rows()
            self._trees()
            self._log()
            self.good = check_signatures(self.note, keys or keys_of(self.cover))
            self._sums()
            if root and root != self.entry["root"]:
                raise Stop(Fault("printed", fields=["root"]))
            if code and code != self.note.code:
                raise Stop(Fault("printed", fields=["code"]))
            self._lines()
        except Stop as stop:
            self.faults = stop.faults

    def _open(self, data):
        try:
            entries = archive_entries(data)
        except (Wrong, struct.error):
            raise Stop(Fault("archive")) from None
        names = [name.decode("latin-1") for name, _ in entries]
        count = (len(names) - 3) // 2
        wanted = ["seal.json", "checkpoint.txt", "log.jsonl"]
        for number in range(count):
            wanted += [f"rows/{number:04d}.jsonl", f"checks/{number:04d}.txt"]
        if count < 1 or names not in (wanted, [*wanted, "private.jsonl"]):
            raise Stop(Fault("entries"))
        try:
            texts = [body.decode() for _, body in entries]
            self.cover = parsed(texts[0])
        except (UnicodeDecodeError, Wrong):
            raise Stop(Fault("entries")) from None
        if self.cover.get("format") != PACKAGE:
            raise Stop(Fault("entries"))
        self.checkpoint, self.log = texts[1], lines_of(texts[2])
        self.trees = [lines_of(texts[3 + 2 * i]) for i in range(count)]
        self.checks = [lines_of(texts[4 + 2 * i]) for i in range(count)]
        told = sm3(b"\x05" + "".join(texts[4 : 4 + 2 * count : 2]).encode()).hex()
        self.same_checks = self.cover.get("checks") == told

    def _rows(self):
        faults, self.hashes = [], []
        for number, (lines, checks) in enumerate(zip(self.trees, self.checks)):
            self.documents.append([])
            self.hashes.append([leaf_hash(line) for line in lines])
            if not lines or len(lines) != len(checks):
                faults.append(Fault("rows", number))
                continue
            for leaf, line in enumerate(lines):
                told, digest = checks[leaf], self.hashes[-1][leaf].hex()
                if told[:64] != digest:
                    faults.append(Fault("row", number, leaf, key_of(line), differing(line, told)))
                    self.documents[-1] += readable(line)  # to be compared with another file
                    continue
                try:
                    document = parsed(line)
                    if not isinstance(document["columns"], dict):
                        raise Wrong
                except (Wrong, KeyError):
                    faults.append(Fault("document", number, leaf, key_of(line)))
                    continue
                self.documents[-1].append(document)
                if not self.same_checks and told != " ".join([digest, *crcs(document["columns"])]):
                    faults.append(Fault("check", number, leaf, str(document.get("key", ""))))
        if faults:
            raise Stop(*faults)

    def _trees(self):
        named = [document for document in self.documents[0] if document.get("kind") == "institution"]
        if [document.get("tree") for document in named] != list(range(1, len(self.trees))):
            raise Stop(Fault("tree", 0))
        faults = []
        for document in named:
            number, columns = document["tree"], document["columns"]
            own = (len(self.hashes[number]), tree_root(self.hashes[number]).hex())
            if (columns.get("leaves"), columns.get("root")) != own:
                faults.append(Fault("tree", number, key=str(document.get("key", ""))))
        if faults:
            raise Stop(*faults)
        month = self.documents[0][0]
        truth = {
            "root": tree_root(self.hashes[0]).hex(),
            "trees": len(self.trees),
            "leaves": sum(map(len, self.trees)),
            "month": month["columns"].get("month"),
            "county": month["columns"].get("county_code"),
        }
        wrong = [name for name, value in truth.items() if not same(self.cover.get(name), value)]
        wrong += [] if self.same_checks else ["checks"]
        if wrong or month.get("kind") != "month":
            raise Stop(Fault("cover", fields=wrong))

    def _log(self):
        try:
            self.note = note = Note(self.checkpoint)
        except Wrong:
            raise Stop(Fault("checkpoint")) from None
        cover = self.cover
        if key_ids(cover) != sorted((name, key_id) for name, key_id, _ in note.signatures):
            raise Stop(Fault("cover", fields=["keys"]))
        own = f"zhishan/{cover.get('county')}/{str(cover.get('month'))[:4]}"
        if note.origin != cover.get("origin") or note.origin != own:
            raise Stop(Fault("checkpoint", fields=["origin"]))
        if (note.size, note.root) != (len(self.log), tree_root([leaf_hash(line) for line in self.log])):
            raise Stop(Fault("log"))
        try:
            leaves = [parsed(line) for line in self.log]
            if not isinstance(cover["entry"], int) or isinstance(cover["entry"], bool) or cover["entry"] < 0:
                raise Wrong
            self.entry = entry = leaves[cover["entry"]]
        except (Wrong, IndexError, KeyError):
            raise Stop(Fault("log")) from None
        if leaves[0].get("kind") != "year" or leaves[0].get("origin") != note.origin:
            raise Stop(Fault("log"))
        truth = {name: cover.get(name) for name in ("county", "format", "leaves", "month", "root")}
        truth["kind"] = "month"
        truth["rows"] = sum(d.get("kind") == "line" for tree in self.documents[1:] for d in tree)
        truth["total_amount"] = self.documents[0][0]["columns"].get("total_amount")
        wrong = sorted(name for name, value in truth.items() if not same(entry.get(name), value))
        if wrong:
            raise Stop(Fault("entry", fields=wrong))

    def _sums(self):
        try:
            approved = Decimal(0)
            for number, tree in enumerate(self.documents[1:], start=1):
                if tree[0]["kind"] != "statement" or not adds_up(tree):
                    raise Stop(Fault("sum", number, 0, str(tree[0]["key"]), ["total_amount"]))
                statement = tree[0]["columns"]
                approved += Decimal(statement["total_amount"]) if statement["outcome"] == "approved" else 0
            month = self.documents[0][0]
            if Decimal(month["columns"]["total_amount"]) != approved:
                raise Stop(Fault("sum", 0, 0, str(month["key"]), ["total_amount"]))
        except (KeyError, TypeError, InvalidOperation):
            raise Stop(Fault("sum")) from None

    def _lines(self):
        if self.note.values.get("month") != f"{self.entry['month']} {self.entry['root']}":
            raise Stop(Fault("checkpoint", fields=["month"]))
        for name in ("rows", "total_amount", "sealed_at"):
            if self.note.values.get(name) != str(self.entry.get(name)):
                raise Stop(Fault("checkpoint", fields=[name]))

    def all_documents(self):
        return [document for tree in self.documents for document in tree]


def adds_up(tree):
    own = [d["columns"]["amount"] for d in tree if d["kind"] == "line" or d["kind"].endswith("_line")]
    return sum(map(Decimal, own), Decimal(0)) == Decimal(tree[0]["columns"]["total_amount"])


def crcs(columns):
    return [crc(columns[name]) for name in sorted(columns)]


def readable(line):
    try:
        document = parsed(line)
    except Wrong:
        return []
    return [document] if isinstance(document.get("columns"), dict) else []


def key_of(line):
    try:
        return str(parsed(line).get("key", ""))
    except Wrong:
        return ""


def differing(line, told):
    """Columns of a changed document whose CRC is not the one noted at sealing."""
    try:
        columns = json.loads(line)["columns"]
        found = [(name, crc(columns[name])) for name in sorted(columns)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    old = told.split(" ")[1:]
    return [name for (name, now), then in zip(found, old) if now != then] if len(old) == len(found) else []


def keys_of(holder):
    try:
        return [Key(text) for text in holder["keys"]]
    except (Wrong, KeyError, TypeError, AttributeError):
        raise Stop(Fault("signature")) from None


def key_ids(holder):
    try:
        return sorted((key.name, key.id) for key in keys_of(holder))
    except Stop:
        return None


def check_signatures(note, keys):
    good = []
    for name, key_id, value in note.signatures:
        for key in keys:
            if (key.name, key.id) == (name, key_id):
                if not key.good(value, note.body.encode()):
                    raise Stop(Fault("signature", key=key.algorithm))
                good.append(key)
    if not good:
        raise Stop(Fault("signature"))
    return good


class OwnRows:
    """The rows one institution took home, or the proof of one row (section 7)."""

    def __init__(self, data, keys=(), root="", code=""):
        self.faults, self.good, self.documents, self.note, self.entry = [], [], [], None, {}
        self.keys_given = bool(keys)
        try:
            self.file = self._object(data)
            self._tree()
            self._upwards()
            self.good = check_signatures(self.note, keys or keys_of(self.file))
            self._openings()
            if root and root != self.entry["root"]:
                raise Stop(Fault("printed", fields=["root"]))
            if code and code != self.note.code:
                raise Stop(Fault("printed", fields=["code"]))
        except Stop as stop:
            self.faults = stop.faults

    def _object(self, data):
        try:
            found = parsed(data.decode())
        except (UnicodeDecodeError, Wrong):
            raise Stop(Fault("entries")) from None
        if found.get("format") not in (ROWS, PROOF):
            raise Stop(Fault("entries"))
        return found

    def _tree(self):
        file = self.file
        whole = file["format"] == ROWS
        try:
            texts = file["documents"] if whole else [file["document"]]
            self.institution = parsed(file["institution"])
            columns, number = self.institution["columns"], self.institution["tree"]
        except (Wrong, KeyError, TypeError):
            raise Stop(Fault("entries")) from None
        faults = []
        for leaf, text in enumerate(texts):
            try:
                self.documents.append(parsed(text))
            except (Wrong, TypeError):
                faults.append(Fault("document", number, leaf))
        if faults:
            raise Stop(*faults)
        hashes = [leaf_hash(text) for text in texts]
        if whole:
            if (columns.get("leaves"), columns.get("root")) != (len(hashes), tree_root(hashes).hex()):
                raise Stop(Fault("tree", number, key=str(self.institution.get("key", ""))))
            try:
                if not adds_up(self.documents):
                    raise Stop(
                        Fault("sum", number, 0, str(self.documents[0].get("key", "")), ["total_amount"])
                    )
            except (KeyError, TypeError, IndexError, InvalidOperation):
                raise Stop(Fault("sum", number)) from None
            return
        climbed = self._climb("row", file["document"])
        if (
            climbed is None
            or climbed.hex() != columns.get("root")
            or file["row"]["size"] != columns.get("leaves")
        ):
            raise Stop(Fault("path", fields=["row"]))

    def _climb(self, name, text):
        try:
            path = self.file[name]
            data = decoded(path["path"])
            sisters = [data[i : i + 32] for i in range(0, len(data), 32)]
            return root_by_path(leaf_hash(text), path["index"], path["size"], sisters)
        except (Wrong, KeyError, TypeError, AttributeError):
            return None

    def _upwards(self):
        try:
            self.note = Note(self.file["checkpoint"])
            self.entry = parsed(self.file["entry"])
        except (Wrong, KeyError, TypeError, AttributeError):
            raise Stop(Fault("checkpoint")) from None
        climbed = self._climb("month", self.file["institution"])
        if climbed is None or climbed.hex() != self.entry.get("root") or self.entry.get("format") != PACKAGE:
            raise Stop(Fault("path", fields=["month"]))
        climbed = self._climb("log", self.file["entry"])
        if climbed != self.note.root or self.file["log"]["size"] != self.note.size:
            raise Stop(Fault("path", fields=["log"]))
        own = f"zhishan/{self.entry.get('county')}/{str(self.entry.get('month'))[:4]}"
        if self.note.origin != own:
            raise Stop(Fault("checkpoint", fields=["origin"]))

    def _openings(self):
        faults = []
        openings = self.file.get("openings", {})
        try:
            for leaf, names in openings.items():
                document = self.documents[int(leaf)]
                for name, (salt, value) in names.items():
                    held = document["inputs"] if name == "inputs" else document["columns"][name]
                    digest = sm3(b"\x03" + bytes.fromhex(salt) + canonical(value).encode()).hex()
                    if held != {"commit": digest} or len(salt) != 32:
                        faults.append(Fault("opening", self.institution["tree"], int(leaf), fields=[name]))
        except (Wrong, ValueError, TypeError, KeyError, IndexError, AttributeError):
            faults.append(Fault("opening"))
        if faults:
            raise Stop(*faults)

    def all_documents(self):
        return self.documents


# --- several files ---------------------------------------------------------------------------------------
def chain(packages):
    """Faults of a year's packages against each other, and the months missing between them."""
    faults, missing, logs = [], [], {}
    for package in packages:
        logs.setdefault(package.note.origin, []).append(package)
    for origin in sorted(logs):
        own = sorted(logs[origin], key=lambda package: len(package.log))
        for old, new in zip(own, own[1:]):
            for number, (left, right) in enumerate(zip(old.log, new.log)):
                if left != right:
                    faults.append(Fault("fork", leaf=number, key=origin))
                    break
        seen = {}
        for number, line in enumerate(own[-1].log):
            leaf = parsed(line)
            if leaf.get("kind") == "month":
                if seen.setdefault(leaf["month"], leaf["root"]) != leaf["root"]:
                    faults.append(Fault("fork", leaf=number, key=f"{origin} {leaf['month']}"))
                if leaf["month"] not in [package.cover["month"] for package in own]:
                    missing.append(leaf["month"])
    return faults, missing


def compare(old, new):
    """(key, column, old value, new value) of every difference; a whole document has the column ''."""

    def table(file):
        return {
            (d.get("kind"), str(d.get("key"))): d
            for d in file.all_documents()
            if d.get("kind") != "institution"
        }

    left, right = table(old), table(new)
    kinds = {kind for kind, _ in left} & {kind for kind, _ in right}
    if isinstance(old, OwnRows) or isinstance(new, OwnRows):
        smaller = left if isinstance(old, OwnRows) else right
        left = {name: d for name, d in left.items() if name in smaller or name not in right}
        left, right = ({n: t[n] for n in smaller if n in t} for t in (left, right))
    found = []
    for name in sorted(set(left) | set(right)):
        if name[0] not in kinds:
            continue
        if name not in left or name not in right:
            found.append((name[1], "", *(("无", "有") if name in right else ("有", "无"))))
            continue
        a, b = left[name]["columns"], right[name]["columns"]
        found += [(name[1], *difference) for difference in deep(a, b)]
    return found


def deep(old, new, place=""):
    """(place, old text, new text) of everything that differs inside two values: `rates[2].amount`."""
    if old == new or is_commit(old):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(set(old) | set(new)):
            yield from deep(old.get(name), new.get(name), f"{place}.{name}" if place else name)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (left, right) in enumerate(zip(old, new)):
            yield from deep(left, right, f"{place}[{number}]")
    else:
        yield place, show(old), show(new)


def is_commit(value):
    return isinstance(value, dict) and set(value) == {"commit"}


def show(value):
    text = value if isinstance(value, str) else ENCODER.encode(value)
    return text if len(text) <= 80 else text[:79] + "…"


# --- command ---------------------------------------------------------------------------------------------
def describe(fault):
    place = fault["key"]
    if not place and fault["tree"] >= 0:
        place = f"第 {fault['tree']} 棵树" + (f"第 {fault['leaf'] + 1} 行" if fault["leaf"] >= 0 else "")
    fields = f" [字段: {', '.join(fault['fields'])}]" if fault["fields"] else ""
    return f"{place + ': ' if place else ''}{TITLES[fault['code']]}{fields} ({fault['code']})"


def report(name, file):
    print(f"\n{name}")
    if file.faults:
        print("  结论: 不符")
        for fault in file.faults:
            print(f"  · {describe(fault)}")
        return
    entry, note = file.entry, file.note
    print(
        f"  结论: 一致。{entry['county']} {entry['month']}, 封存于 {entry['sealed_at'][:19].replace('T', ' ')}"
    )
    print(
        f"  全月 {entry['rows']} 行, 合计 {entry['total_amount']} 元; 本文件 {len(file.all_documents())} 条记录逐条相符"
    )
    print(f"  月根 {entry['root']}\n  简码 {note.code}")
    for key in file.good:
        print(f"  签名有效: {key.algorithm} {key.name}+{key.id.hex()}")
    if not file.keys_given:
        print("  注意: 公钥取自文件本身。请与报告或公告上的公钥编号核对, 或用 --key 提供。")
    if name.lower().endswith(".pdf"):
        print("  注意: 核对的是 PDF 附带的封存数据。纸面上的数字请按行编码与它对照, 简码须与纸面相同。")


def enclosed(data):
    """The first file a PDF of ours encloses (PDF/A-3): a package, or an institution's own rows. None without one."""
    for place in re.finditer(rb"/Type\s*/EmbeddedFile\b", data):
        start = data.rfind(b" obj", 0, place.start())
        begin = re.compile(rb">>\s*stream\r?\n").search(data, place.end(), place.end() + 2_000)
        head = data[start : begin.start()] if begin else b""
        length = re.search(rb"/Length\s+(\d+)\b(?!\s+\d+\s+R)", head)
        if length is None:
            continue
        body = data[begin.end() : begin.end() + int(length[1])]
        try:
            return zlib.decompress(body) if b"/FlateDecode" in head else body
        except zlib.error:
            return b""  # damaged: the check says so
    return None


def opened(path, options):
    data = Path(path).read_bytes()
    if data[:5] == b"%PDF-":
        data = enclosed(data)
        if data is None:
            raise NothingEnclosed(path)
    brought = ([Key(text) for text in options.key], options.root.lower(), options.code.upper())
    return (Package if data[:2] == b"PK" else OwnRows)(data, *brought)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="核对封存包与机构自留数据 (离线)")
    parser.add_argument("files", nargs="+", metavar="文件")
    parser.add_argument("--key", action="append", default=[], help="公钥, 形如 名称+编号+base64; 可多次给出")
    parser.add_argument("--root", default="", help="纸面上的月根 (64 位十六进制)")
    parser.add_argument("--code", default="", help="纸面或消息中的简码")
    parser.add_argument("--compare", action="store_true", help="比较两个文件, 指出不同的行与字段")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    options = parser.parse_intermixed_args(arguments)
    if options.compare and len(options.files) != 2:
        parser.error("--compare 需要两个文件")
    try:
        files = [opened(path, options) for path in options.files]
    except Wrong:
        parser.error("公钥格式不正确")
    except OSError as error:
        parser.error(f"不能读取 {error.filename}")
    except NothingEnclosed as error:
        parser.error(f"{error} 没有附带封存数据: 请使用本系统导出的报告、结算单或封存包")
    faults = [fault for file in files for fault in file.faults]
    differences, missing = [], []
    if options.compare:
        differences = compare(*files)
    elif not faults and all(isinstance(file, Package) for file in files):
        chained, missing = chain(files)
        faults += chained
    if options.json:
        print(
            json.dumps({"ok": not faults and not differences, "faults": faults, "differences": differences})
        )
        return 1 if faults or differences else 0
    for path, file in zip(options.files, files):
        report(path, file)
    for key, column, old, new in differences:
        print(f"  · {key} {column or '整行'}: {old} → {new}")
    if options.compare and not differences:
        print("\n两个文件的行与字段完全相同。")
    for fault in faults if len(files) > 1 else []:
        if fault["code"] == "fork":
            print(f"  · {describe(fault)}")
    if missing:
        print(f"\n年度日志中还有未提供的月份: {', '.join(missing)}")
    return 1 if faults or differences else 0


if __name__ == "__main__":
    sys.exit(main())
