/** Groups, permissions, and what they open at the door, by a client that knows only the contract. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listedApp, type Upstream } from "#platform/admin-router/testing.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

let world: World;
let task: Upstream;
beforeAll(async () => {
  world = await startWorld();
  task = await world.task();
  world.facts.apps = {
    apps: ["/shop/cart", "/bank"].map((id) =>
      listedApp(id, task.port, { DCOS_SERVICE_NAME: id.slice(1), KEELSON_SERVICE_AUTH: "" }),
    ),
  };
});
afterAll(() => world.close());

type Answer = Awaited<ReturnType<typeof ask>>;
const admin = { authorization: `token=${testToken}` };
const api = (method: string, path: string, body?: unknown, headers: Record<string, string> = admin) =>
  ask(`${world.door.url}/acs/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
const at = async (path: string, token: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(world.door.url + path, { headers: { authorization: `token=${token}`, ...headers } });
const codeOf = ({ status, body }: Answer): unknown => ({ status, code: (body as { code?: unknown }).code });
/** Within the ten seconds of the contract. */
const answers = (path: string, token: string, status: number): Promise<boolean> =>
  eventually(`${path} answers ${status}`, async () => (await at(path, token)).status === status);
const mesos = "dcos:adminrouter:ops:mesos";
const dev = "dcos:service:marathon:marathon:services:%252Fdev";

