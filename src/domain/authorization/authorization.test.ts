import { describe, expect, it } from "vitest";
import { aclAuthorizer, parseAcls } from "./acls.ts";
import type { AuthorizationAction } from "./actions.ts";
import { grantsAuthorizer } from "./grants.ts";

const any = { type: "ANY" };
const none = { type: "NONE" };
const some = (...values: string[]): object => ({ values });

describe("access control lists", () => {
  const authorizer = aclAuthorizer(
    parseAcls({
      permissive: false,
      register_frameworks: [
        { principals: some("web"), roles: some("web", "web/%") },
        { principals: some("web"), roles: none },
        { principals: any, roles: some("*") },
      ],
      run_tasks: [
        { principals: any, users: some("nobody") },
        { principals: some("ops"), users: any },
        { principals: none, users: some("root") },
      ],
      view_tasks: [{ principals: some("ops"), users: any }],
      view_flags: [{ principals: some("ops"), flags: any }],
    }),
  );
  it.each<[string | undefined, AuthorizationAction, string | undefined, boolean]>([
    ["web", "register_frameworks", "web", true],
    ["web", "register_frameworks", "web/front", true],
    ["web", "register_frameworks", "webs", false],
    ["web", "register_frameworks", "*", false],
    ["other", "register_frameworks", "*", true],
    ["other", "register_frameworks", "web", false],
    [undefined, "register_frameworks", "*", true],
    [undefined, "run_tasks", "nobody", true],
    ["ops", "run_tasks", "root", true],
    ["other", "run_tasks", "root", false],
    [undefined, "run_tasks", "root", false],
    ["ops", "view_tasks", "root", true],
    ["ops", "view_tasks", undefined, true],
    ["other", "view_tasks", "root", false],
    ["ops", "view_flags", undefined, true],
    ["ops", "drain_agents", undefined, false],
  ])("%s, %s of %s: %s", (principal, action, object, answer) => {
    expect(authorizer.may(principal, action, object)).toBe(answer);
  });

  it("are permissive where nothing is said, unless told otherwise", () => {
    expect(aclAuthorizer(parseAcls({})).may(undefined, "drain_agents")).toBe(true);
    expect(aclAuthorizer(parseAcls({ permissive: false })).may("x", "drain_agents")).toBe(false);
  });

  it("without an object, an entry about some says nothing", () => {
    const lists = parseAcls({ permissive: false, get_quotas: [{ principals: any, roles: some("a") }] });
    expect(aclAuthorizer(lists).may("x", "get_quotas")).toBe(false);
  });

  it.each<[unknown, string]>([
    [[], "acls: a JSON object"],
    [{ permissive: 1 }, "acls.permissive"],
    [{ run_taks: [] }, "acls.run_taks: there is no such action"],
    [{ toString: [] }, "acls.toString"],
    [{ run_tasks: {} }, "acls.run_tasks: a list"],
    [{ run_tasks: [{ principals: any, roles: any }] }, "acls.run_tasks[0].roles"],
    [{ run_tasks: [{ users: any }] }, "acls.run_tasks[0].principals"],
    [{ run_tasks: [{ principals: { type: "ALL" }, users: any }] }, "acls.run_tasks[0].principals.type"],
    [{ run_tasks: [{ principals: some(), users: any }] }, "acls.run_tasks[0].principals.values"],
  ])("%j: %s", (document, problem) => {
    expect(() => parseAcls(document)).toThrow(problem);
  });
});

describe("grants", () => {
  const grants = [
    { rid: "dcos:mesos:master:framework:role:web", actions: ["create"] },
    { rid: "dcos:mesos:master:task:user", actions: ["full"] },
  ];
  const authorizer = grantsAuthorizer((name) => (name === "web" ? grants : []));
  it.each<[string | undefined, AuthorizationAction, string | undefined, boolean]>([
    ["web", "register_frameworks", "web", true],
    ["web", "register_frameworks", "web/front", true],
    ["web", "register_frameworks", "other", false],
    ["web", "run_tasks", "root", true],
    ["web", "view_tasks", "root", true],
    ["web", "drain_agents", undefined, false],
    ["other", "run_tasks", "root", false],
    [undefined, "run_tasks", "root", false],
  ])("%s, %s of %s: %s", (principal, action, object, answer) => {
    expect(authorizer.may(principal, action, object)).toBe(answer);
  });
});
