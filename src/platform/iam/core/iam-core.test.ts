import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "#foundation/base/json.ts";
import { sorted } from "./directory.ts";
import { createIamCore, type IamCore, type IamEvent, type IamResult, linksMax } from "./iam-core.ts";

const minute = 60_000;
const password = { kind: "password", hash: "$h" } as const;

/** A core and what it wrote, as a store would have it. */
class World {
  readonly records = new Map<string, JsonValue>();
  core: IamCore = createIamCore(this.records);
  now = 0;

  constructor() {
    this.take({ kind: "started" });
  }

  take(event: IamEvent): IamResult | undefined {
    const { writes, effects } = this.core.apply(event, this.now);
    for (const write of writes) {
      if (write.kind === "put") this.records.set(write.key, write.value);
      else this.records.delete(write.key);
    }
    const reply = effects.find((effect) => effect.kind === "reply");
    return reply?.kind === "reply" ? reply.result : undefined;
  }

  create(uid: string): IamResult | undefined {
    return this.take({ kind: "createUser", request: 1, uid, description: undefined, credential: password });
  }

  link(digest: string, uid = "admin"): IamResult | undefined {
    return this.take({ kind: "createLink", request: 1, digest, uid });
  }

  use(digest: string): IamResult | undefined {
    return this.take({ kind: "useLink", request: 1, digest });
  }
}

const uid = fc.constantFrom("a", "b", "c", "admin", "not a uid", "anonymous");
const gid = fc.constantFrom("g", "superusers", "not a gid");
const rid = fc.constantFrom("dcos:superuser", "dcos:adminrouter:ops:mesos", "no%rid");
const subject = fc.oneof(
  fc.record({ kind: fc.constant("user" as const), id: uid }),
  fc.record({ kind: fc.constant("group" as const), id: gid }),
);
const request = fc.constant(1);
const description = fc.constant("d");
const accessEvents: fc.Arbitrary<IamEvent> = fc.oneof(
  fc.record({ kind: fc.constantFrom("createGroup", "changeGroup"), request, gid, description }),
  fc.record({ kind: fc.constant("removeGroup" as const), request, gid }),
  fc.record({ kind: fc.constantFrom("addMember", "removeMember"), request, gid, uid }),
  fc.record({ kind: fc.constantFrom("createAcl", "changeAcl"), request, rid, description }),
  fc.record({ kind: fc.constant("removeAcl" as const), request, rid }),
  fc.record({
    kind: fc.constant("grant" as const),
    request,
    rid,
    subject,
    action: fc.constantFrom("full", "read", "x"),
  }),
  fc.record({
    kind: fc.constant("revoke" as const),
    request,
    rid,
    subject,
    action: fc.constantFrom("full", "read", undefined),
  }),
);

