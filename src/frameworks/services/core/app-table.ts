/** All apps with their history, as records. */

import type { AppDefinition } from "#domain/definitions/app.ts";
import { portsOf } from "#domain/definitions/ports.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { RecordInvalid, RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { type AppFacts, factsOf } from "./app-facts.ts";
import { type VersionLimit, versionsToForget } from "./app-history.ts";
import type { RoleUse } from "./framework-roles.ts";
import { encodeAppId } from "./ids.ts";
import { decodeOrigin, encodeOrigin, type Origin } from "./origin.ts";
import type { Turn } from "./turn.ts";
import type { TaskFailureJson } from "./views.ts";

export interface AppVersions {
  readonly version: InstantMs;
  readonly lastScalingAt: InstantMs;
  readonly lastConfigChangeAt: InstantMs;
}

export interface App {
  readonly id: string;
  /** With `version` and `versionInfo`. */
  definition: AppDefinition;
  facts: AppFacts;
  versions: AppVersions;
  /** Who made the present definition. */
  origin: Origin | undefined;
  /** Older definitions, oldest first. */
  readonly history: Map<InstantMs, AppVersion>;
  lastFailure: TaskFailureJson | undefined;
}

/** An older definition. */
export interface AppVersion {
  readonly definition: AppDefinition;
  readonly facts: AppFacts;
  readonly origin: Origin | undefined;
}

export interface PutOptions extends VersionLimit {
  readonly origin: Origin | undefined;
}

export class AppTable {
  readonly #apps = new Map<string, App>();
  readonly #servicePorts = new Map<number, number>();
  readonly #roles: RoleUse;
  #instances = 0;

  /** Counts who needs which role. */
  constructor(roles: RoleUse) {
    this.#roles = roles;
  }

  get size(): number {
    return this.#apps.size;
  }

  /** What all apps want together. */
  get instances(): number {
    return this.#instances;
  }

  get(appId: string): App | undefined {
    return this.#apps.get(appId);
  }

  all(): IterableIterator<App> {
    return this.#apps.values();
  }

  isServicePortUsed(port: number): boolean {
    return this.#servicePorts.has(port);
  }

  /** Stores a definition as the current one; the one before goes into the history. */
  put(turn: Turn, definition: AppDefinition, versions: AppVersions, options: PutOptions): App {
    const { id } = definition;
    const before = this.#apps.get(id);
    const stamped: AppDefinition = {
      ...definition,
      version: formatInstant(versions.version),
      versionInfo: {
        lastScalingAt: formatInstant(versions.lastScalingAt),
        lastConfigChangeAt: formatInstant(versions.lastConfigChangeAt),
      },
    };
    const app: App = {
      id,
      definition: stamped,
      facts: factsOf(stamped),
      versions,
      // A version that comes back is still the work of who made it first.
      origin: before?.history.get(versions.version)?.origin ?? options.origin,
      history: before?.history ?? new Map(),
      lastFailure: before?.lastFailure,
    };
    if (before !== undefined) {
      this.#unindex(before);
      const { definition: older, facts, origin } = before;
      app.history.set(before.versions.version, { definition: older, facts, origin });
      turn.put(versionKey(id, before.versions.version), encodeVersion(older, origin));
    }
    // A definition that comes back is the current one, not history.
    if (app.history.delete(versions.version)) turn.delete(versionKey(id, versions.version));
    this.#index(app);
    turn.put(appKey(id), encodeVersion(stamped, app.origin));
    this.#dropOldVersions(turn, app, options);
    return app;
  }

  remove(turn: Turn, app: App): void {
    this.#unindex(app);
    this.#apps.delete(app.id);
    turn.delete(appKey(app.id));
    for (const version of app.history.keys()) turn.delete(versionKey(app.id, version));
    if (app.lastFailure !== undefined) turn.delete(failureKey(app.id));
  }

  setLastFailure(turn: Turn, app: App, failure: TaskFailureJson): void {
    app.lastFailure = failure;
    turn.put(failureKey(app.id), { format: recordFormat, ...failure });
  }

  /** The definition an instance was launched from, as far as it is still known. */
  versionOf(
    app: App,
    version: InstantMs,
  ): { readonly definition: AppDefinition; readonly facts: AppFacts } | undefined {
    return version === app.versions.version ? app : app.history.get(version);
  }

