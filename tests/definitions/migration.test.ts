/** Public definitions moved in and out again: nothing is lost without a word, and what goes out comes back the same. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { podOf } from "#domain/definitions/pod.ts";
import { shownJob } from "#domain/jobs/index.ts";
import {
  definitionsOf,
  isRefusal,
  type Migration,
  marathonGroups,
  marathonJobs,
  readSource,
  translate,
} from "#domain/migration/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { differences } from "../../src/domain/migration/differences.ts";
import {
  type DefinitionFile,
  hasSharedDefinitions,
  ownDefinitions,
  sharedDefinitions,
} from "./definitions.ts";

const role = "slave_public";
const move = (content: JsonValue): Migration => translate(readSource([{ name: "file", content }]), { role });

const files: readonly DefinitionFile[] = [...ownDefinitions(), ...sharedDefinitions()];
const moved = files.flatMap(({ name, body }) => {
  const migration = move(body as JsonValue);
  return migration.services.length + migration.jobs.length === 0 ? [] : [{ name, body, migration }];
});

/** As `/v2/groups` shows services that run. */
function shownTree(services: readonly AppDefinition[]): JsonObject {
  const at = "2026-01-01T00:00:00.000Z";
  const stamped = services.map((definition) => ({
    ...definition,
    version: at,
    versionInfo: { lastScalingAt: at, lastConfigChangeAt: at },
  }));
  return {
    id: "/",
    apps: stamped
      .filter(({ pod }) => pod === undefined)
      .map((app) => ({ ...app, tasksRunning: 1, deployments: [] })),
    pods: stamped.flatMap((definition) => {
      const spec = podOf(definition);
      return spec === undefined ? [] : [{ id: definition.id, spec, status: "STABLE", instances: [] }];
    }),
    groups: [],
    dependencies: [],
    version: at,
    enforceRole: false,
  } as unknown as JsonObject;
}