describe("the identity core", () => {
  it("gives a new cluster one superuser, once", () => {
    const world = new World();
    expect(world.core.users()).toMatchObject([{ uid: "admin" }]);
    expect(world.core.directory.isSuperuser("admin")).toBe(true);
    world.take({ kind: "started" });
    expect(world.core.users()).toHaveLength(1);
  });

  it.each([
    ["ten minutes less a moment", 10 * minute - 1, "link"],
    ["ten minutes", 10 * minute, "refused"],
  ])("lets a link work for %s", (_name, after, kind) => {
    const world = new World();
    world.link("d");
    world.now = after;
    expect(world.use("d")?.kind).toBe(kind);
  });

  it("lets a link work once, and not when its user went", () => {
    const world = new World();
    world.create("alice");
    world.link("a");
    world.link("b", "alice");
    expect(world.use("a")?.kind).toBe("link");
    expect(world.use("a")?.kind).toBe("refused");
    world.take({ kind: "removeUser", request: 1, uid: "alice" });
    expect(world.use("b")?.kind).toBe("refused");
  });

  it("keeps at most so many links: the oldest stops working", () => {
    const world = new World();
    for (let index = 0; index <= linksMax; index += 1) world.link(`d${index}`);
    expect(world.use("d0")?.kind).toBe("refused");
    expect(world.use("d1")?.kind).toBe("link");
    expect(world.core.check()).toEqual([]);
  });

  it("never lets the last superuser go", () => {
    const world = new World();
    expect(world.take({ kind: "removeUser", request: 1, uid: "admin" })).toMatchObject({
      kind: "refused",
      code: "ERR_NO_MORE_SUPERUSERS",
    });
  });

  it.each<[string, IamEvent]>([
    ["the group superusers", { kind: "removeGroup", request: 1, gid: "superusers" }],
    ["its last member", { kind: "removeMember", request: 1, gid: "superusers", uid: "admin" }],
    ["the resource", { kind: "removeAcl", request: 1, rid: "dcos:superuser" }],
    [
      "the group's permission",
      {
        kind: "revoke",
        request: 1,
        rid: "dcos:superuser",
        subject: { kind: "group", id: "superusers" },
        action: undefined,
      },
    ],
  ])("never lets go of what makes the last superuser: %s", (_name, event) => {
    const world = new World();
    expect(world.take(event)).toMatchObject({ kind: "refused", code: "ERR_NO_MORE_SUPERUSERS" });
    expect(world.core.check()).toEqual([]);
  });

  it("lets the first superuser go once there is another", () => {
    const world = new World();
    world.create("alice");
    world.take({ kind: "addMember", request: 1, gid: "superusers", uid: "alice" });
    expect(world.take({ kind: "removeUser", request: 1, uid: "admin" })?.kind).toBe("done");
    expect(world.core.directory.superusers()).toEqual(["alice"]);
  });

  it("gives users of a version without permissions what they had", () => {
    const legacy = (uid: string, isSuperuser: boolean): [string, JsonValue] => [
      `users/${uid}`,
      {
        formatVersion: 1,
        uid,
        description: "",
        isSuperuser,
        createdAt: 0,
        credential: { kind: "none" },
      },
    ];
    const core = createIamCore(new Map([legacy("root", true), legacy("alice", false)]));
    core.apply({ kind: "started" }, 0);
    expect(core.users().map((user) => user.uid)).toEqual(["alice", "root"]);
    expect(core.directory.superusers()).toEqual(["root"]);
    expect(core.directory.allows("alice", "dcos:adminrouter:ops:mesos", "full")).toBe(true);
    expect(core.directory.isSuperuser("alice")).toBe(false);
  });

  it("is the same after it is made again from its records, whatever happened", () => {
    const digest = fc.constantFrom("d1", "d2", "d3");
    const event: fc.Arbitrary<IamEvent> = fc.oneof(
      fc.record({
        kind: fc.constant("createUser" as const),
        request: fc.constant(1),
        uid,
        description: fc.constant("x"),
        credential: fc.constantFrom(password, { kind: "key" as const, publicKey: "k" }),
      }),
      fc.record({
        kind: fc.constant("changeUser" as const),
        request: fc.constant(1),
        uid,
        description: fc.constant("y"),
        passwordHash: fc.constantFrom(undefined, "$h2"),
      }),
      fc.record({ kind: fc.constant("removeUser" as const), request: fc.constant(1), uid }),
      fc.record({ kind: fc.constant("createLink" as const), request: fc.constant(1), digest, uid }),
      fc.record({ kind: fc.constant("useLink" as const), request: fc.constant(1), digest }),
      accessEvents,
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(5 * minute)), { maxLength: 40 }), (steps) => {
        const world = new World();
        for (const [step, later] of steps) {
          world.now += later;
          expect(world.take(step)).toBeDefined();
          expect(world.core.check()).toEqual([]);
        }
        const again = createIamCore(new Map([...world.records].sort()));
        expect(again.users()).toEqual(world.core.users());
        expect(sorted(again.directory.groups)).toEqual(sorted(world.core.directory.groups));
        expect(sorted(again.directory.acls)).toEqual(sorted(world.core.directory.acls));
        expect(again.check()).toEqual([]);
      }),
    );
  });
});
