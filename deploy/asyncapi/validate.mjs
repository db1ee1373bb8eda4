// Exit 0 when the AsyncAPI parser finds neither an error nor a warning in the document that is named.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const WORDS = ["error", "warning"];
// The parser's severities 0 and 1. Of the others one is always there: that a later AsyncAPI than 3.0 exists.

const [path] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(await readFile(path, "utf8"), { source: path });
const problems = diagnostics.filter(({ severity }) => severity < WORDS.length);
for (const { severity, path: at, message } of problems) {
  console.error(`${path}: ${WORDS[severity]} at ${at.join(".")}: ${message}`);
}
if (problems.length > 0 || document === undefined) {
  process.exit(1);
}
const messages = document.components().messages().all().length;
console.log(`${path}: a valid AsyncAPI ${document.version()} document, ${document.channels().all().length} channels, ${messages} messages`);