describe("definitions that move", () => {
  it("are taken, or refused with the field, and each refusal is one of few reasons", () => {
    const findings = files.flatMap(({ body }) => move(body as JsonValue).findings);
    const refusals = findings.filter(isRefusal);
    const taken = moved.flatMap(({ migration }) => [...migration.services, ...migration.jobs]).length;
    console.log(
      `${files.length} files: ${taken} services and jobs taken, ${new Set(refusals.map(({ id }) => id)).size} refused`,
    );
    for (const { field, reason } of refusals) {
      expect(field).toMatch(/^\//);
      expect(reason).not.toBe("");
    }
    expect(taken).toBeGreaterThan(hasSharedDefinitions() ? 70 : 40);
  });

  it("keep every value, or say which they don't", () => {
    for (const { name, body, migration } of moved) {
      for (const { id, definition, kind } of migration.services) {
        const told = new Set(migration.findings.filter((each) => each.id === id).map(({ field }) => field));
        const given = givenService(body as JsonValue, id);
        if (given === undefined) continue;
        const kept = (kind === "pod" ? podOf(definition) : definition) as unknown as JsonObject;
        const untold = differences(given, kept).filter(({ field, was, now }) => {
          if (told.has(field)) return false;
          return !isOlderSpelling(field) && !(field === "/id" && String(now).endsWith(String(was)));
        });
        expect({ name, id, untold }).toEqual({ name, id, untold: [] });
      }
    }
  });

  it("come back the same from what is written for a Marathon", () => {
    expect(moved.length).toBeGreaterThan(40);
    for (const { name, migration } of moved) {
      const before = migration.services.map(({ definition }) => definition);
      const out = marathonGroups(shownTree(before), role);
      const back = move(out);
      expect({
        name,
        findings: back.findings.filter(
          ({ code }) => !["unresolvedName", "noEffect", "secret", "data", "firesTwice"].includes(code),
        ),
      }).toEqual({
        name,
        findings: [],
      });
      expect({ name, services: byId(back) }).toEqual({ name, services: byId(migration) });
      expect({
        name,
        again: marathonGroups(shownTree(back.services.map((each) => each.definition)), role),
      }).toEqual({
        name,
        again: out,
      });
    }
  });

  it("come back the same, whatever lies in which group", () => {
    const services = moved
      .flatMap(({ migration }) => migration.services)
      .filter(({ kind }) => kind === "app");
    const path = fc.array(fc.constantFrom("a", "b", "c-1", "d.e"), { minLength: 1, maxLength: 4 });
    const placed = fc.record({ group: path, index: fc.nat(services.length - 1), order: fc.nat() });
    fc.assert(
      fc.property(
        fc.uniqueArray(placed, {
          selector: ({ group, index }) => `${group.join("/")} ${index}`,
          maxLength: 8,
        }),
        (all) => {
          const definitions = all.map(({ group, index }) => ({
            ...(services[index]?.definition as AppDefinition),
            id: `/${group.join("/")}/s${index}`,
            dependencies: [`/${group.join("/")}`],
          }));
          const bodies = definitions.map((definition) => definition as unknown as JsonObject);
          const first = move(bodies);
          const tree = definitionsOf(first);
          // Oddly ordered: everything back to front.
          const second = move(reversed(tree));
          expect(byId(second)).toEqual(byId(first));
          expect(second.findings.filter(isRefusal)).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("that are jobs come back the same too", () => {
    const jobs = moved.flatMap(({ migration }) => migration.jobs);
    expect(jobs.length).toBeGreaterThan(hasSharedDefinitions() ? 3 : -1);
    for (const { parsed } of jobs) {
      const shown = shownJob(parsed.job, parsed.schedules, 1_700_000_000_000) as unknown as JsonObject;
      const [out] = marathonJobs([{ ...shown, historySummary: { successCount: 1 }, activeRuns: [] }]);
      const back = move(out ?? {});
      expect(back.findings.filter(isRefusal)).toEqual([]);
      expect(back.jobs.map((job) => job.parsed)).toEqual([parsed]);
    }
  });
});

const byId = ({ services }: Migration): ReadonlyMap<string, AppDefinition> =>
  new Map(services.map(({ id, definition }) => [id, definition]));

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return isOrderMeant(value) ? value : value.map(reversed).reverse();
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, key === "apps" || key === "groups" ? reversed(item ?? null) : item])
      .reverse(),
  ) as JsonObject;
}

const isOrderMeant = (value: readonly JsonValue[]): boolean => !value.every(isJsonObject);

/** Spellings of before, whose newer form is compared instead. */
const isOlderSpelling = (field: string): boolean =>
  /^\/(uris|ports|networks|ipAddress|version|container\/(type|docker\/(network|portMappings)))\b/.test(
    field,
  ) ||
  /^\/healthChecks\(\d+\)\/(delaySeconds|ignoreHttp1xx|ipProtocol)$/.test(field) ||
  /^\/(tasks(Running|Staged|Healthy|Unhealthy)?|deployments|versionInfo)\b/.test(field) ||
  /^\/constraints\(\d+\)\(1\)$/.test(field);

/** What a file says of one service, wherever it stands in it. */
function givenService(value: JsonValue, id: string, base = "/"): JsonObject | undefined {
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) {
      const found = givenService(item, id, base);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const path = typeof value["id"] === "string" ? absolute(base, value["id"]) : base;
  for (const field of ["apps", "groups"]) {
    const found = givenService(value[field] ?? null, id, path);
    if (found !== undefined) return found;
  }
  const isGroup = "apps" in value || "groups" in value;
  if (isGroup || path !== id) return undefined;
  const { dependencies: _dependencies, ...rest } = value;
  return rest;
}

const absolute = (base: string, id: string): string =>
  id.startsWith("/") ? id.replace(/\/+$/, "") : `${base === "/" ? "" : base}/${id}`.replace(/\/+$/, "");
