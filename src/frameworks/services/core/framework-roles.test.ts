/** Services in several roles: what the master is told of them, and whose offers they take. */
import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import type { RequestResult } from "./effects.ts";
import type { GroupChange } from "./group-changes.ts";
import type { ServicesPolicy } from "./policy.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const small = (id: string, role: string, fields: Partial<AppDefinition> = {}): AppDefinition =>
  anApp({ id, role, cpus: 0.5, mem: 16, ...fields });

const kept: Partial<AppDefinition> = {
  container: {
    type: "MESOS",
    volumes: [{ containerPath: "data", mode: "RW", persistent: { type: "root", size: 10 } }],
  },
  upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 },
  unreachableStrategy: "disabled",
};

class Roles {
  readonly world: World;

  constructor(policy: Partial<ServicesPolicy> = {}) {
    this.world = World.started({ policy: { role: "prod", ...policy } });
  }

  put(definitions: readonly AppDefinition[], { force = false } = {}): RequestResult | undefined {
    const request = this.world.ask((number) => ({
      kind: "changeApps",
      request: number,
      upserts: definitions.map((definition) => ({ definition, expect: "any" as const })),
      removals: [],
      force,
    }));
    return this.world.replies.get(request);
  }

  group(groupId: string, change: GroupChange): RequestResult | undefined {
    const request = this.world.ask((number) => ({
      kind: "changeGroup",
      request: number,
      groupId,
      change,
      force: true,
      isDryRun: false,
    }));
    return this.world.replies.get(request);
  }

  remove(...appIds: readonly string[]): void {
    this.world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [],
      removals: appIds,
      force: true,
    }));
  }

  /** Calls of this kind that were made meanwhile. */
  calls(type: FrameworkCall["type"], during: () => void): readonly FrameworkCall[] {
    const heard = this.world.master.calls.length;
    during();
    return this.world.master.calls.slice(heard).filter((call) => call.type === type);
  }

  get tasks(): readonly string[] {
    return this.world.master.alive().map(({ info, role }) => `${info.name} as ${role}`);
  }
}

const rolesToldBy = (calls: readonly FrameworkCall[]) =>
  calls.map(({ update_framework: update }) => update?.framework_info.roles);

describe("the roles of the framework", () => {
  it("are its own at first, and that of a service from the step on that defines it", () => {
    const roles = new Roles();
    expect(roles.world.master.roles).toEqual(["prod"]);
    const calls = roles.calls("UPDATE_FRAMEWORK", () =>
      roles.put([small("/live/a", "live"), small("/stage/b", "stage"), small("/c", "prod")]),
    );
    expect(calls).toMatchObject([
      {
        update_framework: {
          framework_info: {
            id: { value: "framework-1" },
            name: "marathon",
            roles: ["prod", "live", "stage"],
            capabilities: expect.arrayContaining([{ type: "MULTI_ROLE" }]),
          },
        },
      },
    ]);
    roles.world.live(3_000);
    expect([...roles.tasks].sort()).toEqual(["a.live as live", "b.stage as stage", "c as prod"]);
    expect(roles.world.problems()).toEqual([]);
  });

  it("are told before anything is asked for in them", () => {
    const roles = new Roles();
    roles.world.pass(5_000);
    const heard = roles.world.master.calls.length;
    roles.put([small("/live/a", "live")]);
    const kinds = roles.world.master.calls.slice(heard).map(({ type }) => type);
    expect(kinds.slice(0, 2)).toEqual(["UPDATE_FRAMEWORK", "REVIVE"]);
    // What is suppressed in others stays so.
    expect(roles.world.master.calls[heard]?.update_framework?.suppressed_roles).toEqual(["prod"]);
  });

  it("are left when the last of a service is gone, and not before", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "live", { instances: 2 })]);
    roles.world.live(3_000);
    const { agents } = roles.world.master;
    for (const agent of agents) agent.isReachable = false;
    roles.remove("/live/a");
    roles.world.live(2_000);
    expect(roles.world.master.roles, "its tasks can't be ended yet").toEqual(["prod", "live"]);
    for (const agent of agents) agent.isReachable = true;
    roles.world.live(60_000);
    expect(roles.world.master.roles).toEqual(["prod"]);
    expect(roles.world.problems()).toEqual([]);
  });

  it("are not told again when they are the same", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "live")]);
    const calls = roles.calls("UPDATE_FRAMEWORK", () => {
      roles.world.live(5_000);
      roles.put([small("/live/a", "live", { instances: 3 }), small("/live/b", "live")]);
      roles.world.live(5_000);
      roles.remove("/live/b");
      roles.world.live(5_000);
    });
    expect(calls).toEqual([]);
  });

  it("are told again when the call got lost", () => {
    const roles = new Roles();
    roles.world.callsToLose = 1;
    roles.put([small("/live/a", "live")]);
    roles.world.drain();
    const calls = roles.calls("UPDATE_FRAMEWORK", () => roles.world.pass(6_000));
    expect(rolesToldBy(calls)).toEqual([["prod", "live"]]);
    roles.world.live(3_000);
    expect(roles.tasks).toEqual(["a.live as live"]);
  });

  it("are those of what is stored when a new process subscribes", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "live")]);
    roles.world.live(3_000);
    const calls = roles.calls("UPDATE_FRAMEWORK", () => {
      roles.world.crash();
      roles.world.live(3_000);
    });
    expect(calls).toEqual([]);
    expect(roles.world.master.roles).toEqual(["prod", "live"]);
  });

  it("are told after a subscription that knew of others", () => {
    const roles = new Roles();
    roles.world.master.disconnect();
    roles.world.drain();
    roles.put([small("/live/a", "live")]);
    roles.world.master.subscribedRoles = () => ["prod"];
    const calls = roles.calls("UPDATE_FRAMEWORK", () => {
      roles.world.master.connect();
      roles.world.drain();
    });
    expect(rolesToldBy(calls)).toEqual([["prod", "live"]]);
  });
});