describe("permissions", () => {
  it("platform.md§15.2#I16 a user gains access through a group, and loses it with the group", async () => {
    const token = await world.logIn("grouped", []);
    expect((await at("/mesos/state", token)).status).toBe(403);
    expect((await api("PUT", "/groups/ops", { description: "Operators" })).status).toBe(201);
    await api("PUT", `/acls/${mesos}`, { description: "The kernel" });
    expect((await api("PUT", `/acls/${mesos}/groups/ops/full`)).status).toBe(204);
    expect((await at("/mesos/state", token)).status).toBe(403);
    expect((await api("PUT", "/groups/ops/users/grouped")).status).toBe(204);
    await answers("/mesos/state", token, 200);
    expect((await api("GET", "/groups/ops/users")).body).toMatchObject({
      array: [{ membershipurl: "/acs/api/v1/groups/ops/users/grouped", user: { uid: "grouped" } }],
    });
    expect((await api("GET", "/users/grouped/groups")).body).toMatchObject({
      array: [{ group: { gid: "ops", description: "Operators", provider_type: "internal" } }],
    });
    expect((await api("GET", "/users/grouped/permissions")).body).toMatchObject({
      direct: [],
      groups: [{ rid: mesos, gid: "ops", aclurl: `/acs/api/v1/acls/${mesos}`, actions: [{ name: "full" }] }],
    });
    expect((await api("DELETE", "/groups/ops/users/grouped")).status).toBe(204);
    await answers("/mesos/state", token, 403);
  });

  it("platform.md§15.2#I17 an action is given and taken, on a resource with slashes too", async () => {
    await world.logIn("holder", []);
    expect((await api("PUT", `/acls/${dev}`, { description: "Development" })).status).toBe(201);
    expect(codeOf(await api("PUT", `/acls/${dev}`, {}))).toMatchObject({ status: 409 });
    expect((await api("GET", `/acls/${dev}`)).body).toEqual({
      rid: "dcos:service:marathon:marathon:services:/dev",
      url: `/acs/api/v1/acls/${dev}`,
      description: "Development",
    });
    const one = `/acls/${dev}/users/holder/read`;
    expect((await api("GET", one)).body).toEqual({ allowed: false });
    expect((await api("PUT", one)).status).toBe(204);
    expect((await api("GET", one)).body).toEqual({ allowed: true });
    expect((await api("GET", `/acls/${dev}/users/holder/update`)).body).toEqual({ allowed: false });
    expect((await api("GET", `/acls/${dev}/permissions`)).body).toMatchObject({
      users: [{ uid: "holder", userurl: "/acs/api/v1/users/holder", actions: [{ name: "read" }] }],
      groups: [],
    });
    expect(codeOf(await api("DELETE", `/acls/${dev}/users/holder/update`))).toEqual({
      status: 400,
      code: "ERR_ACTION_NOT_YET_STORED",
    });
    expect((await api("DELETE", one)).status).toBe(204);
    expect((await api("GET", one)).body).toEqual({ allowed: false });
    expect(codeOf(await api("DELETE", one))).toEqual({ status: 400, code: "ERR_USER_NOT_IN_ACL" });
    expect((await api("DELETE", `/acls/${dev}`)).status).toBe(204);
    expect(codeOf(await api("GET", one))).toEqual({ status: 400, code: "ERR_UNKNOWN_RESOURCE_ID" });
  });

  it("platform.md§15.2#I18 the door wants the permission of each route", async () => {
    const token = await world.logIn("limited", []);
    const refused = await at("/mesos/", token);
    expect(refused.status).toBe(403);
    expect(refused.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    await api("PUT", `/acls/${mesos}`, {});
    expect((await api("PUT", `/acls/${mesos}/users/limited/full`)).status).toBe(204);
    await answers("/mesos/", token, 200);
    expect((await at("/marathon/v2/apps", token)).status).toBe(403);
  });

  it("each service has a permission of its own, and nothing is told of one that is not there", async () => {
    const token = await world.logIn("shopper", ["dcos:adminrouter:service:shop"]);
    expect((await at("/service/shop/cart/x", token)).status).toBe(200);
    expect((await at("/service/bank/x", token)).status).toBe(403);
    expect((await at("/service/nowhere/x", token)).status).toBe(403);
    expect((await at("/x", token, { host: `bank.localhost:${world.door.port}` })).status).not.toBe(200);
    const all = await world.logIn("visitor", ["dcos:adminrouter:service"]);
    expect((await at("/service/bank/x", all)).status).toBe(200);
    expect((await at("/service/nowhere/x", all)).status).toBe(404);
  });

  it("platform.md§15.2#I20 the last superuser can't be removed or stripped", async () => {
    const superuser = "dcos:superuser";
    for (const path of [
      "/users/admin",
      "/groups/superusers",
      "/groups/superusers/users/admin",
      `/acls/${superuser}`,
      `/acls/${superuser}/groups/superusers`,
      `/acls/${superuser}/groups/superusers/full`,
    ])
      expect({ path, ...(codeOf(await api("DELETE", path)) as object) }).toEqual({
        path,
        status: 400,
        code: "ERR_NO_MORE_SUPERUSERS",
      });
    const token = await world.logIn("second", []);
    await api("PUT", "/groups/superusers/users/second");
    expect((await at("/acs/api/v1/groups", token)).status).toBe(200);
    expect((await api("DELETE", "/groups/superusers/users/second")).status).toBe(204);
  });

  it("users see what is their own, and only superusers change who may what", async () => {
    const token = await world.logIn("curious", []);
    const own = { authorization: `token=${token}` };
    expect((await api("GET", "/users/curious/permissions", undefined, own)).status).toBe(200);
    expect((await api("GET", "/users/admin", undefined, own)).status).toBe(403);
    expect((await api("GET", "/groups", undefined, own)).status).toBe(403);
    expect((await api("PATCH", "/users/curious", { description: "me" }, own)).status).toBe(204);
    const reader = { authorization: `token=${await world.logIn("auditor", ["dcos:adminrouter:acs"])}` };
    expect((await api("GET", "/groups", undefined, reader)).status).toBe(200);
    for (const [method, path] of [
      ["PUT", "/groups/mine"],
      ["PUT", "/groups/superusers/users/auditor"],
      ["PUT", "/acls/dcos:superuser/users/auditor/full"],
      ["DELETE", `/acls/${mesos}`],
    ] as const)
      expect({ path, status: (await api(method, path, undefined, reader)).status }).toEqual({
        path,
        status: 403,
      });
    const trail = await ask(`${world.door.url}/keelson/v1/audit?object=superusers`, { headers: admin });
    expect(JSON.stringify(trail.body)).toContain('"status":403');
  });

  it("what is not there, is there twice or makes no sense is told by its code", async () => {
    await world.logIn("somebody", []);
    await api("PUT", "/groups/twice");
    await api("PUT", "/groups/twice/users/somebody");
    for (const [method, path, body, status, code] of [
      ["GET", "/groups/none", undefined, 400, "ERR_UNKNOWN_GROUP_ID"],
      ["PUT", "/groups/twice", {}, 409, "ERR_GROUP_EXISTS"],
      ["PUT", "/groups/a%20b", {}, 400, "ERR_INVALID_GROUP_ID"],
      ["PATCH", "/groups/twice", { other: 1 }, 400, "ERR_INVALID_DATA"],
      ["PUT", "/groups/twice/users/somebody", undefined, 409, "ERR_USER_ALREADY_MEMBER"],
      ["PUT", "/groups/twice/users/nobody-here", undefined, 400, "ERR_UNKNOWN_USER_ID"],
      ["GET", "/acls/none", undefined, 400, "ERR_UNKNOWN_RESOURCE_ID"],
      ["PUT", "/acls/dcos:superuser/users/somebody/everything", undefined, 400, "ERR_INVALID_ACTION"],
      ["DELETE", "/acls/dcos:superuser/groups/twice", undefined, 400, "ERR_GROUP_NOT_IN_ACL"],
    ] as const)
      expect({ path, ...(codeOf(await api(method, path, body)) as object) }).toEqual({ path, status, code });
  });

  it("users, groups and permissions outlive a restart", async () => {
    await api("PUT", "/groups/lasting", { description: "L" });
    await api("PUT", `/acls/${mesos}`, {});
    await api("PUT", `/acls/${mesos}/groups/lasting/read`);
    await world.iam.restart();
    const answer = await ask(`${world.iam.url}/acs/api/v1/groups/lasting/permissions`, {
      headers: world.iam.as("admin"),
    });
    expect(answer.body).toMatchObject({ array: [{ rid: mesos, actions: [{ name: "read" }] }] });
  });
});
