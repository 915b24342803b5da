/** YAML, one tree a document. The `yaml` package finds the mistakes and where they stand. Source: YAML 1.2. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseAllDocuments,
  type YAMLError,
} from "yaml";
import {
  depthMax,
  nodesMax,
  type SourceDocument,
  type SourceEntry,
  type SourceNode,
  type SyntaxFault,
} from "./source.ts";

type YamlDocument = Extract<ReturnType<typeof parseAllDocuments>, readonly unknown[]>[number];

export function readYaml(text: string): readonly SourceDocument[] {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: new LineCounter(),
      prettyErrors: false,
      uniqueKeys: true,
    });
    return Array.from(documents).map((document) => new YamlTree(document).read());
  } catch (error) {
    // The parser calls itself for each level: what it can't follow is deeper than any definition.
    if (!(error instanceof RangeError)) throw error;
    return [
      { root: undefined, faults: [{ code: "json.tooDeep", from: 0, to: 1, parameters: { max: depthMax } }] },
    ];
  }
}

class YamlTree {
  readonly #document: YamlDocument;
  readonly #faults: SyntaxFault[];
  #nodes = 0;

  constructor(document: YamlDocument) {
    this.#document = document;
    this.#faults = [...document.errors, ...document.warnings].map(faultOf);
  }

  read(): SourceDocument {
    const { contents } = this.#document;
    const root =
      contents === null || (isScalar(contents) && contents.value === null)
        ? undefined
        : this.#node(contents, 0);
    return { root, faults: this.#faults };
  }

  #node(given: ParsedNode | Node, depth: number): SourceNode {
    const [from = 0, to = from] = given.range ?? [];
    const node = isAlias(given) ? given.resolve(this.#document) : given;
    if (isAlias(given) && node === undefined)
      this.#faults.push({ code: "yaml.unknownAlias", from, to, parameters: { alias: given.source } });
    this.#nodes += 1;
    if (depth > depthMax || this.#nodes > nodesMax) {
      if (!this.#faults.some(({ code }) => code === "json.tooDeep"))
        this.#faults.push({ code: "json.tooDeep", from, to, parameters: { max: depthMax } });
      return { kind: "unreadable", from, to };
    }
    if (isMap(node))
      return { kind: "map", from, to, entries: node.items.map((pair) => this.#entry(pair, depth)) };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as Node, depth + 1));
      return { kind: "list", from, to, items };
    }
    const value = isScalar(node) ? node.value : undefined;
    if (
      value === null ||
      typeof value === "string" ||
      typeof value === "number" ||
      typeof value === "boolean"
    )
      return { kind: "scalar", value, from, to };
    return { kind: "unreadable", from, to };
  }

  #entry({ key, value }: Pair, depth: number): SourceEntry {
    // Pairs of a parsed document hold nodes, or null where nothing was written.
    const keyNode = key as Node | null;
    const [from = 0, to = from] = keyNode?.range ?? [];
    const name = isScalar(keyNode) ? String(keyNode.value) : "";
    const node = value as Node | null;
    return {
      key: name,
      keySpan: { from, to },
      value: node === null ? { kind: "scalar", value: null, from, to } : this.#node(node, depth + 1),
    };
  }
}

function faultOf({ code, message, pos: [from, to] }: YAMLError): SyntaxFault {
  return { code: `yaml.${code}`, from, to, parameters: { detail: message } };
}
