// Parses YAML as GitLab's parser does, with the positions of each node in the text.
import { Composer, isAlias, isMap, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, visit, YAMLSeq } from "../yaml/index.js";

/** `!reference [job, keyword]` (https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags). */
class Reference extends YAMLSeq {}

/** GitLab's parser takes any indentation inside quotes and brackets. */
class AnyIndent extends Lexer {
  *parseQuotedScalar() {
    return yield* this.unindented(super.parseQuotedScalar());
  }

  *parseFlowCollection() {
    return yield* this.unindented(super.parseFlowCollection());
  }

  *unindented(tokens) {
    const { indentNext } = this;
    this.indentNext = 0;
    const next = yield* tokens;
    this.indentNext = indentNext;
    return next;
  }
}

// GitLab reads YAML 1.1. Its parser takes `y` and `n` as letters, and uses the later of two equal keys.
const OPTIONS = {
  version: "1.1",
  uniqueKeys: false,
  keepSourceTokens: true,
  customTags: (tags) => [
    ...tags.map((it) => (it.test?.test?.("y") || it.test?.test?.("n") ? { ...it, test: new RegExp(it.test.source.replace(/\b[YN]\|[yn]\|/u, ""), "u") } : it)),
    { tag: "!reference", collection: "seq", nodeClass: Reference },
  ],
};

/** Keywords that hold names of jobs, stages or runners: `1e3` is a name there. */
const NAMES = ["extends", "needs", "dependencies", "stage", "stages", "tags"];
/** Characters that only GitLab's parser takes as the end of a line. */
const BREAK = /[\u0085\u2028\u2029]|\r(?!\n)/gu;
/** The limit of values in a file, aliases followed. */
const MOST = 200_000;

/**
 * Returns the hash at the top of a pipeline, its values, and the node of each alias. A header, `spec`, may come before it.
 * Throws an error that names the line if the text is no YAML or no hash.
 */
export function parsed(text) {
  const lines = new LineCounter();
  const parser = new Parser(lines.addNewLine);
  parser.lexer = new AnyIndent();
  const [first, second] = new Composer(OPTIONS).compose(parser.parse(text));
  for (const { errors } of [first, second].filter(Boolean)) {
    if (errors.length === 0) continue;
    const { line, col } = lines.linePos(errors[0].pos[0]);
    throw new Error(`${errors[0].message.split("\n")[0]} at line ${line}, column ${col}`);
  }
  const document = second && isMap(first?.contents) && own(first.contents, "spec") ? second : first;
  const top = document?.contents;
  if (top && !isMap(top)) throw new Error("this is a list or a text: a pipeline has jobs by their names");
  const sources = document ? aliases(document) : new Map();
  const values = top ? valueOf(top, { sources, left: MOST, above: [] }) : {};
  const odd = text.search(BREAK);
  if (odd >= 0 && shape(values) !== shape(parsed(text.replaceAll(BREAK, "\n")).values)) {
    throw new Error(`GitLab takes a character inside line ${lines.linePos(odd).line} as the end of a line. Replace it: U+${text.codePointAt(odd).toString(16).toUpperCase().padStart(4, "0")}`);
  }
  return { document, top, sources, values };
}

/** Returns values as a text without their spaces and lines. */
function shape(values) {
  return JSON.stringify(values).replaceAll(/(\s|\\n|\u0085)+/gu, " ");
}

/** Returns the node of each alias: the last one before it with its anchor. */
function aliases(document) {
  const [anchors, sources] = [new Map(), new Map()];
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) sources.set(node, anchors.get(node.source));
      else if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return sources;
}

/** Returns a node as GitLab's parser reads it. A merge key overwrites the keys above it, and the keys below overwrite it. */
function valueOf(node, reading, isName = false) {
  reading.left -= 1;
  if (reading.left < 0) throw new Error("its aliases come to more than any pipeline has");
  if (isAlias(node)) {
    const source = reading.sources.get(node);
    if (!source || reading.above.includes(source)) throw new Error(`the alias *${node.source} stands for nothing`);
    return valueOf(source, reading, isName);
  }
  if (!isMap(node) && !isSeq(node)) return scalar(node, isName);
  reading.above.push(node);
  const value = isMap(node) ? hash(node, reading, isName) : list(node, reading, isName);
  reading.above.pop();
  return value;
}

function scalar(node, isName) {
  const value = isScalar(node) ? node.value : null;
  const isText = value === null || typeof value === "string" || !node.source;
  return isText || (typeof value !== "object" && !isName) ? value : node.source;
}

function list(node, reading, isName) {
  const items = node.items.map((item) => valueOf(isPair(item) ? item.value : item, reading, isName || isReference(node)));
  return isReference(node) ? { "!reference": items.map(String) } : items;
}

function hash(node, reading, isName) {
  const values = {};
  for (const { key, value } of node.items) {
    const name = nameOf(key);
    if (name === "<<") {
      const merged = [valueOf(value, reading, isName)].flat().toReversed();
      if (merged.some((it) => !isHash(it))) throw new Error("a merge key, <<, stands for something that is no hash");
      Object.assign(values, ...merged);
    } else {
      const own = valueOf(value, reading, isName || NAMES.includes(name));
      Object.defineProperty(values, name, { value: own, enumerable: true, configurable: true, writable: true });
    }
  }
  return values;
}

export function isHash(value) {
  return Boolean(value) && typeof value === "object" && !Array.isArray(value) && !("!reference" in value);
}

export function nameOf(key) {
  return String(key?.source ?? key?.value ?? key);
}

/** Returns a node's own keyword, the last of equal ones. A merge key below it may still bring another. */
export function own(node, keyword) {
  return isMap(node) ? node.items.findLast(({ key }) => nameOf(key) === keyword) : undefined;
}

export function lastMerge(node) {
  return own(node, "<<");
}

export function isReference(node) {
  return node instanceof Reference;
}

/** Returns the origin of a keyword that a node's merge key brings, as the path of a reference. */
export function mergedFrom(pipeline, node, keyword) {
  for (const { key, value } of isMap(node) ? node.items.toReversed() : []) {
    if (nameOf(key) !== "<<") continue;
    for (const alias of isSeq(value) ? value.items : [value]) {
      const source = isAlias(alias) ? pipeline.sources.get(alias) : alias;
      const path = own(source, keyword) ? pathOf(pipeline.top, source) : undefined;
      const found = path ? [...path, keyword] : mergedFrom(pipeline, source, keyword);
      if (found) return found;
    }
  }
  return undefined;
}

function pathOf(within, node) {
  for (const { key, value } of within.items) {
    if (value === node) return [nameOf(key)];
    const path = isMap(value) ? pathOf(value, node) : undefined;
    if (path) return [nameOf(key), ...path];
  }
  return undefined;
}

/**
 * Returns the edit that keeps the value of a block at the end of a text that has no last newline: GitLab reads that block without one.
 * `undefined` if there is no such block.
 */
export function withoutNewline(text) {
  if (!text || /\n[ \t]*$/u.test(text)) return undefined;
  const header = lastBlock(parsed(text).document, text.length);
  if (!header || header.source.includes("-")) return undefined;
  return { at: header.offset, end: header.offset + header.source.length, text: `${header.source.replace("+", "")}-` };
}

/** Returns the header of the block, such as `|+`, that ends at a position or after it. */
export function lastBlock(document, end) {
  let last;
  visit(document, {
    Scalar: (_, { srcToken, range }) => {
      if (range[1] >= end) last = srcToken?.props?.find(({ type }) => type === "block-scalar-header") ?? last;
    },
  });
  return last;
}
