// Parses graphs with Mermaid and Graphviz themselves: `node graphs.mjs DATA`, with {"mermaid": [...], "dot": [...]}.
// Prints what Graphviz found in each, and ends with an error for a graph that one of them can't read.
import { instance } from "@viz-js/viz";
import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";

const dom = new JSDOM("");
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const { default: mermaid } = await import("mermaid");
const data = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const text of data.mermaid) {
  await mermaid.parse(text);
}
const viz = await instance();
console.log(JSON.stringify(data.dot.map((text) => viz.renderJSON(text))));
