/** F12: what a disk does to the files of a store. Cut off or changed anywhere, they have what was acknowledged or are refused. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRecordFile } from "./embedded-worker.ts";

const memory = "/dev/shm";
const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "keelson-record-file-"));
const program = "test";
/** As it was while a process had it open, and as it was left. */
const alive = join(folder, "alive.db");
const closed = join(folder, "closed.db");
const suffixes = ["", "-wal", ".pid"] as const;
const frameBytes = 24 + 4_096;
const refusal = /is empty or gone|is damaged|malformed|not a database|written by a newer version/;

const textOf = (index: number): string => `${index}${"x".repeat(700 + index)}`;
const records = Array.from({ length: 6 }, (_, index): [string, string] => [
  `agents/k${index}`,
  JSON.stringify(textOf(index)),
]);

function copy(from: string, to: string): void {
  for (const suffix of suffixes) {
    rmSync(to + suffix, { force: true });
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

beforeAll(() => {
  const path = join(folder, "store.db");
  const file = openRecordFile({ path, program });
  for (const [index, [key]] of records.entries())
    file.commit([
      { writes: [{ kind: "put", key, json: JSON.stringify(textOf(index)), bytes: 800 }], expect: [] },
    ]);
  copy(path, alive);
  file.close();
  copy(path, closed);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is read of it, or why it is refused. */
function read(path: string): readonly (readonly [string, string])[] | string {
  try {
    const file = openRecordFile({ path, program });
    try {
      return file.load("", "").rows;
    } finally {
      file.close();
    }
  } catch (error) {
    return String(error);
  }
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << (at % 8)), at);
  writeFileSync(path, bytes);
}

/** Every so many bytes, and each byte of what the log says of its frames. */
function positions(bytes: number, stride: number): readonly number[] {
  const all = new Set<number>();
  for (let at = 0; at < bytes; at += stride) all.add(at);
  for (let frame = 32; frame < bytes; frame += frameBytes)
    for (let at = frame - 2; at < frame + 26 && at < bytes; at += 1) all.add(at);
  return [...all].sort((one, other) => one - other);
}

describe("the files of a store", () => {
  const damaged = join(folder, "damaged.db");
  const logBytes = (): number => readFileSync(`${alive}-wal`).length;
  const fileBytes = (): number => readFileSync(closed).length;

  it("reliability.md§4#F12 with a log that is cut off at any byte have the commits before it, the more the later it is", () => {
    let known = 0;
    for (const at of positions(logBytes(), 509)) {
      copy(alive, damaged);
      truncateSync(`${damaged}-wal`, at);
      const found = read(damaged);
      if (typeof found === "string") expect([at, found]).toEqual([at, expect.stringMatching(refusal)]);
      else {
        expect([at, found]).toEqual([at, records.slice(0, found.length)]);
        expect(found.length).toBeGreaterThanOrEqual(known);
        known = found.length;
      }
    }
    // The last frame was never whole.
    expect(known).toBe(records.length - 1);
    copy(alive, damaged);
    expect(read(damaged)).toEqual(records);
  });

  it("reliability.md§4#F12 with a bit of the log flipped have commits as they were, up to some, or are refused", () => {
    for (const at of positions(logBytes(), 509)) {
      copy(alive, damaged);
      flip(`${damaged}-wal`, at);
      const found = read(damaged);
      if (typeof found === "string") expect([at, found]).toEqual([at, expect.stringMatching(refusal)]);
      else expect([at, found]).toEqual([at, records.slice(0, found.length)]);
    }
  });

  it("reliability.md§4#F12 cut off anywhere are refused", () => {
    for (let at = 0; at < fileBytes(); at += 67) {
      copy(closed, damaged);
      truncateSync(damaged, at);
      expect([at, read(damaged)]).toEqual([at, expect.stringMatching(refusal)]);
    }
  });

  it("reliability.md§4#F12 with a bit flipped anywhere are refused, or have all there was: never another value, never one less", () => {
    let refused = 0;
    for (let at = 0; at < fileBytes(); at += 23) {
      copy(closed, damaged);
      flip(damaged, at);
      const found = read(damaged);
      if (typeof found !== "string") expect([at, found]).toEqual([at, records]);
      else {
        expect([at, found]).toEqual([at, expect.stringMatching(refusal)]);
        refused += 1;
      }
    }
    // About a sixth of these small files is records; the rest is free.
    expect(refused).toBeGreaterThan(100);
  });

  it("reliability.md§4#F12 of the format before have their records, and checksums once they are written again", () => {
    const path = join(folder, "older.db");
    const database = new DatabaseSync(path);
    database.exec(
      "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;" +
        "INSERT INTO meta VALUES ('format', '1');" +
        "CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL, created INTEGER NOT NULL, version INTEGER NOT NULL);" +
        "INSERT INTO records VALUES ('a', '1', 1, 0), ('b', '2', 2, 0)",
    );
    database.close();
    const file = openRecordFile({ path, program });
    expect(file.load("", "").rows).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    file.commit([{ writes: [{ kind: "put", key: "b", json: "3", bytes: 1 }], expect: [] }]);
    file.close();
    const sums = new DatabaseSync(path);
    expect(
      sums.prepare("SELECT key, version, sum IS NULL AS bare FROM records ORDER BY key").all(),
    ).toMatchObject([
      { key: "a", version: 0, bare: 1 },
      { key: "b", version: 1, bare: 0 },
    ]);
    sums.exec("UPDATE records SET value = '4' WHERE key = 'b'");
    sums.close();
    expect(read(path)).toMatch(/the record b is damaged/);
  });
});
