/**
 * Changes a YAML text so that it says another value, touching only what differs: comments, blank lines, order and
 * quoting of the rest stay as a person wrote them.
 *
 * The obvious answer, to write the new value out, would lose every comment at the first click in the form.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  stringify,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { sameJson } from "./same-json.ts";

const writeOptions = { lineWidth: 0 } as const;

/** `text` must be good YAML. The result reads as `value`, which is what JSON can say. */
export function mergeYaml(text: string, value: unknown): string {
  const merged = tryMerge(parseDocument(text), text, value);
  if (merged !== undefined) return merged;
  const plain = withoutAliases(text);
  // Keys that are maps and other things JSON has no word for: nothing to keep them in.
  return tryMerge(parseDocument(plain), plain, value) ?? stringify(value, writeOptions);
}

/** Undefined when the result would not read as `value`, as with anchors whose alias wants the old value. */
function tryMerge(document: Document, text: string, value: unknown): string | undefined {
  if (document.errors.length > 0) return undefined;
  if (sameJson(document.toJS(), value)) return text;
  try {
    document.contents = mergeNode(document, document.contents, value);
    const merged = document.toString(writeOptions);
    const read = parseDocument(merged);
    return read.errors.length === 0 && sameJson(read.toJS(), value) ? merged : undefined;
  } catch {
    // An alias without its anchor can't be written.
    return undefined;
  }
}

/** Every alias in the place of its anchor's value. */
function withoutAliases(text: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return text;
  visit(document, {
    Alias: (_key, alias) => {
      const copy = alias.resolve(document)?.clone();
      if (!isNode(copy)) return undefined;
      if (!isAlias(copy)) delete copy.anchor;
      return copy;
    },
  });
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node)) delete node.anchor;
    },
  });
  return document.toString(writeOptions);
}

function mergeNode(document: Document, node: Node | null, wanted: unknown): Node {
  if (node !== null && sameJson(node.toJS(document), wanted)) return node;
  if (isMap(node) && typeof wanted === "object" && wanted !== null && !Array.isArray(wanted))
    return mergeMap(document, node, wanted);
  if (isSeq(node) && Array.isArray(wanted)) return mergeSequence(document, node, wanted);
  return replaced(document, node, wanted);
}

/** A new node with the comments of the one it stands for. */
function replaced(document: Document, node: Node | null, wanted: unknown): Node {
  const fresh = document.createNode(wanted) as Node;
  if (node === null) return fresh;
  if (node.commentBefore) fresh.commentBefore = node.commentBefore;
  if (node.comment) fresh.comment = node.comment;
  if (node.spaceBefore) fresh.spaceBefore = node.spaceBefore;
  if (isScalar(node) && isScalar(fresh) && typeof node.value === "string" && typeof wanted === "string")
    keepQuotes(node, fresh);
  return fresh;
}

/** Quotes stay quotes; a block text stays a block when it still has lines. */
function keepQuotes(node: Scalar, fresh: Scalar): void {
  const { type } = node;
  const isBlock = type === Scalar.BLOCK_LITERAL || type === Scalar.BLOCK_FOLDED;
  if (type === undefined || (isBlock && !String(fresh.value).includes("\n"))) return;
  fresh.type = type;
}

const keyText = ({ key }: Pair): string => String((isScalar(key) ? key.value : key) ?? "");

function mergeMap(document: Document, map: YAMLMap, wanted: object): Node {
  const entries = new Map<string, unknown>(Object.entries(wanted));
  map.items = map.items.filter((pair) => entries.has(keyText(pair)));
  for (const pair of map.items) {
    const key = keyText(pair);
    pair.value = mergeNode(document, isNode(pair.value) ? pair.value : null, entries.get(key));
    entries.delete(key);
  }
  for (const [key, value] of entries)
    map.items.push(document.createPair(key, value) as Pair<unknown, unknown>);
  return map;
}

/** Items equal at the front and at the back stay; those between are taken for each other in order. */
function mergeSequence(document: Document, sequence: YAMLSeq, wanted: readonly unknown[]): Node {
  const nodes = sequence.items.map((item) => (isNode(item) ? item : (document.createNode(item) as Node)));
  const isSame = (node: Node | undefined, value: unknown): boolean =>
    node !== undefined && sameJson(node.toJS(document), value);
  const shorter = Math.min(nodes.length, wanted.length);
  let front = 0;
  while (front < shorter && isSame(nodes[front], wanted[front])) front += 1;
  let back = 0;
  while (back < shorter - front && isSame(nodes[nodes.length - 1 - back], wanted[wanted.length - 1 - back]))
    back += 1;
  const between = wanted.slice(front, wanted.length - back);
  const old = nodes.slice(front, nodes.length - back);
  sequence.items = [
    ...nodes.slice(0, front),
    ...between.map((value, index) => mergeNode(document, old[index] ?? null, value)),
    ...nodes.slice(nodes.length - back),
  ];
  return sequence;
}
