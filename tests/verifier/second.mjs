// A second verifier of sealed months, written from docs/seal-format.md alone: it shares no line with the product.
//   node second.mjs < questions.json > answers.json
// Questions: {"trees": [[leaf text, …], …], "keys": [text, …], "package": base64, "flips": [[entry, byte, bit], …]}.
// A flip names an entry of the package by its number (-1: the archive itself) and is undone before the next one.
import { createHash, createPublicKey, verify as nodeVerify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 as zlibCrc } from "node:zlib";

// --- SM3, GB/T 32905 ----------------------------------------------------------------------------------
const rotl = (x, n) => ((x << n) | (x >>> (32 - n))) >>> 0;
const T = Array.from({ length: 64 }, (_, j) => rotl(j < 16 ? 0x79cc4519 : 0x7a879d8a, j % 32));
const W = new Uint32Array(68);

function sm3(bytes) {
  const padded = Buffer.alloc(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  padded.writeBigUInt64BE(BigInt(bytes.length) * 8n, padded.length - 8);
  const v = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
  for (let block = 0; block < padded.length; block += 64) {
    for (let j = 0; j < 16; j++) W[j] = padded.readUInt32BE(block + 4 * j);
    for (let j = 16; j < 68; j++) {
      const x = W[j - 16] ^ W[j - 9] ^ rotl(W[j - 3], 15);
      W[j] = x ^ rotl(x, 15) ^ rotl(x, 23) ^ rotl(W[j - 13], 7) ^ W[j - 6];
    }
    let [a, b, c, d, e, f, g, h] = v;
    for (let j = 0; j < 64; j++) {
      const ss1 = rotl((rotl(a, 12) + e + T[j]) >>> 0, 7);
      const ss2 = ss1 ^ rotl(a, 12);
      const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + ss2 + (W[j] ^ W[j + 4])) >>> 0;
      const tt2 = (gg + h + ss1 + W[j]) >>> 0;
      [d, c, b, a] = [c, rotl(b, 9), a, tt1];
      [h, g, f] = [g, rotl(f, 19), e];
      e = (tt2 ^ rotl(tt2, 9) ^ rotl(tt2, 17)) >>> 0;
    }
    [a, b, c, d, e, f, g, h].forEach((x, i) => (v[i] = (v[i] ^ x) >>> 0));
  }
  const out = Buffer.alloc(32);
  v.forEach((x, i) => out.writeUInt32BE(x, 4 * i));
  return out;
}

const prefixed = (prefix, ...parts) => sm3(Buffer.concat([Buffer.from([prefix]), ...parts]));
const remembered = (work) => {
  const known = new Map();
  return (text) => {
    if (!known.has(text)) known.set(text, work(text));
    return known.get(text);
  };
};
const leafHash = remembered((text) => prefixed(0, Buffer.from(text)));

/** RFC 6962, 2.1, as it is written there. */
function root(leaves) {
  if (!leaves.length) return sm3(Buffer.alloc(0));
  if (leaves.length === 1) return leaves[0];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return prefixed(1, root(leaves.slice(0, k)), root(leaves.slice(k)));
}

/** RFC 6962, 2.1.1. */
function path(index, leaves) {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return index < k
    ? [...path(index, leaves.slice(0, k)), root(leaves.slice(k))]
    : [...path(index - k, leaves.slice(k)), root(leaves.slice(0, k))];
}

/** RFC 6962, 2.1.2. */
function consistency(size, leaves, whole = true) {
  if (size === leaves.length) return whole ? [] : [root(leaves)];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return size <= k
    ? [...consistency(size, leaves.slice(0, k), whole), root(leaves.slice(k))]
    : [...consistency(size - k, leaves.slice(k), false), root(leaves.slice(0, k))];
}

