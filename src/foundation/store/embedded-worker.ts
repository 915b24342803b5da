/**
 * The thread that owns the file of an embedded store. A slow disk blocks this thread and nobody else.
 *
 * It imports `node:*` and types only, so that it also runs where import conditions are not passed on.
 */
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { crc32 } from "node:zlib";
import type {
  CommitResults,
  EncodedCommit,
  GetResult,
  LoadPage,
  WorkerCall,
  WorkerFailure,
  WorkerReply,
  WorkerRequest,
  WorkerSettings,
} from "./embedded-protocol.ts";
import type { Expectation } from "./store.ts";

/** Format 1 had no checksums; its records have none until they are written again. */
const formatVersion = 2;
const pageBytes = 4 * 1024 * 1024;
/**
 * What SQLite may keep of its file in memory; it takes only what it reads. Its own 2 MiB are less than a registry of
 * 10,000 agents, and then most writes read the page first that they change.
 */
const cacheKib = 64 * 1024;

class OpenFailure extends Error {
  readonly reason: WorkerFailure["reason"];
  constructor(reason: WorkerFailure["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Opens with an exclusive lock that the kernel drops when the process dies, however it dies. The file must
 * not be opened and closed by other means meanwhile: closing any descriptor of it would drop the lock.
 */
function openDatabase({ path, program }: WorkerSettings): DatabaseSync {
  const isKnown = existsSync(ownerPath(path));
  createPrivateFile(path);
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE");
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${cacheKib}`);
    checkPages(database);
    database.exec("BEGIN IMMEDIATE");
    prepareTables(database, path, program, isKnown);
    database.exec("COMMIT");
  } catch (error) {
    database.close();
    if (isLockError(error)) throw new OpenFailure("InUse", `${path} is in use by ${describeOwner(path)}`);
    throw error instanceof OpenFailure ? error : new Error(`${path}: ${failureOf(error).message}`);
  }
  writeFileSync(ownerPath(path), `${process.pid}\n`, { mode: 0o600 });
  return database;
}

/** SQLite trusts its pages: what the disk changed in them would be read as something else, or as nothing. */
function checkPages(database: DatabaseSync): void {
  const [found] = database.prepare("PRAGMA integrity_check(1)").all();
  const verdict = String(found?.["integrity_check"]);
  if (verdict !== "ok") throw new Error(`the file is damaged (${verdict}); bring back a copy that is not`);
}

/** Who has it open, or had; it is there from the first time on that the file was a store. */
const ownerPath = (path: string): string => `${path}.pid`;

function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!exists) throw error;
  }
}

function prepareTables(database: DatabaseSync, path: string, program: string, isKnown: boolean): void {
  database.exec("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  const found = database.prepare("SELECT value FROM meta WHERE name = 'format'").get();
  if (found !== undefined && Number(found["value"]) > formatVersion) {
    const writer = database.prepare("SELECT value FROM meta WHERE name = 'program'").get();
    throw new OpenFailure(
      "NewerFormat",
      `${path} was written by a newer version (format ${found["value"]}, by ${writer?.["value"] ?? "unknown"}); ` +
        `this one reads up to format ${formatVersion}`,
    );
  }
  // An empty file would pass for a new store, and a cluster for one without agents and services.
  if (found === undefined && isKnown)
    throw new OpenFailure(
      "Failed",
      `${path} is empty or gone, and was a store: bring it back, or remove ${ownerPath(path)} to begin with nothing`,
    );
  database.exec(
    "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value TEXT NOT NULL, " +
      "created INTEGER NOT NULL, version INTEGER NOT NULL, sum INTEGER)",
  );
  if (found !== undefined && Number(found["value"]) === 1)
    database.exec("ALTER TABLE records ADD COLUMN sum INTEGER");
  const set = database.prepare(
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  set.run("format", String(formatVersion));
  set.run("program", program);
}

function isLockError(error: unknown): boolean {
  const sqliteBusy = 5;
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === sqliteBusy;
}

function describeOwner(path: string): string {
  try {
    return `process ${readFileSync(ownerPath(path), "utf8").trim()}`;
  } catch {
    return "another process";
  }
}

/** Opens or creates the file for this thread; throws what `failureOf` tells apart. */
export const openRecordFile = (settings: WorkerSettings): RecordFile =>
  new RecordFile(openDatabase(settings));

class RecordFile {
  readonly #database: DatabaseSync;
  readonly #sql;
  #created: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepare = (sql: string) => database.prepare(sql);
    this.#sql = {
      put: prepare(
        "INSERT INTO records VALUES (?, ?, ?, 0, ?) " +
          "ON CONFLICT DO UPDATE SET value = excluded.value, version = version + 1, sum = excluded.sum",
      ),
      remove: prepare("DELETE FROM records WHERE key = ?"),
      version: prepare("SELECT created, version FROM records WHERE key = ?"),
      get: prepare("SELECT value, created, version, sum FROM records WHERE key = ?"),
      range: prepare("SELECT key, value, sum FROM records WHERE key > ? AND key < ? ORDER BY key"),
      level: prepare(
        "SELECT substr(key, ?1) AS name FROM records WHERE key > ?2 AND key < ?3 " +
          "AND instr(substr(key, ?1), '/') = 0 ORDER BY key",
      ),
      saveCreated: prepare(
        "INSERT INTO meta VALUES ('created', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      ),
    };
    const saved = database.prepare("SELECT value FROM meta WHERE name = 'created'").get();
    this.#created = Number(saved?.["value"] ?? 0);
  }

  /** One transaction, one fsync, for the whole group; each commit is undone alone when it conflicts. */
  commit(commits: readonly EncodedCommit[]): CommitResults {
    const createdBefore = this.#created;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const results = commits.map((commit) => this.#applyOne(commit));
      if (this.#created !== createdBefore) this.#sql.saveCreated.run(String(this.#created));
      this.#database.exec("COMMIT");
      return results;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Expectations are looked at before anything is written, so that a conflict leaves nothing to undo. */
  #applyOne(commit: EncodedCommit): string | null {
    for (const expectation of commit.expect) {
      if (!this.#holds(expectation)) return expectation.key;
    }
    for (const write of commit.writes) {
      if (write.kind === "delete") {
        this.#sql.remove.run(write.key);
        continue;
      }
      this.#created += 1;
      this.#sql.put.run(write.key, write.json, this.#created, sumOf(write.key, write.json));
    }
    return null;
  }

  #holds({ key, version }: Expectation): boolean {
    const found = this.#sql.version.get(key);
    if (version === "absent") return found === undefined;
    return (
      found !== undefined &&
      String(found["created"]) === version.created &&
      Number(found["version"]) === version.version
    );
  }

  load(prefix: string, after: string): LoadPage {
    const [from, to] = rangeOf(prefix);
    const rows: [string, string][] = [];
    let bytes = 0;
    for (const row of this.#sql.range.iterate(after > from ? after : from, to)) {
      const key = String(row["key"]);
      const json = checked(key, row);
      rows.push([key, json]);
      bytes += key.length + json.length;
      if (bytes > pageBytes) return { rows, isLast: false };
    }
    return { rows, isLast: true };
  }

  get(key: string): GetResult | undefined {
    const found = this.#sql.get.get(key);
    if (found === undefined) return undefined;
    return {
      json: checked(key, found),
      created: String(found["created"]),
      version: Number(found["version"]),
    };
  }

  list(prefix: string): readonly string[] {
    const [from, to] = rangeOf(prefix);
    const nameAt = prefix === "" ? 1 : prefix.length + 2;
    return this.#sql.level.all(nameAt, from, to).map((row) => String(row["name"]));
  }

  close(): void {
    this.#database.close();
  }
}

const sumOf = (key: string, json: string): number => crc32(json, crc32(key));

/** The value of a row, when it is the one that was written. */
function checked(key: string, row: Readonly<Record<string, unknown>>): string {
  const json = String(row["value"]);
  if (row["sum"] !== null && row["sum"] !== sumOf(key, json))
    throw new Error(`the record ${key} is damaged; bring back a copy that is not`);
  return json;
}

/** Keys below a prefix lie strictly between these; `0` is the character after `/`, and keys are ASCII. */
function rangeOf(prefix: string): readonly [string, string] {
  return prefix === "" ? ["", "\x7f"] : [`${prefix}/`, `${prefix}0`];
}

function run(file: RecordFile, call: WorkerCall): unknown {
  switch (call.kind) {
    case "commit":
      return file.commit(call.commits);
    case "load":
      return file.load(call.prefix, call.after);
    case "get":
      return file.get(call.key);
    case "list":
      return file.list(call.prefix);
    case "close":
      return file.close();
  }
}

function failureOf(error: unknown): WorkerFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { message, reason: error instanceof OpenFailure ? error.reason : "Failed" };
}

function serve(port: NonNullable<typeof parentPort>, settings: WorkerSettings): void {
  const reply = (message: WorkerReply): void => port.postMessage(message);
  let file: RecordFile;
  try {
    file = openRecordFile(settings);
    reply({ id: 0, result: null });
  } catch (error) {
    reply({ id: 0, failure: failureOf(error) });
    return;
  }
  port.on("message", ({ id, call }: WorkerRequest) => {
    try {
      reply({ id, result: run(file, call) });
    } catch (error) {
      reply({ id, failure: failureOf(error) });
    }
    if (call.kind === "close") port.close();
  });
}

if (parentPort !== null) serve(parentPort, workerData as WorkerSettings); // made by embedded-store.ts