  restoreApp(key: string, value: JsonValue): void {
    const definition = decodeDefinition(key, value);
    const versions = versionsOf(key, definition);
    this.#index({
      id: definition.id,
      definition,
      facts: factsOf(definition),
      versions,
      origin: originIn(value),
      history: new Map(),
      lastFailure: undefined,
    });
  }

  /** A version whose app is gone is left over from a crash between two commits: there are none, but it does no harm. */
  restoreVersion(key: string, value: JsonValue): void {
    const definition = decodeDefinition(key, value);
    const app = this.#apps.get(definition.id);
    app?.history.set(versionsOf(key, definition).version, {
      definition,
      facts: factsOf(definition),
      origin: originIn(value),
    });
  }

  restoreFailure(key: string, value: JsonValue): void {
    const record = new RecordReader(key, value);
    const app = this.#apps.get(record.text("appId"));
    const slaveId = record.optionalText("slaveId");
    if (app === undefined) return;
    app.lastFailure = {
      appId: record.text("appId"),
      host: record.text("host"),
      message: record.text("message"),
      state: record.text("state"),
      taskId: record.text("taskId"),
      timestamp: record.text("timestamp"),
      version: record.text("version"),
      ...(slaveId === undefined ? {} : { slaveId }),
    };
  }

  /** Histories are read in the order of their keys; decisions want them by time. */
  sortHistories(): void {
    for (const app of this.#apps.values()) {
      const sorted = [...app.history].sort(([one], [other]) => one - other);
      app.history.clear();
      for (const [version, entry] of sorted) app.history.set(version, entry);
    }
  }

  snapshot(): JsonValue {
    return [...this.#apps.values()].map((app) => ({
      definition: jsonOf(app.definition),
      history: [...app.history.keys()],
      lastFailure: app.lastFailure === undefined ? null : { ...app.lastFailure },
    }));
  }

  check(): readonly string[] {
    const problems: string[] = [];
    for (const app of this.#apps.values()) {
      if (app.versions.lastConfigChangeAt > app.versions.version) {
        problems.push(`app ${app.id} was configured after its version`);
      }
    }
    return problems;
  }

  #index(app: App): void {
    this.#instances += app.definition.instances;
    this.#apps.set(app.id, app);
    if (app.definition.role !== undefined) this.#roles.add(app.definition.role);
    for (const port of servicePortsOf(app.definition)) {
      if (port !== 0) this.#servicePorts.set(port, (this.#servicePorts.get(port) ?? 0) + 1);
    }
  }

  #unindex(app: App): void {
    this.#instances -= app.definition.instances;
    if (app.definition.role !== undefined) this.#roles.remove(app.definition.role);
    for (const port of servicePortsOf(app.definition)) decrement(this.#servicePorts, port);
  }

  #dropOldVersions(turn: Turn, app: App, limit: VersionLimit): void {
    for (const version of versionsToForget(app, limit)) {
      app.history.delete(version);
      turn.delete(versionKey(app.id, version));
    }
  }
}

export function servicePortsOf(definition: AppDefinition): readonly number[] {
  return portsOf(definition).map(({ servicePort }) => servicePort);
}

function decrement<Key>(counts: Map<Key, number>, key: Key): void {
  const count = counts.get(key);
  if (count === undefined) return;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}

export function appKey(appId: string): string {
  return `apps/${encodeAppId(appId)}`;
}

function versionKey(appId: string, version: InstantMs): string {
  return `app-versions/${encodeAppId(appId)}/${version}`;
}

function failureKey(appId: string): string {
  return `task-failures/${encodeAppId(appId)}`;
}

/** A definition is JSON by construction; its type only lacks the index signature. */
function jsonOf(definition: AppDefinition): JsonObject {
  return definition as unknown as JsonObject;
}

export function encodeDefinition(definition: AppDefinition): JsonObject {
  return { format: recordFormat, definition: jsonOf(definition) };
}

function encodeVersion(definition: AppDefinition, origin: Origin | undefined): JsonObject {
  return { ...encodeDefinition(definition), origin: encodeOrigin(origin) };
}

function originIn(value: JsonValue): Origin | undefined {
  return isJsonObject(value) ? decodeOrigin(value["origin"]) : undefined;
}

export function decodeDefinition(key: string, value: JsonValue): AppDefinition {
  const definition = new RecordReader(key, value).value("definition");
  if (definition === undefined || !isJsonObject(definition) || typeof definition["id"] !== "string") {
    throw new RecordInvalid(key, "holds no definition");
  }
  // Written by this or an earlier build from a validated definition.
  return definition as unknown as AppDefinition;
}

/** What a stored definition says of its versions. Throws RecordInvalid when it says nothing. */
export function versionsOf(key: string, definition: AppDefinition): AppVersions {
  const read = (text: string | undefined): InstantMs => {
    const at = text === undefined ? undefined : parseInstant(text);
    if (at === undefined) throw new RecordInvalid(key, `${text} is not a version`);
    return at;
  };
  return {
    version: read(definition.version),
    lastScalingAt: read(definition.versionInfo?.lastScalingAt),
    lastConfigChangeAt: read(definition.versionInfo?.lastConfigChangeAt),
  };
}