// --- canonical JSON -----------------------------------------------------------------------------------
class Wrong extends Error {}
const points = (text) => Array.from(text, (character) => character.codePointAt(0));
function byCodePoint(left, right) {
  const [a, b] = [points(left), points(right)];
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (value.normalize("NFC") !== value) throw new Wrong();
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Wrong();
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort(byCodePoint);
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(",")}}`;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
/** The object a canonical text stands for, or null. */
const read = remembered((text) => {
  try {
    const value = JSON.parse(text);
    return isObject(value) && canonical(value) === text ? value : null;
  } catch (error) {
    if (error instanceof Wrong || error instanceof SyntaxError) return null;
    throw error;
  }
});
const crc = (text) => zlibCrc(Buffer.from(text)).toString(16).padStart(8, "0");
const columnChecks = (columns) =>
  Object.keys(columns).sort(byCodePoint).map((name) => [name, crc(canonical(columns[name]))]);
/** [key, column checks] of a document line; checks null when there is no object of columns, key "" when not canonical. */
const looked = remembered((text) => {
  const document = read(text);
  if (document) return { document, key: String(document.key ?? ""), checks: isObject(document.columns) ? columnChecks(document.columns) : null };
  try {
    return { document: null, key: "", checks: columnChecks(JSON.parse(text).columns) };
  } catch {
    return { document: null, key: "", checks: null };
  }
});

function lines(text) {
  if (text === "") return [];
  return (text.endsWith("\n") ? text : text + "\0\n").slice(0, -1).split("\n");
}

function base64(text) {
  const data = Buffer.from(text, "base64");
  if (data.toString("base64") !== text) throw new Wrong();
  return data;
}

// --- signatures ---------------------------------------------------------------------------------------
const SM2_KIND = Buffer.concat([Buffer.from([0xff]), Buffer.from("SM2-SM3")]);

function readKey(text) {
  const [name, id, ...rest] = text.split("+");
  const data = base64(rest.join("+"));
  const isSm2 = data.subarray(0, 8).equals(SM2_KIND);
  if (!name || /\s/u.test(name) || !(isSm2 ? data.length === 73 : data.length === 33 && data[0] === 1)) throw new Wrong();
  const full = createHash("sha256").update(Buffer.concat([Buffer.from(name + "\n"), data])).digest();
  if (full.subarray(0, 4).toString("hex") !== id) throw new Wrong();
  return { name, id, algorithm: isSm2 ? "sm2" : "ed25519", public: data.subarray(isSm2 ? 8 : 1) };
}

function ed25519Holds(key, signature, message) {
  const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key]);
  return nodeVerify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), signature);
}

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const A = P - 3n;
const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
const G = [
  0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
];
const mod = (x, m = P) => ((x % m) + m) % m;
function inverse(x) {
  let [a, b, u, v] = [mod(x), P, 1n, 0n];
  while (a > 1n) [a, b, u, v] = [b % a, a, v - (b / a) * u, u];
  return mod(u);
}
function add(p, q) {
  if (!p || !q) return p ?? q;
  if (p[0] === q[0] && mod(p[1] + q[1]) === 0n) return null;
  const slope = p[0] === q[0] ? mod((3n * p[0] * p[0] + A) * inverse(2n * p[1])) : mod((q[1] - p[1]) * inverse(q[0] - p[0]));
  const x = mod(slope * slope - p[0] - q[0]);
  return [x, mod(slope * (p[0] - x) - p[1])];
}
function times(k, point) {
  let found = null;
  for (let p = point; k; k >>= 1n, p = add(p, p)) if (k & 1n) found = add(found, p);
  return found;
}
const big = (bytes) => BigInt("0x" + bytes.toString("hex"));
const word = (x) => Buffer.from(x.toString(16).padStart(64, "0"), "hex");

function sm2Holds(key, signature, message) {
  if (key.length !== 65 || key[0] !== 4 || signature.length !== 64) return false;
  const point = [big(key.subarray(1, 33)), big(key.subarray(33))];
  const [r, s] = [big(signature.subarray(0, 32)), big(signature.subarray(32))];
  const t = mod(r + s, N);
  if (r === 0n || r >= N || s === 0n || s >= N || t === 0n) return false;
  const id = Buffer.from("1234567812345678");
  const z = sm3(Buffer.concat([Buffer.from([0, 128]), id, ...[A, B, ...G, ...point].map(word)]));
  const sum = add(times(s, G), times(t, point));
  return sum !== null && mod(big(sm3(Buffer.concat([z, message]))) + sum[0], N) === r;
}

function readNote(text) {
  const gap = text.lastIndexOf("\n\n");
  if (gap < 0 || !text.endsWith("\n")) throw new Wrong();
  const body = text.slice(0, gap + 1);
  const signatures = text.slice(gap + 2, -1).split("\n").map((line) => {
    const [dash, name, data, ...rest] = line.split(" ");
    if (dash !== "\u2014" || !name || /[\s+]/u.test(name) || data === undefined || rest.length) throw new Wrong();
    const bytes = base64(data);
    if (bytes.length < 5) throw new Wrong();
    return { name, id: bytes.subarray(0, 4).toString("hex"), value: bytes.subarray(4) };
  });
  const [origin, size, rootText, ...further] = body.slice(0, -1).split("\n");
  if (!origin || !/^(0|[1-9][0-9]{0,17})$/.test(size ?? "") || rootText === undefined || further.includes("")) throw new Wrong();
  const rootBytes = base64(rootText);
  if (rootBytes.length !== 32) throw new Wrong();
  const said = (name) => further.find((line) => line.split(" ", 1)[0] === name)?.slice(name.length + 1) ?? "";
  return { body, signatures, origin, size: Number(size), root: rootBytes, said };
}

// --- archive ------------------------------------------------------------------------------------------
function numbers(layout) {
  return Buffer.concat(
    layout.map(([size, value]) => {
      const bytes = Buffer.alloc(size);
      bytes.writeUIntLE(value, 0, size);
      return bytes;
    }),
  );
}

function zip(entries) {
  const [local, central] = [[], []];
  let offset = 0;
  for (const [name, data] of entries) {
    const shared = [[2, 0], [2, 0], [2, 0], [2, 0x21], [4, zlibCrc(data)], [4, data.length], [4, data.length], [2, name.length], [2, 0]];
    const head = Buffer.concat([numbers([[4, 0x04034b50], [2, 20], ...shared]), Buffer.from(name, "latin1")]);
    central.push(numbers([[4, 0x02014b50], [2, 0x0314], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0x81a40000], [4, offset]]));
    central.push(Buffer.from(name, "latin1"));
    local.push(head, data);
    offset += head.length + data.length;
  }
  const directory = Buffer.concat(central);
  const count = entries.length;
  const end = numbers([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, directory.length], [4, offset], [2, 0]]);
  return Buffer.concat([...local, directory, end]);
}

function unzip(data) {
  const entries = [];
  let at = 0;
  while (at + 30 <= data.length && data.readUInt32LE(at) === 0x04034b50) {
    const size = data.readUInt32LE(at + 18);
    const start = at + 30 + data.readUInt16LE(at + 26);
    entries.push([data.toString("latin1", at + 30, start), data.subarray(start, start + size)]);
    at = start + size;
  }
  const names = entries.map(([name]) => name);
  if (new Set(names).size !== names.length || !zip(entries).equals(data)) throw new Wrong();
  return entries;
}

// --- section 8 ----------------------------------------------------------------------------------------
const fault = (code, tree = -1, leaf = -1, fields = []) => ({ code, tree, leaf, fields });
class Stop extends Error {
  constructor(...faults) {
    super();
    this.faults = faults;
  }
}
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function verifyEntries(entries, keys) {
  const names = entries.map(([name]) => name);
  const count = Math.floor((names.length - 3) / 2);
  const wanted = ["seal.json", "checkpoint.txt", "log.jsonl"];
  for (let i = 0; i < count; i++) wanted.push(`rows/${String(i).padStart(4, "0")}.jsonl`, `checks/${String(i).padStart(4, "0")}.txt`);
  const expected = names.length % 2 ? wanted : [...wanted, "private.jsonl"];
  if (count < 1 || names.join() !== expected.join()) throw new Stop(fault("entries"));
  let texts;
  try {
    texts = entries.map(([, data]) => decoder.decode(data));
  } catch {
    throw new Stop(fault("entries"));
  }
  const cover = read(texts[0]);
  if (!cover || cover.format !== "zhishan/seal/1") throw new Stop(fault("entries"));

  // 3
  const allChecks = Buffer.concat(entries.filter(([name]) => name.startsWith("checks/")).map(([, data]) => data));
  const sameChecks = cover.checks === prefixed(5, allChecks).toString("hex");
  const faults = [];
  const trees = Array.from({ length: count }, (_, tree) => {
    const [rows, checks] = [lines(texts[3 + 2 * tree]), lines(texts[4 + 2 * tree])];
    const documents = [];
    if (!rows.length || rows.length !== checks.length) {
      faults.push(fault("rows", tree));
      return { documents, hashes: [] };
    }
    const hashes = rows.map(leafHash);
    rows.forEach((row, leaf) => {
      const [digest, known] = [hashes[leaf].toString("hex"), looked(row)];
      const told = checks[leaf].split(" ");
      if (checks[leaf].slice(0, 64) !== digest) {
        const comparable = known.checks && known.checks.length === told.length - 1;
        const fields = comparable ? known.checks.filter(([, now], i) => now !== told[i + 1]).map(([name]) => name) : [];
        faults.push(fault("row", tree, leaf, fields));
      } else if (!known.document || !known.checks) faults.push(fault("document", tree, leaf));
      else {
        documents.push(known.document);
        const right = [digest, ...known.checks.map(([, now]) => now)].join(" ");
        if (!sameChecks && right !== checks[leaf]) faults.push(fault("check", tree, leaf));
      }
    });
    return { documents, hashes };
  });
  if (faults.length) throw new Stop(...faults);

  // 4
  const named = trees[0].documents.filter((document) => document.kind === "institution");
  if (named.length !== count - 1 || named.some((document, i) => document.tree !== i + 1)) throw new Stop(fault("tree", 0));
  const untrue = named.filter(({ tree, columns }) => columns.leaves !== trees[tree].hashes.length || columns.root !== root(trees[tree].hashes).toString("hex"));
  if (untrue.length) throw new Stop(...untrue.map(({ tree }) => fault("tree", tree)));

  // 5
  const month = trees[0].documents[0];
  const truth = {
    county: month.columns.county_code,
    leaves: trees.reduce((sum, tree) => sum + tree.hashes.length, 0),
    month: month.columns.month,
    root: root(trees[0].hashes).toString("hex"),
    trees: count,
  };
  const untold = Object.keys(truth).filter((name) => cover[name] !== truth[name]);
  if (!sameChecks) untold.push("checks");
  if (untold.length || month.kind !== "month") throw new Stop(fault("cover", -1, -1, untold));

  // 6
  let note;
  try {
    note = readNote(texts[1]);
  } catch {
    throw new Stop(fault("checkpoint"));
  }
  const nameAll = (list) => list.map(({ name, id }) => `${name} ${id}`).sort(byCodePoint).join("\n");
  let listed = null;
  try {
    listed = nameAll(cover.keys.map(readKey));
  } catch {
    // not a list of keys
  }
  if (listed !== nameAll(note.signatures)) throw new Stop(fault("cover", -1, -1, ["keys"]));
  const origin = `zhishan/${cover.county}/${String(cover.month).slice(0, 4)}`;
  if (note.origin !== cover.origin || note.origin !== origin) throw new Stop(fault("checkpoint", -1, -1, ["origin"]));
  const log = lines(texts[2]);
  if (note.size !== log.length || !note.root.equals(root(log.map(leafHash)))) throw new Stop(fault("log"));
  const leaves = log.map(read);
  const entry = (Number.isInteger(cover.entry) ? leaves[cover.entry] : undefined);
  if (leaves.includes(null) || !entry || leaves[0].kind !== "year" || leaves[0].origin !== origin) throw new Stop(fault("log"));
  const rows = trees.slice(1).flatMap((tree) => tree.documents).filter((document) => document.kind === "line").length;
  const told = { kind: "month", rows, total_amount: month.columns.total_amount };
  for (const name of ["county", "format", "leaves", "month", "root"]) told[name] = cover[name];
  const unentered = Object.keys(told).filter((name) => entry[name] !== told[name]).sort();
  if (unentered.length) throw new Stop(fault("entry", -1, -1, unentered));

  // 7
  let good = 0;
  for (const { name, id, value } of note.signatures) {
    const key = keys.find((candidate) => candidate.name === name && candidate.id === id);
    if (!key) continue;
    const holds = key.algorithm === "sm2" ? sm2Holds : ed25519Holds;
    if (!holds(key.public, value, Buffer.from(note.body))) throw new Stop(fault("signature"));
    good += 1;
  }
  if (!good) throw new Stop(fault("signature"));

  // 8
  const cents = (text) => {
    if (!/^-?[0-9]+\.[0-9]{2}$/.test(text)) throw new Stop(fault("sum"));
    return BigInt(text.replace(".", ""));
  };
  let approved = 0n;
  trees.slice(1).forEach(({ documents }, i) => {
    const [statement] = documents;
    const own = documents.filter(({ kind }) => kind === "line" || kind.endsWith("_line")).reduce((sum, d) => sum + cents(d.columns.amount), 0n);
    if (statement.kind !== "statement" || own !== cents(statement.columns.total_amount)) throw new Stop(fault("sum", i + 1, 0, ["total_amount"]));
    if (statement.columns.outcome === "approved") approved += own;
  });
  if (cents(month.columns.total_amount) !== approved) throw new Stop(fault("sum", 0, 0, ["total_amount"]));

  // 10 (9 needs paper)
  if (note.said("month") !== `${entry.month} ${entry.root}`) throw new Stop(fault("checkpoint", -1, -1, ["month"]));
  for (const name of ["rows", "total_amount", "sealed_at"]) {
    if (note.said(name) !== String(entry[name])) throw new Stop(fault("checkpoint", -1, -1, [name]));
  }
}

function verdict(work) {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof Stop) return error.faults;
    throw error;
  }
}

function verifyArchive(data, keys) {
  return verdict(() => {
    let entries;
    try {
      entries = unzip(data);
    } catch {
      throw new Stop(fault("archive"));
    }
    verifyEntries(entries, keys);
  });
}

// --- questions and answers ----------------------------------------------------------------------------
const questions = JSON.parse(readFileSync(0, "utf-8"));
const hex = (bytes) => bytes.toString("hex");
const answers = {
  trees: (questions.trees ?? []).map((texts) => {
    const leaves = texts.map(leafHash);
    const index = Math.floor(leaves.length / 3);
    const old = Math.max(1, Math.ceil(leaves.length / 2));
    return { root: hex(root(leaves)), path: path(index, leaves).map(hex), consistency: consistency(old, leaves).map(hex) };
  }),
};
if (questions.package) {
  const keys = questions.keys.map(readKey);
  const data = Buffer.from(questions.package, "base64");
  const entries = unzip(data).map(([name, body]) => [name, Buffer.from(body)]);
  answers.whole = verifyArchive(data, keys);
  answers.flips = questions.flips.map(([entry, byte, bit]) => {
    const target = entry < 0 ? data : entries[entry][1];
    target[byte] ^= 1 << bit;
    const found = entry < 0 ? verifyArchive(data, keys) : verdict(() => verifyEntries(entries, keys));
    target[byte] ^= 1 << bit;
    return found;
  });
}
writeFileSync(1, JSON.stringify(answers));
