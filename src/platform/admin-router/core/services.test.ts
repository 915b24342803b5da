import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import {
  dottedName,
  frameworkTable,
  isForbiddenOrigin,
  namedEntry,
  resolveService,
  serviceTable,
} from "./services.ts";

const labels = (fields: JsonObject = {}): JsonObject => ({
  DCOS_SERVICE_NAME: "web",
  DCOS_SERVICE_SCHEME: "http",
  DCOS_SERVICE_PORT_INDEX: "0",
  ...fields,
});
const aTask = (fields: JsonObject = {}): JsonObject => ({
  state: "TASK_RUNNING",
  host: "10.0.0.1",
  ports: [31000, 31001],
  ...fields,
});
const anApp = (fields: JsonObject = {}): JsonObject => ({
  id: "/web",
  labels: labels(),
  tasks: [aTask()],
  ...fields,
});
const originOf = (app: JsonValue): string | undefined => serviceTable({ apps: [app] }).get("web")?.origin;
const bridge = (containerPort: number): JsonObject => ({
  networks: [{ mode: "container", name: "n" }],
  container: { portMappings: [{ containerPort }] },
  tasks: [aTask({ ipAddresses: [{ ipAddress: "9.0.0.5" }] })],
});

describe("the table of services", () => {
  it.each([
    ["of the first port", anApp(), "http://10.0.0.1:31000"],
    ["of another port", anApp({ labels: labels({ DCOS_SERVICE_PORT_INDEX: "1" }) }), "http://10.0.0.1:31001"],
    ["by https", anApp({ labels: labels({ DCOS_SERVICE_SCHEME: "https" }) }), "https://10.0.0.1:31000"],
    ["of a container's own address", anApp(bridge(8080)), "http://9.0.0.5:8080"],
    ["of a container's port 0, which is the task's", anApp(bridge(0)), "http://9.0.0.5:31000"],
    [
      "of the first task that runs",
      anApp({ tasks: [aTask({ state: "TASK_STAGING", host: "x" }), aTask()] }),
      "http://10.0.0.1:31000",
    ],
    ["of an IPv6 host", anApp({ tasks: [aTask({ host: "fd00::1" })] }), "http://[fd00::1]:31000"],
  ])("has the address %s", (_name, app, expected) => {
    expect(originOf(app)).toBe(expected);
  });

  it.each([
    ["without a scheme", anApp({ labels: labels({ DCOS_SERVICE_SCHEME: "gopher" }) })],
    ["with an index that is no number", anApp({ labels: labels({ DCOS_SERVICE_PORT_INDEX: "first" }) })],
    ["with an index out of range", anApp({ labels: labels({ DCOS_SERVICE_PORT_INDEX: "7" }) })],
    ["with a negative index", anApp({ labels: labels({ DCOS_SERVICE_PORT_INDEX: "-1" }) })],
    ["that does not run", anApp({ tasks: [] })],
    ["on a container network without mappings", anApp({ ...bridge(1), container: {} })],
    ["with a host that is none", anApp({ tasks: [aTask({ host: "a/b@c" })] })],
    ["with labels that are none", anApp({ labels: "x" })],
    ["that is nothing", null],
  ])("leaves an app out %s, and only that one", (_name, app) => {
    expect(originOf(app)).toBeUndefined();
    const other = anApp({ id: "/other", labels: labels({ DCOS_SERVICE_NAME: "other" }) });
    expect(serviceTable({ apps: [app, other] }).has("other")).toBe(true);
  });

  it("is told by a label whether the path is kept, and whether the service is trusted", () => {
    for (const [value, rewrites] of [
      ["false", false],
      [false, false],
      ["no", true],
      [undefined, true],
    ] as const) {
      const given = value === undefined ? {} : { DCOS_SERVICE_REWRITE_REQUEST_URLS: value };
      expect(serviceTable({ apps: [anApp({ labels: labels(given) })] }).get("web")?.rewrites).toBe(rewrites);
    }
    for (const [value, isTrusted] of [
      ["pass", true],
      ["yes", false],
    ] as const)
      expect(
        serviceTable({ apps: [anApp({ labels: labels({ KEELSON_SERVICE_AUTH: value }) })] }).get("web")
          ?.isTrusted,
      ).toBe(isTrusted);
  });

  it("does not take an answer for a list that is none", () => {
    expect(() => serviceTable({ message: "no" })).toThrow("no list");
    expect(() => frameworkTable([])).toThrow("no list");
  });

  it("has a name without labels too", () => {
    expect(namedEntry(anApp({ labels: {} }))?.origin).toBe("http://10.0.0.1:31000");
    expect(namedEntry(anApp({ labels: {}, tasks: [aTask({ ports: [] })] }))).toBeUndefined();
  });

  it("knows an app that has no running task, so that it is not taken for one that is not there", () => {
    for (const tasks of [[], [aTask({ state: "TASK_STAGING" })]]) {
      expect(serviceTable({ apps: [anApp({ tasks })] }).get("web")).toMatchObject({
        appId: "/web",
        origin: undefined,
      });
      expect(namedEntry(anApp({ tasks }))).toMatchObject({ origin: undefined });
    }
  });
});