describe("a role", () => {
  it("in which nothing waits is suppressed by itself, and asked for by itself", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "live"), small("/b", "prod")]);
    const idle = roles.calls("SUPPRESS", () => roles.world.live(5_000));
    expect(idle.flatMap(({ suppress }) => suppress?.roles ?? []).sort()).toEqual(["live", "prod"]);
    const asked = roles.calls("REVIVE", () => roles.put([small("/b", "prod", { instances: 2 })]));
    expect(asked).toMatchObject([{ revive: { roles: ["prod"] } }]);
  });

  it("that gets no offers does not keep those of others", () => {
    const roles = new Roles();
    // Each agent is offered to one role at a time, and the first role wants more than there is.
    roles.put([
      small("/live/big", "live", { cpus: 100, instances: 50 }),
      small("/b", "prod", { instances: 2 }),
    ]);
    roles.world.live(10_000);
    expect(roles.tasks).toEqual(["b as prod", "b as prod"]);
    const [item] = roles.world.core.queries.queue(roles.world.now, { lastUnusedOffers: true });
    expect(item).toMatchObject({ role: "live", count: 50 });
  });

  it("of an app that waits is that of its newest definition", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "prod", { cpus: 100 })]);
    roles.world.live(3_000);
    roles.put([small("/live/a", "live")], { force: true });
    roles.world.live(5_000);
    expect(roles.tasks).toEqual(["a.live as live"]);
    expect(roles.world.core.queries.allTasks()).toMatchObject([{ role: "live" }]);
    expect(roles.world.problems()).toEqual([]);
  });

  it("that changes replaces what runs, one role giving way to the other", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "prod", { instances: 3 })]);
    roles.world.live(3_000);
    roles.put([small("/live/a", "live", { instances: 3 })]);
    roles.world.live(10_000);
    expect(roles.tasks).toEqual(Array(3).fill("a.live as live"));
    roles.put([small("/live/a", "prod", { instances: 3 })]);
    roles.world.live(10_000);
    expect(roles.tasks).toEqual(Array(3).fill("a.live as prod"));
    expect(roles.world.master.roles).toEqual(["prod"]);
  });
});

