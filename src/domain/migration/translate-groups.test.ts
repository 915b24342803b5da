import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import {
  dependencyFindings,
  isRefusal,
  portFindings,
  readSource,
  translate,
  withoutClashes,
} from "./index.ts";

const role = "slave_public";
const move = (content: JsonValue) => translate(readSource([{ name: "groups.json", content }]), { role });
const small = {
  cmd: "sleep 1000",
  cpus: 0.1,
  mem: 32,
  maxLaunchDelaySeconds: 300,
  unreachableStrategy: "disabled",
};

describe("roles", () => {
  it("are those that a group enforces, there or here", () => {
    const group = { id: "/dev", apps: [{ id: "/dev/a", ...small, role }] };
    const source = readSource([{ name: "groups.json", content: { id: "/", groups: [group] } }]);
    const { services, findings } = translate(source, { role, enforcesRole: (top) => top === "/dev" });
    expect(services[0]?.definition.role).toBe("dev");
    expect(findings).toContainEqual(
      expect.objectContaining({ id: "/dev/a", code: "changed", was: role, now: "dev" }),
    );
  });
});

describe("paths that are taken", () => {
  const nobody = { apps: new Set<string>(), pods: new Set<string>(), groups: new Set(["/"]) };
  const app = (id: string) => ({ id, ...small });
  it.each<[string, JsonValue, Partial<typeof nobody>, readonly string[], readonly string[]]>([
    ["by nothing", [app("/a"), app("/g/b")], {}, ["/a", "/g/b"], []],
    ["by the same app", [app("/a")], { apps: new Set(["/a"]) }, ["/a"], []],
    ["by a pod", [app("/a"), app("/b")], { pods: new Set(["/a"]) }, ["/b"], ["/a"]],
    ["by a group", [app("/a")], { groups: new Set(["/", "/a"]) }, [], ["/a"]],
    ["by an app above it", [app("/g/x/a"), app("/h")], { apps: new Set(["/g"]) }, ["/h"], ["/g/x/a"]],
    ["by one that comes along", [app("/a"), app("/a/b"), app("/c")], {}, ["/c"], ["/a", "/a/b"]],
    ["of a group by an app", { id: "/", groups: [{ id: "/e" }] }, { apps: new Set(["/e"]) }, [], ["/e"]],
  ])("%s", (_name, given, taken, ids, refused) => {
    const { services, groups, findings } = withoutClashes(move(given), { ...nobody, ...taken });
    expect(services.map(({ id }) => id)).toEqual(ids);
    expect(findings.filter(isRefusal).map(({ id }) => id)).toEqual(refused);
    expect(groups.filter(({ id }) => refused.includes(id))).toEqual([]);
  });
});

describe("services among each other", () => {
  it("share service ports only with a word", () => {
    const port = (id: string, number: number) => ({ id, ...small, portDefinitions: [{ port: number }] });
    const { services } = move([port("/a", 10_000), port("/b", 10_000), port("/c", 10_001), port("/d", 0)]);
    expect(portFindings(services, new Map([[10_001, "/there"]]))).toEqual([
      expect.objectContaining({ id: "/b", code: "servicePortShared", was: 10_000, reason: "/a" }),
      expect.objectContaining({ id: "/c", code: "servicePortShared", was: 10_001, reason: "/there" }),
    ]);
    expect(portFindings(services, new Map([[10_001, "/c"]])).map(({ id }) => id)).toEqual(["/b"]);
  });

  it("wait for nothing that is neither there nor comes along", () => {
    const migration = move([
      { id: "/g/a", ...small, dependencies: ["b", "/there", "/gone", "/g"] },
      { id: "/g/b", ...small },
    ]);
    const found = dependencyFindings(migration, (id) => id === "/there" || id === "/b");
    expect(found).toEqual([expect.objectContaining({ id: "/g/a", code: "dependencyMissing", was: "/gone" })]);
  });
});
