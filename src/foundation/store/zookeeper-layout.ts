/**
 * Where records live in ZooKeeper.
 *
 * A record `a/b` is the node `<root>/records/+a/=b`: `+` is a folder, `=` a value. A value never has
 * children, so that deleting it really deletes it and its creation id and version are ZooKeeper's own.
 * Folders stay when they are empty. Values of more than one part lie as `<root>/parts/<id>-<n>` and are
 * switched to by the small record that names them.
 */
import type { JsonValue } from "#foundation/base/json.ts";
import { storageFailed } from "./store.ts";

export interface PartsReference {
  readonly id: string;
  readonly parts: number;
}

export type StoredNode =
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "parts"; readonly reference: PartsReference };

const valueMark = "1:";
const partsMark = "1>";

export class ZooKeeperLayout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }
  get format(): string {
    return `${this.root}/format`;
  }
  get owner(): string {
    return `${this.root}/owner`;
  }
  get batch(): string {
    return `${this.root}/batch`;
  }
  /** Names the rest of a commit that is being applied; empty while there is none. */
  get pending(): string {
    return `${this.root}/pending`;
  }
  get records(): string {
    return `${this.root}/records`;
  }
  get parts(): string {
    return `${this.root}/parts`;
  }
  value(key: string): string {
    const names = key.split("/");
    const last = names.pop() ?? "";
    return [this.records, ...names.map((name) => `+${name}`), `=${last}`].join("/");
  }
  folder(prefix: string): string {
    if (prefix === "") return this.records;
    return [this.records, ...prefix.split("/").map((name) => `+${name}`)].join("/");
  }
  /** The folders a value needs, outermost first. */
  foldersOf(key: string): readonly string[] {
    const names = key.split("/").slice(0, -1);
    return names.map((_, index) => this.folder(names.slice(0, index + 1).join("/")));
  }
  part(id: string, index: number): string {
    return `${this.parts}/${id}-${index}`;
  }
}

export function encodeNode(json: string): Buffer {
  return Buffer.from(valueMark + json);
}

export function encodeReference(reference: PartsReference): Buffer {
  return Buffer.from(partsMark + JSON.stringify(reference));
}

/** Throws StorageFailed for what a newer version wrote. */
export function decodeNode(path: string, data: Buffer): StoredNode {
  const mark = data.toString("latin1", 0, 2);
  const text = data.toString("utf8", 2);
  if (mark === valueMark) return { kind: "value", value: JSON.parse(text) as JsonValue };
  if (mark === partsMark) return { kind: "parts", reference: JSON.parse(text) as PartsReference }; // ours
  throw storageFailed(`${path} has a format this version does not know`);
}
