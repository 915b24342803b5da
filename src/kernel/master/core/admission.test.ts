import { describe, expect, it } from "vitest";
import { MasterBench } from "../testing.ts";

const inRole = (role: string) => ({ roles: [role], capabilities: [{ type: "MULTI_ROLE" as const }] });

describe("a master that wants some roles only", () => {
  it("takes frameworks and quota of these and of *, and says so of others", () => {
    const bench = new MasterBench({ roles: ["web"] });
    for (const role of ["web", "*"]) expect(bench.framework(role, inRole(role))).not.toBe("");
    bench.framework("other", inRole("other"));
    expect(bench.events("other").map(({ type, error }) => [type, error?.message])).toEqual([
      ["ERROR", "role other is none of those of this master (--roles)"],
    ]);
    const quota = (role: string) => {
      bench.do({
        kind: "quotaAsked",
        request: 1,
        change: { kind: "update", configs: [{ role, limits: { cpus: { value: 1 } } }], force: false },
      });
      const reply = bench.effects.findLast(({ kind }) => kind === "reply");
      return reply?.kind === "reply" ? reply.problem : undefined;
    };
    expect(quota("web")).toBeUndefined();
    expect(quota("other")).toContain("role other is none of those of this master");
    const id = bench.framework("web2", inRole("web"));
    bench.do({
      kind: "frameworkUpdateAsked",
      request: 2,
      frameworkId: id,
      update: {
        framework_info: { user: "u", name: "web2", checkpoint: true, failover_timeout: 100, ...inRole("x") },
      },
    });
    expect(bench.effects.findLast(({ kind }) => kind === "reply")).toHaveProperty("problem");
    expect(bench.core.check()).toEqual([]);
  });
});

describe("a master that has as many frameworks as it takes", () => {
  it("refuses one more, knows those it has, and takes one again when one is gone", () => {
    const bench = new MasterBench({ frameworksMax: 2 });
    const [one] = ["one", "two"].map((name) => bench.framework(name));
    bench.framework("three");
    expect(bench.events("three")[0]?.error?.message).toContain("This master has 2 frameworks");
    expect(bench.framework("one again", { id: { value: one ?? "" } })).toBe(one);
    bench.do({ kind: "teardownAsked", request: 1, frameworkId: one ?? "" });
    expect(bench.framework("four")).not.toBe("");
    expect(bench.core.check()).toEqual([]);
  });
});
