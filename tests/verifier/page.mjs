// Runs the script of verifier/verify.html without a browser: node page.mjs PAGE < questions.json > answers.json
// Questions: {"files": [base64, …], "keys": [text, …], "pairs": [[i, j], …], "pdfs": [base64, …]}; the answers hold faults, code and differences.
import { readFileSync, writeFileSync } from "node:fs";
import vm from "node:vm";

const page = readFileSync(process.argv[2], "utf-8");
const script = /<script id="verifier">([\s\S]*?)<\/script>/.exec(page)[1];
const context = vm.createContext({ TextEncoder, TextDecoder, atob, btoa, Blob, Response, DecompressionStream });
vm.runInContext(`${script}; globalThis.zhishan = zhishan;`, context);
const { zhishan } = context;

const questions = JSON.parse(readFileSync(0, "utf-8"));
const paper = { keys: questions.keys.map(zhishan.readKey), root: "", code: "" };
const found = questions.files.map((text) => zhishan.verify(new Uint8Array(Buffer.from(text, "base64")), paper));
const answers = {
  files: found.map(({ faults, note }) => ({ faults, code: note?.code ?? "" })),
  compared: (questions.pairs ?? []).map(([i, j]) => zhishan.compare(found[i], found[j])),
  chain: questions.chain ? zhishan.chain(questions.chain.map((i) => found[i])) : null,
  enclosed: await Promise.all(
    (questions.pdfs ?? []).map(async (text) => {
      const found = await zhishan.enclosed(new Uint8Array(Buffer.from(text, "base64")));
      return found && Buffer.from(found).toString("base64");
    }),
  ),
  hashes: [zhishan.sm3, zhishan.sha256, zhishan.sha512].map((hash) => zhishan.hex(hash(zhishan.utf8("智剡托育".repeat(40))))),
};
writeFileSync(1, JSON.stringify(answers));
