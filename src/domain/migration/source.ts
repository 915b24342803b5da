/**
 * Apps, pods, groups and jobs in whatever holds them: answers of `/v2/groups`, `/v2/apps`, `/v2/pods` and `/v1/jobs`, lists,
 * single definitions, or several of these. Nothing is judged here but what kind of thing it is.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { pathWithin } from "../definitions/normalize.ts";
import type { Finding } from "./finding.ts";

export interface SourceService {
  /** Absolute path. */
  readonly id: string;
  readonly kind: "app" | "pod";
  /** As it was given, without nulls. */
  readonly body: JsonObject;
  /** Group that its relative paths start from. */
  readonly base: string;
}

export interface SourceGroup {
  readonly id: string;
  /** Absolute paths. */
  readonly dependencies: readonly string[];
  readonly enforcesRole: boolean;
}

export interface SourceJob {
  readonly id: string;
  readonly body: JsonObject;
}

export interface Source {
  readonly groups: ReadonlyMap<string, SourceGroup>;
  readonly services: ReadonlyMap<string, SourceService>;
  readonly jobs: ReadonlyMap<string, SourceJob>;
  readonly findings: readonly Finding[];
}

/** One file or answer. */
export interface SourceFile {
  readonly name: string;
  readonly content: JsonValue;
}

export function readSource(files: readonly SourceFile[]): Source {
  const reader = new SourceReader();
  for (const { name, content } of files) reader.read(content, { file: name, base: "/", depth: 0 });
  return reader;
}

interface Place {
  readonly file: string;
  readonly base: string;
  readonly depth: number;
}

/** Deeper than any path of groups can be. */
const depthMax = 200;
/** What a group may say that has neither apps nor groups. */
const groupFields = new Set(["id", "dependencies", "version", "enforceRole", "pods"]);

class SourceReader implements Source {
  readonly groups = new Map<string, SourceGroup>();
  readonly services = new Map<string, SourceService>();
  readonly jobs = new Map<string, SourceJob>();
  readonly findings: Finding[] = [];

  read(value: JsonValue, place: Place): void {
    if (place.depth > depthMax) return this.#unreadable(place);
    const inside = { ...place, depth: place.depth + 1 };
    if (Array.isArray(value)) {
      for (const item of value as readonly JsonValue[]) this.read(item, inside);
      return;
    }
    if (!isJsonObject(value)) return this.#unreadable(place);
    const { app, spec, groups, jobs } = value;
    if (isJsonObject(value["run"])) return this.#addJob(value, place);
    if (isJsonObject(app) && value["id"] === undefined) return this.read(app, inside);
    if (isJsonObject(spec) && "containers" in spec) return this.read(spec, inside);
    if (Array.isArray(value["*"])) return this.read(value["*"], inside);
    // Both files that an export writes, in one.
    if (Array.isArray(jobs) || isJsonObject(groups)) {
      for (const part of [groups, jobs]) if (part !== undefined && part !== null) this.read(part, inside);
      return;
    }
    if ("containers" in value) return this.#addService("pod", value, place);
    if (isGroup(value)) return this.#addGroup(value, place);
    return this.#addService("app", value, place);
  }

  #addGroup(group: JsonObject, place: Place): void {
    const { id = "", dependencies } = group;
    if (typeof id !== "string") return this.#unreadable(place);
    const groupId = id === "" ? place.base : pathWithin(place.base, id);
    const known = this.groups.get(groupId);
    this.groups.set(groupId, {
      id: groupId,
      dependencies: [
        ...new Set([
          ...(known?.dependencies ?? []),
          ...texts(dependencies).map((path) => pathWithin(groupId, path)),
        ]),
      ],
      enforcesRole: known?.enforcesRole === true || group["enforceRole"] === true,
    });
    const inside = { ...place, base: groupId, depth: place.depth + 1 };
    for (const field of ["apps", "pods", "groups"]) {
      const list = group[field];
      if (Array.isArray(list)) this.read(list, inside);
    }
  }

  #addService(kind: SourceService["kind"], given: JsonObject, place: Place): void {
    const { id } = given;
    if (typeof id !== "string" || id === "") return this.#unreadable(place);
    const path = pathWithin(place.base, id);
    if (this.services.has(path)) return this.#doubled("service", path);
    this.services.set(path, { id: path, kind, body: bare(given), base: place.base });
  }

  #addJob(given: JsonObject, place: Place): void {
    const { id } = given;
    if (typeof id !== "string" || id === "") return this.#unreadable(place);
    if (this.jobs.has(id)) return this.#doubled("job", id);
    this.jobs.set(id, { id, body: bare(given) });
  }

  #unreadable({ file }: Place): void {
    this.findings.push({ kind: "file", id: file, code: "unreadable" });
  }

  /** The same pod stands in its group and in the list of pods: only what differs is worth a word. */
  #doubled(kind: "service" | "job", id: string): void {
    this.findings.push({ kind, id, code: "doubled" });
  }
}

function isGroup(value: JsonObject): boolean {
  if (Array.isArray(value["apps"]) || Array.isArray(value["groups"])) return true;
  return typeof value["id"] === "string" && Object.keys(value).every((name) => groupFields.has(name));
}

const texts = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

/** A field that is null is one that was not given. */
function bare(value: JsonObject): JsonObject {
  return withoutNulls(value) as JsonObject;
}

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === null || item === undefined ? [] : [[key, withoutNulls(item)]],
    ),
  );
}
