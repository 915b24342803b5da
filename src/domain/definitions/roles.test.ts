import { describe, expect, it } from "vitest";
import { parseApp, parseGroup, parsePod } from "./index.ts";
import { defaultRoleOf, type RoleRules, roleFault } from "./roles.ts";

const rules: RoleRules = {
  defaultRole: "prod",
  enforcesRole: (top) => top === "/strict",
  roleNow: (id) => (id === "/strict/old" || id === "/free/old" ? "prod" : undefined),
};

const ofFramework = 'must be "prod", the role of this framework';

describe("the role of a service", () => {
  it.each([
    ["/app", "prod", undefined],
    ["/app", "app", ofFramework],
    ["/app", "free", ofFramework],
    ["/free/app", "prod", undefined],
    ["/free/app", "free", undefined],
    ["/free/sub/app", "free", undefined],
    ["/free/app", "*", `${ofFramework}, or "free", that of its group`],
    ["/free/sub/app", "sub", `${ofFramework}, or "free", that of its group`],
    ["/strict/app", "strict", undefined],
    ["/strict/sub/app", "strict", undefined],
    ["/strict/app", "prod", 'must be "strict", the role that its group enforces'],
    ["/strict/old", "prod", undefined],
    ["/strict/old", "strict", undefined],
    ["/strict/old", "other", 'must be "strict", the role that its group enforces'],
    ["/free/app", undefined, undefined],
  ])("at %s: %s", (id, role, fault) => {
    expect(roleFault(id, role, rules)).toBe(fault);
  });

  it.each([
    ["/app", "prod"],
    ["/free/app", "prod"],
    ["/strict/app", "strict"],
    ["/strict/sub/app", "strict"],
    ["/strict/old", "strict"],
  ])("is by default at %s %s", (id, role) => {
    expect(defaultRoleOf(id, rules)).toBe(role);
    expect(parseApp({ id, cmd: "sleep 1" }, rules).role).toBe(role);
    const containers = [
      { name: "c", exec: { command: { shell: "sleep 1" } }, resources: { cpus: 1, mem: 32 } },
    ];
    expect(parsePod({ id, containers }, rules).role).toBe(role);
  });
});

it("a group's body says first what its services get", () => {
  const apps = [{ id: "app", cmd: "sleep 1" }];
  const roleIn = (body: object, base = "/"): string | undefined => {
    const request = parseGroup(body, base, rules);
    const tree = request.kind === "define" ? request.tree : undefined;
    return (tree?.apps ?? tree?.groups?.[0]?.apps)?.[0]?.role;
  };
  expect(roleIn({ id: "/free", apps })).toBe("prod");
  expect(roleIn({ id: "/free", enforceRole: true, apps })).toBe("free");
  expect(roleIn({ id: "/free", enforceRole: true, groups: [{ id: "sub", apps }] })).toBe("free");
  expect(roleIn({ enforceRole: true, apps }, "/free")).toBe("free");
  expect(roleIn({ id: "/strict", enforceRole: false, apps })).toBe("prod");
  expect(roleIn({ groups: [{ id: "free", enforceRole: true, apps }] })).toBe("free");
  expect(roleIn({ groups: [{ id: "strict", apps }] })).toBe("strict");
});

it("accepted roles are its own and *", () => {
  const app = { id: "/strict/app", cmd: "sleep 1" };
  expect(parseApp({ ...app, acceptedResourceRoles: ["*", "strict"] }, rules).acceptedResourceRoles).toEqual([
    "*",
    "strict",
  ]);
  expect(() => parseApp({ ...app, acceptedResourceRoles: ["prod"] }, rules)).toThrow();
});
