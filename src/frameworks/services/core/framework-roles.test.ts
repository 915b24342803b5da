/** Services in several roles: what the master is told of them, and whose offers they take. */
import { describe, expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import type { RequestResult } from "./effects.ts";
import type { GroupChange } from "./group-changes.ts";
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
  readonly world = World.started({ policy: { role: "prod" } });

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
