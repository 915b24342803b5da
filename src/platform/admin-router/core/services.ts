/** Which address a name below `/service/` has. Source: contract platform.md section 1.3. */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

export interface ServiceEntry {
  readonly appId: string;
  /** `http://host:port`; undefined while no task of it runs. */
  readonly origin: string | undefined;
  /** False: it sees the whole path, `/service/…` included. */
  readonly rewrites: boolean;
  /** It asked for the visitor's token, and is then trusted like the console. */
  readonly isTrusted: boolean;
}

/** By the dotted, reversed form of names. */
export type ServiceTable = ReadonlyMap<string, ServiceEntry>;

export interface FrameworkEntry {
  readonly id: string;
  readonly name: string;
  /** Undefined when the framework told none; empty is another thing. */
  readonly webuiUrl: string | undefined;
}

export interface FrameworkTable {
  readonly byId: ReadonlyMap<string, FrameworkEntry>;
  readonly byName: ReadonlyMap<string, FrameworkEntry>;
}

/** The label with which a service asks for the visitor's token; see the ADR on what tasks serve. */
export const trustLabel = "KEELSON_SERVICE_AUTH";
const trustValue = "pass";
const segmentsMax = 10;

/** `/a/b/c` and `a/b/c` are `c.b.a`: names of services and of frameworks are compared in this form. */
export function dottedName(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "")
    .reverse()
    .join(".");
}

/** From `/v2/apps?embed=apps.tasks&label=DCOS_SERVICE_NAME`. An app that can't be used is left out, and only that one. */
export function serviceTable(apps: JsonValue): ServiceTable {
  const list = isJsonObject(apps) && Array.isArray(apps["apps"]) ? (apps["apps"] as JsonValue[]) : undefined;
  if (list === undefined) throw new Error("the answer has no list of apps");
  const table = new Map<string, ServiceEntry>();
  for (const app of list) {
    if (!isJsonObject(app)) continue;
    const name = dottedName(textAt(labelsOf(app), "DCOS_SERVICE_NAME") ?? "");
    const entry = name === "" ? undefined : labelledEntry(app);
    if (entry !== undefined) table.set(name, entry);
  }
  return table;
}

function labelledEntry(app: JsonObject): ServiceEntry | undefined {
  const labels = labelsOf(app);
  const scheme = textAt(labels, "DCOS_SERVICE_SCHEME");
  const portIndex = textAt(labels, "DCOS_SERVICE_PORT_INDEX") ?? "";
  if ((scheme !== "http" && scheme !== "https") || !/^\d{1,4}$/.test(portIndex)) return undefined;
  const address = addressOf(app, Number(portIndex));
  if (address.kind === "none") return undefined;
  return {
    appId: textAt(app, "id") ?? "",
    origin: address.kind === "notRunning" ? undefined : `${scheme}://${address.address}`,
    rewrites: String(labels["DCOS_SERVICE_REWRITE_REQUEST_URLS"]).toLowerCase() !== "false",
    isTrusted: labels[trustLabel] === trustValue,
  };
}

/** A service under its own name: any with a port, with or without labels. From `/v2/apps/<id>`. */
export function namedEntry(app: JsonObject): ServiceEntry | undefined {
  const labels = labelsOf(app);
  const index = textAt(labels, "DCOS_SERVICE_PORT_INDEX") ?? "0";
  const address = addressOf(app, /^\d{1,4}$/.test(index) ? Number(index) : 0);
  if (address.kind === "none") return undefined;
  const scheme = textAt(labels, "DCOS_SERVICE_SCHEME") === "https" ? "https" : "http";
  return {
    appId: textAt(app, "id") ?? "",
    origin: address.kind === "notRunning" ? undefined : `${scheme}://${address.address}`,
    rewrites: true,
    isTrusted: labels[trustLabel] === trustValue,
  };
}

type Address =
  | { readonly kind: "address"; readonly address: string }
  /** It moves, or waits: told as such, and never mistaken for a service that is not there. */
  | { readonly kind: "notRunning" }
  /** The port asked for does not exist. */
  | { readonly kind: "none" };

/** Of the first running task, by the network it is on. */
function addressOf(app: JsonObject, index: number): Address {
  const task = listOf(app["tasks"]).find((each) => each["state"] === "TASK_RUNNING");
  if (task === undefined) return { kind: "notRunning" };
  const address = addressOfTask(app, task, index);
  return address === undefined ? { kind: "none" } : { kind: "address", address };
}

function addressOfTask(app: JsonObject, task: JsonObject, index: number): string | undefined {
  const ports = Array.isArray(task["ports"]) ? (task["ports"] as JsonValue[]) : [];
  const [network] = listOf(app["networks"]);
  const container = app["container"];
  if (network?.["mode"] === "container" && isJsonObject(container)) {
    const mapping = listOf(container["portMappings"])[index];
    if (mapping === undefined) return undefined;
    const [address] = listOf(task["ipAddresses"]);
    const ip = address === undefined ? undefined : textAt(address, "ipAddress");
    return hostPort(ip, mapping["containerPort"] === 0 ? ports[index] : mapping["containerPort"]);
  }
  return hostPort(textAt(task, "host"), ports[index]);
}