describe("a service may run", () => {
  const refused = { kind: "refused", refusal: { code: "Invalid" } };
  const deployed = { kind: "deployed" };
  it.each([
    { id: "/a", role: "prod", isEnforced: false, expected: deployed },
    { id: "/a", role: "live", isEnforced: false, expected: refused },
    { id: "/live/a", role: "prod", isEnforced: false, expected: deployed },
    { id: "/live/a", role: "live", isEnforced: false, expected: deployed },
    { id: "/live/a", role: "*", isEnforced: false, expected: refused },
    { id: "/live/sub/a", role: "live", isEnforced: false, expected: deployed },
    { id: "/live/sub/a", role: "sub", isEnforced: false, expected: refused },
    { id: "/live/a", role: "live", isEnforced: true, expected: deployed },
    { id: "/live/a", role: "prod", isEnforced: true, expected: refused },
    { id: "/live/sub/a", role: "live", isEnforced: true, expected: deployed },
  ])("as $role at $id (role enforced: $isEnforced): $expected.kind", ({ id, role, isEnforced, expected }) => {
    const roles = new Roles();
    roles.group("/live", { kind: "define", tree: { id: "/live", enforceRole: isEnforced }, expect: "any" });
    roles.world.live(1_000);
    expect(roles.put([small(id, role)], { force: true })).toMatchObject(expected);
  });

  it("in the role that it has, whatever its group enforces by now, and is put back into it", () => {
    const roles = new Roles();
    roles.put([small("/live/a", "prod")]);
    roles.world.live(3_000);
    roles.world.ask((request) => ({ kind: "patchGroup", request, groupId: "/live", enforceRole: true }));
    expect(roles.put([small("/live/a", "prod", { instances: 2 })])).toMatchObject(deployed);
    roles.world.live(3_000);
    expect(roles.put([small("/live/b", "prod")])).toMatchObject(refused);
    const changed = roles.put([small("/live/a", "live", { instances: 2, cmd: "other" })]);
    const deploymentId = changed?.kind === "deployed" ? changed.deploymentId : "";
    roles.world.ask((request) => ({ kind: "cancelDeployment", request, deploymentId, force: false }));
    roles.world.live(10_000);
    expect(roles.tasks).toEqual(["a.live as prod", "a.live as prod"]);
    expect(roles.world.core.queries.definition("/live/a")?.role).toBe("prod");
  });

  it("with volumes in another role than before only by force", () => {
    const roles = new Roles();
    roles.put([small("/live/db", "prod", kept)]);
    roles.world.live(10_000);
    expect(roles.tasks).toEqual(["db.live as prod"]);
    const stopped = small("/live/db", "live", { ...kept, instances: 0 });
    expect(roles.put([stopped])).toMatchObject({
      kind: "refused",
      refusal: { details: [{ path: "/apps//live/db/role" }] },
    });
    expect(roles.put([stopped], { force: true })).toMatchObject(deployed);
  });
});

