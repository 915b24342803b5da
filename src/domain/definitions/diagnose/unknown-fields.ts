/** Fields that no app has. The API lets them through; in a file they are mostly slips. */
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import type { SourceEntry, SourceNode } from "./source.ts";

export interface UnknownField {
  readonly path: string;
  readonly entry: SourceEntry;
  /** The field that may have been meant. */
  readonly similar: string | undefined;
}

const kinds = {
  app: explainField("app", "en"),
  group: explainField("group", "en"),
  pod: explainField("pod", "en"),
};
/** For editors; what GET shows and PUT takes back; what is refused as a whole. */
const tolerated = new Set([
  "$schema",
  ...["pods", "versionInfo", "containers", "deployments"],
  ...["tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy"],
]);

/** Of an app's or a group's tree. Where the schema leaves the form open, nothing is said. */
export function unknownFields(root: SourceNode, kind: "app" | "group" | "pod"): readonly UnknownField[] {
  const field = kinds[kind];
  return field === undefined ? [] : below(root, field, "");
}

function below(node: SourceNode, field: FieldDoc, path: string): readonly UnknownField[] {
  if (node.kind === "list")
    return node.items.flatMap((item, index) => below(item, field, `${path}(${index})`));
  if (node.kind !== "map" || field.children.length === 0) return [];
  const isMap = field.type.includes("map of");
  if (isMap && path !== "") {
    const inner = { ...field, type: field.type.replace("map of ", "") };
    return node.entries.flatMap(({ key, value }) => below(value, inner, `${path}/${key}`));
  }
  return node.entries.flatMap((entry) => {
    const known = field.children.find(({ name }) => name === entry.key);
    if (path === "" && tolerated.has(entry.key)) return [];
    // What is refused as a whole has fields that are documented when it is built.
    if (known !== undefined && known.since === undefined) return [];
    if (known !== undefined) return below(entry.value, known, `${path}/${entry.key}`);
    const similar = nearest(
      entry.key,
      field.children.map(({ name }) => name),
    );
    return [{ path: `${path}/${entry.key}`, entry, similar }];
  });
}

/** The name that takes the fewest letters to become `given`, when that is a third of them at most. */
function nearest(given: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(given.length / 3))
    ? best.name
    : undefined;
}

/** Levenshtein's distance, of short names. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 10) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let line = 1; line <= one.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= other.length; column += 1) {
      const change = (row[column - 1] ?? 0) + (one[line - 1] === other[column - 1] ? 0 : 1);
      next.push(Math.min(change, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