/** The objects of a list; what is none of either is left out. */
const listOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as JsonValue[]).filter(isJsonObject) : [];

function hostPort(host: string | undefined, port: JsonValue | undefined): string | undefined {
  if (host === undefined || !/^[A-Za-z0-9._:-]+$/.test(host)) return undefined;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** From the master's `/state-summary`. */
export function frameworkTable(summary: JsonValue): FrameworkTable {
  const list = isJsonObject(summary) ? summary["frameworks"] : undefined;
  if (!Array.isArray(list)) throw new Error("the answer has no list of frameworks");
  const byId = new Map<string, FrameworkEntry>();
  const byName = new Map<string, FrameworkEntry>();
  for (const each of list as JsonValue[]) {
    if (!isJsonObject(each)) continue;
    const entry = {
      id: textAt(each, "id") ?? "",
      name: textAt(each, "name") ?? "",
      webuiUrl: textAt(each, "webui_url"),
    };
    byId.set(entry.id, entry);
    byName.set(dottedName(entry.name), entry);
  }
  return { byId, byName };
}

export type Resolution =
  | { readonly kind: "service"; readonly entry: ServiceEntry; readonly name: string; readonly rest: string }
  | {
      readonly kind: "framework";
      readonly name: string;
      readonly rest: string;
      readonly origin: string;
      /** Path of its web UI that comes before the rest, without a slash at the end. */
      readonly base: string;
    }
  /** A framework that told an empty address: it is at the first port of the service of its name, where one runs. */
  | {
      readonly kind: "byName";
      readonly name: string;
      readonly rest: string;
      readonly serviceId: string;
      /** How many parts of the path the name has: where to go on when no such service runs. */
      readonly parts: number;
    }
  | { readonly kind: "none" }
  /** A table that would have to be asked is not known: what comes after it must not be tried. */
  | { readonly kind: "unusable"; readonly what: string };

/** `path` is what follows `/service/`. Shorter names win; those of up to `tried` parts are known to lead nowhere. */
export function resolveService(
  path: string,
  services: ServiceTable | undefined,
  frameworks: FrameworkTable | undefined,
  tried = 0,
): Resolution {
  const parts = path.split("/").filter((part) => part !== "");
  for (let count = tried + 1; count <= Math.min(parts.length, segmentsMax); count += 1) {
    const name = parts.slice(0, count).join("/");
    const key = dottedName(decoded(name));
    const rest = restOf(path, parts.slice(0, count));
    if (key !== "marathon" && key !== "metronome") {
      if (services === undefined) return { kind: "unusable", what: "the list of services" };
      const entry = services.get(key);
      if (entry !== undefined) return { kind: "service", entry, name, rest };
    }
    if (frameworks === undefined) return { kind: "unusable", what: "the list of frameworks" };
    const framework = frameworks.byId.get(key) ?? frameworks.byName.get(key);
    if (framework === undefined) continue;
    if (framework.webuiUrl === "")
      return { kind: "byName", name, rest, serviceId: serviceIdOf(framework), parts: count };
    const address = framework.webuiUrl === undefined ? undefined : webAddress(framework.webuiUrl);
    if (address !== undefined) return { kind: "framework", name, rest, ...address };
  }
  return { kind: "none" };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A framework that Services runs has the name of its service, with slashes or without the first one. */
const serviceIdOf = ({ name }: FrameworkEntry): string =>
  `/${name
    .split("/")
    .filter((part) => part !== "")
    .join("/")}`;

/** What follows the name, with its slash: the bytes that came. */
function restOf(path: string, parts: readonly string[]): string {
  let at = 0;
  for (const part of parts) at = path.indexOf(part, at) + part.length;
  return path.slice(at) || "/";
}

function webAddress(given: string): { readonly origin: string; readonly base: string } | undefined {
  const match = /^(https?):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(\/[^?#]*)?$/i.exec(given);
  if (match === null) return undefined;
  const [, scheme = "", host = "", port, path = ""] = match;
  const number = port === undefined ? (scheme.toLowerCase() === "https" ? 443 : 80) : Number(port);
  if (number < 1 || number > 65_535) return undefined;
  return {
    origin: `${scheme.toLowerCase()}://${host}:${number}`,
    base: path === "/" ? "" : path.replace(/(?<!\/)\/+$/, ""),
  };
}

/** Addresses the door never asks for anybody: this is where clouds keep their secrets. */
export function isForbiddenOrigin(origin: string): boolean {
  const host = /^https?:\/\/(\[[^\]]+\]|[^:/]+)/.exec(origin)?.[1] ?? "";
  return /^169\.254\.|^0\.|^\[(?:::ffff:)?(?:169\.254\.|a9fe:|fe80:|::\])|^\[fd00:ec2::254\]|^metadata(\.|$)|^\d+$|^0x/i.test(
    host,
  );
}

const labelsOf = (app: JsonObject): JsonObject => {
  const labels = app["labels"];
  return isJsonObject(labels) ? labels : {};
};

function textAt(object: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;
}