describe("a master that refuses the roles", () => {
  const refusal = "role stage is not allowed here";

  /** In `/live` one runs; a role more is refused from then on. */
  function refused(): Roles {
    const roles = new Roles();
    roles.put([small("/live/a", "live")]);
    roles.world.live(3_000);
    roles.world.refusalOf = ({ type, update_framework: update, revive, suppress }) => {
      const named = type === "UPDATE_FRAMEWORK" ? update?.framework_info.roles : (revive ?? suppress)?.roles;
      return named?.includes("stage") === true ? refusal : undefined;
    };
    roles.put([small("/stage/b", "stage")]);
    roles.world.drain();
    return roles;
  }

  it("is asked again ever less often, once a minute in the end", () => {
    const roles = refused();
    const gaps: number[] = [];
    let askedAt = roles.world.now;
    let asked = 0;
    const count = (): number =>
      roles.world.master.calls.filter(({ type }) => type === "UPDATE_FRAMEWORK").length + refusals;
    let refusals = 0;
    const refuse = roles.world.refusalOf;
    roles.world.refusalOf = (call) => {
      if (call.type === "UPDATE_FRAMEWORK") refusals += 1;
      return refuse(call);
    };
    asked = count();
    for (let second = 0; second < 300; second += 1) {
      roles.world.pass(1_000);
      if (count() === asked) continue;
      asked = count();
      gaps.push((roles.world.now - askedAt) / 1_000);
      askedAt = roles.world.now;
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("is told why where a service of that role waits, and nowhere else", () => {
    const { world } = refused();
    const whyOf = (id: string) =>
      world.core.own.explain(id, { now: world.now, known: undefined, nodesMax: 0 })?.reasons[0];
    expect(whyOf("/stage/b")).toMatchObject({
      code: "roleRefused",
      parameters: { role: "stage", detail: refusal, count: 1 },
    });
    expect(whyOf("/live/a")).toMatchObject({ code: "asWished" });
    world.refusalOf = () => undefined;
    world.live(70_000);
    expect(whyOf("/stage/b")).toMatchObject({ code: "asWished" });
    expect(world.problems()).toEqual([]);
  });

  it("offers in the others as before", () => {
    const roles = refused();
    roles.put([small("/live/a", "live", { instances: 3 }), small("/c", "prod", { instances: 2 })]);
    roles.world.live(10_000);
    expect(roles.tasks.filter((task) => task === "a.live as live")).toHaveLength(3);
    expect(roles.tasks.filter((task) => task === "c as prod")).toHaveLength(2);
  });
});

describe("the role of what waits", () => {
  it("is that in which it will be launched", () => {
    const roles = new Roles();
    const podIn = (role: string) => ({
      ...parsePod(
        {
          id: "/live/a",
          containers: [
            { name: "main", exec: { command: { shell: "serve" } }, resources: { cpus: 0.5, mem: 16 } },
          ],
        },
        { defaultRole: "prod" },
      ),
      role,
    });
    roles.put([podIn("prod")]);
    roles.world.live(3_000);
    const [task] = roles.world.master.alive();
    for (const agent of roles.world.master.agents) agent.isSuspected = true;
    const changed = roles.put([podIn("live")], { force: true });
    const deploymentId = changed?.kind === "deployed" ? changed.deploymentId : "";
    roles.world.ask((request) => ({ kind: "cancelDeployment", request, deploymentId, force: true }));
    // Of the old definition, it is launched by the new one when it waits again.
    if (task !== undefined) roles.world.master.endTask(task, "TASK_FAILED");
    roles.world.drain();
    expect(roles.world.core.queries.podStatus("/live/a", roles.world.now)).toMatchObject({
      instances: [{ status: "PENDING", role: "live" }],
    });
  });
});

describe("top-level groups that do not say", () => {
  const groupOf = (roles: Roles, id: string) => roles.world.core.queries.group(id)?.enforceRole;
  it.each([
    { newGroupEnforceRole: "off" as const, enforces: false },
    { newGroupEnforceRole: "top" as const, enforces: true },
  ])(
    "new_group_enforce_role=$newGroupEnforceRole: enforce their role: $enforces",
    ({ enforces, ...policy }) => {
      const roles = new Roles(policy);
      const { world } = roles;
      const rules = (): boolean | undefined => world.core.queries.roleRules().enforcesRole?.("/live");
      // Before it is there: by this a definition without a role gets one.
      expect(rules()).toBe(enforces);
      const role = enforces ? "live" : "prod";
      const other = enforces ? "prod" : "live";
      expect(roles.put([small("/live/sub/a", role)])).toMatchObject({ kind: "deployed" });
      expect(groupOf(roles, "/live")).toBe(enforces);
      expect(groupOf(roles, "/live/sub")).toBeUndefined();
      world.live(3_000);
      expect(roles.tasks).toEqual([`a.sub.live as ${role}`]);
      expect(roles.put([small("/live/b", other)])?.kind).toBe(enforces ? "refused" : "deployed");
      roles.group("/other", {
        kind: "define",
        tree: { id: "/other", groups: [{ id: "/other/sub" }] },
        expect: "any",
      });
      expect(groupOf(roles, "/other")).toBe(enforces);
      const said = { id: "/said", enforceRole: !enforces };
      roles.group("/said", { kind: "define", tree: said, expect: "any" });
      expect(groupOf(roles, "/said")).toBe(!enforces);
      world.crash();
      world.live(1_000);
      expect([groupOf(roles, "/live"), groupOf(roles, "/said")]).toEqual([enforces, !enforces]);
      expect(world.core.check()).toEqual([]);
    },
  );

  it("are left as they are by the setting, if they are there already", () => {
    const roles = new Roles({ newGroupEnforceRole: "top" });
    roles.group("/live", { kind: "define", tree: { id: "/live", enforceRole: false }, expect: "any" });
    roles.group("/live", { kind: "define", tree: { id: "/live", groups: [] }, expect: "any" });
    expect(groupOf(roles, "/live")).toBe(false);
    expect(roles.put([small("/live/a", "prod")])).toMatchObject({ kind: "deployed" });
  });
});
