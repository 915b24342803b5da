/**
 * All records of Services as one tar file, and back: an entry a record, named `state/<key>`, its JSON the content (ADR 0149).
 * Source: Marathon v2, DELETE /v2/leader (contract marathon.md section 19.4).
 */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { isAbsolute, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { ArgumentInvalid } from "#domain/definitions/index.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { commitBytesMax, type Store } from "#foundation/store/index.ts";
import type { StoredRecord } from "../core/index.ts";

const folder = "state/";
const backupBytesMax = 1_073_741_824;
/** Records of one commit, in characters. */
const commitCharactersMax = commitBytesMax / 4;

/** The file that `backup` or `restore` names. Throws `ArgumentInvalid`. */
export function backupFile(parameter: string, uri: string): string {
  if (!uri.startsWith("file:///"))
    throw new ArgumentInvalid(`${parameter}: "${uri}" is not file:///…, which is all that is supported`);
  const path = fileURLToPath(uri);
  if (!isAbsolute(path) || normalize(path) !== path)
    throw new ArgumentInvalid(`${parameter}: ${path} is not the path of a file`);
  return path;
}

/** Throws `ArgumentInvalid` when it can't be written. */
export async function writeBackup(path: string, records: Iterable<StoredRecord>): Promise<void> {
  const { pack } = await import("tar-stream");
  const tar = pack();
  const part = `${path}.part`;
  const written = pipeline(tar, createWriteStream(part, { mode: 0o600 }));
  try {
    for (const { key, value } of records) tar.entry({ name: folder + key }, JSON.stringify(value));
    tar.finalize();
    await written;
    await rename(part, path);
  } catch (error) {
    tar.destroy();
    await written.catch(() => undefined);
    await rm(part, { force: true });
    throw new ArgumentInvalid(`backup: ${path} can't be written: ${errorMessage(error)}`);
  }
}

/** Throws `ArgumentInvalid` for what is no backup. */
export async function readBackup(path: string): Promise<readonly StoredRecord[]> {
  const { extract } = await import("tar-stream");
  try {
    if ((await stat(path)).size > backupBytesMax)
      throw new Error(`it is larger than ${backupBytesMax} bytes`);
    const records: StoredRecord[] = [];
    const tar = extract();
    const read = pipeline(createReadStream(path), tar);
    // What is wrong ends the reading of entries too, and is told there.
    read.catch(() => undefined);
    for await (const entry of tar) {
      const { name } = entry.header;
      if (!name.startsWith(folder)) throw new Error(`${name} is no record`);
      const pieces: Buffer[] = [];
      for await (const piece of entry) pieces.push(piece as Buffer);
      const value = JSON.parse(Buffer.concat(pieces).toString("utf8")) as JsonValue;
      records.push({ key: name.slice(folder.length), value });
    }
    await read;
    if (records.length === 0) throw new Error("there is no record in it");
    return records;
  } catch (error) {
    throw new ArgumentInvalid(`restore: ${path} is no backup: ${errorMessage(error)}`);
  }
}

/** Puts `records` in the place of all that are there. Ended in the middle it has to be done again. */
export async function replaceRecords(
  store: Store,
  present: readonly StoredRecord[],
  records: readonly StoredRecord[],
): Promise<void> {
  const kept = new Set(records.map(({ key }) => key));
  await store.commit(present.flatMap(({ key }) => (kept.has(key) ? [] : [{ kind: "delete", key } as const])));
  let batch: StoredRecord[] = [];
  let characters = 0;
  const commit = async (): Promise<void> => {
    await store.commit(batch.map(({ key, value }) => ({ kind: "put", key, value })));
    batch = [];
    characters = 0;
  };
  for (const record of records) {
    const length = JSON.stringify(record.value).length + record.key.length;
    if (batch.length > 0 && characters + length > commitCharactersMax) await commit();
    batch.push(record);
    characters += length;
  }
  await commit();
}