const service = (name: string, index: string): JsonObject =>
  anApp({ labels: labels({ DCOS_SERVICE_NAME: name, DCOS_SERVICE_PORT_INDEX: index }) });
const services = serviceTable({
  apps: [
    service("a/b/c", "0"),
    service("a/b2", "1"),
    service("marathon", "0"),
    service("both", "0"),
    service("/nest2/nest1/web", "0"),
  ],
});
const frameworks = frameworkTable({
  frameworks: [
    { id: "id-1", name: "spark", webui_url: "http://10.0.0.9:4040" },
    { id: "id-2", name: "/data/kafka", webui_url: "http://10.0.0.9:4041/base/" },
    { id: "id-3", name: "both", webui_url: "http://10.0.0.9:4042/" },
    { id: "id-4", name: "silent" },
    { id: "id-5", name: "odd", webui_url: "file:///etc/passwd" },
    { id: "id-6", name: "marathon", webui_url: "http://10.0.0.9:8080" },
    { id: "id-8", name: "/data/empty", webui_url: "" },
    { id: "id-9", name: "two", webui_url: "" },
    { id: "id-10", name: "two/parts", webui_url: "http://10.0.0.9:4043" },
    { id: "id-7", name: "plain", webui_url: "https://host.example" },
  ],
});
const brief = (path: string): string => {
  const resolved = resolveService(path, services, frameworks);
  if (resolved.kind === "service") return `${resolved.entry.origin} ${resolved.name} ${resolved.rest}`;
  if (resolved.kind === "framework") return `${resolved.origin} ${resolved.base}${resolved.rest}`;
  if (resolved.kind === "byName")
    return `service ${resolved.serviceId} ${resolved.rest}, ${resolved.parts} parts`;
  return resolved.kind;
};

describe("a name below /service", () => {
  it.each([
    ["a/b/c/x/y", "http://10.0.0.1:31000 a/b/c /x/y"],
    ["a/b/c", "http://10.0.0.1:31000 a/b/c /"],
    ["a/b2/c2", "http://10.0.0.1:31001 a/b2 /c2"],
    ["nest2/nest1/web/", "http://10.0.0.1:31000 nest2/nest1/web /"],
    ["spark/jobs", "http://10.0.0.9:4040 /jobs"],
    ["id-1/", "http://10.0.0.9:4040 /"],
    ["data/kafka/t", "http://10.0.0.9:4041 /base/t"],
    ["both/x", "http://10.0.0.1:31000 both /x"],
    ["marathon/x", "http://10.0.0.9:8080 /x"],
    ["plain/", "https://host.example:443 /"],
    ["data/empty/x", "service /data/empty /x, 2 parts"],
    ["id-8/x", "service /data/empty /x, 1 parts"],
    ["two/parts/x", "service /two /parts/x, 1 parts"],
    ["silent/x", "none"],
    ["odd/x", "none"],
    ["a/b", "none"],
    ["", "none"],
    ["constructor/x", "none"],
    ["__proto__/x", "none"],
  ])("%s is %s", (path, expected) => {
    expect(brief(path)).toBe(expected);
  });

  it("is not looked for in a lower table while a higher one is not known", () => {
    expect(resolveService("spark/x", undefined, frameworks).kind).toBe("unusable");
    expect(resolveService("both/x", services, undefined).kind).toBe("service");
    expect(resolveService("spark/x", services, undefined).kind).toBe("unusable");
    expect(resolveService("marathon/x", undefined, frameworks).kind).toBe("framework");
  });

  it("goes on with longer names when a shorter one leads nowhere", () => {
    const resolved = resolveService("two/parts/x", services, frameworks, 1);
    expect(resolved).toMatchObject({ kind: "framework", origin: "http://10.0.0.9:4043", rest: "/x" });
  });

  it("has at most ten parts", () => {
    const name = "a/b/c/d/e/f/g/h/i/j";
    const deep = serviceTable({ apps: [service(name, "0"), service(`${name}/k`, "0")] });
    expect(resolveService(`${name}/x`, deep, frameworks).kind).toBe("service");
    expect(resolveService(`b/${name}/k`, deep, frameworks).kind).toBe("none");
  });

  it("is written backwards with dots", () => {
    expect(dottedName("/a//b/c/")).toBe("c.b.a");
  });
});

describe("addresses that are never asked", () => {
  it.each([
    ["http://169.254.169.254:80", true],
    ["http://[::ffff:169.254.169.254]:80", true],
    ["http://[fe80::1]:80", true],
    ["http://0.0.0.0:80", true],
    ["http://2852039166:80", true],
    ["http://0xa9fea9fe:80", true],
    ["http://metadata.google.internal:80", true],
    ["http://10.0.0.1:80", false],
    ["http://127.0.0.1:31000", false],
    ["http://host.example:80", false],
  ])("%s: %s", (origin, expected) => {
    expect(isForbiddenOrigin(origin)).toBe(expected);
  });
});
