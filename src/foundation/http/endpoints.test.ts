import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineEndpoint } from "#contracts/endpoint.ts";
import { Type } from "#contracts/schema.ts";
import { callEndpoint } from "./call-endpoint.ts";
import { createHttpClient } from "./client.ts";
import { buildPath, matchPath } from "./endpoint-paths.ts";
import { EndpointSet } from "./endpoints.ts";
import { createHttpServer } from "./server.ts";

const None = Type.Object({});
const service = defineEndpoint({
  method: "GET",
  path: "/services/{id...}",
  summary: "One service",
  params: Type.Object({ id: Type.String() }),
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1 })) }),
  reply: Type.Object({ id: Type.String(), limit: Type.Optional(Type.Integer()) }),
  errors: ["NotFound"],
  permission: { resource: "service", action: "view" },
});
const tasks = defineEndpoint({
  ...service,
  path: "/services/{id...}/tasks",
  query: None,
  reply: Type.Object({ tasksOf: Type.String() }),
});
const scale = defineEndpoint({
  method: "PUT",
  path: "/services/{id...}",
  summary: "Change how many run",
  params: Type.Object({ id: Type.String() }),
  query: None,
  body: Type.Object({ instances: Type.Integer({ minimum: 0 }) }),
  reply: Type.Object({ instances: Type.Integer() }),
  errors: ["Invalid"],
  permission: { resource: "service", action: "update" },
});

const server = createHttpServer({ host: "127.0.0.1", port: 0 });
const client = createHttpClient();
let url = "";
beforeAll(async () => {
  new EndpointSet("Test")
    .add(service, ({ params, query }) => ({ id: params.id, ...query }))
    .add(tasks, ({ params }) => ({ tasksOf: params.id }))
    .add(scale, ({ body }) => ({ instances: body.instances }))
    .serveOn(server);
  ({ url } = await server.listen());
});
afterAll(async () => {
  await client.close();
  await server.close();
});

describe("paths of endpoints", () => {
  it.each([
    ["/services/{id...}", "/services/a/b", { id: "a/b" }],
    ["/services/{id...}/tasks", "/services/a/b/tasks", { id: "a/b" }],
    ["/services/{id...}/tasks", "/services/a/tasks/tasks", { id: "a/tasks" }],
    ["/services/{id...}/tasks/{task}", "/services/a/tasks/t1", { id: "a", task: "t1" }],
    ["/agents/{id}", "/agents/a%2Fb", { id: "a/b" }],
    ["/agents/{id}", "/agents/a/b", undefined],
    ["/services/{id...}/tasks", "/services/tasks", undefined],
  ])("%s takes %s apart", (path, given, expected) => {
    expect(matchPath(path, given)).toEqual(expected);
  });

  it("are built from what they were taken apart to", () => {
    expect(buildPath("/services/{id...}/tasks/{task}", { id: "/a b/c", task: "x/y" })).toBe(
      "/services/a%20b/c/tasks/x%2Fy",
    );
  });
});

describe("declared endpoints", () => {
  it("answer the typed client, with ids that hold slashes", async () => {
    expect(
      await callEndpoint(client, { url }, service, { params: { id: "/a/b" }, query: { limit: 3 } }),
    ).toEqual({ id: "a/b", limit: 3 });
    expect(await callEndpoint(client, { url }, tasks, { params: { id: "a/tasks" } })).toEqual({
      tasksOf: "a/tasks",
    });
    expect(
      await callEndpoint(client, { url }, scale, { params: { id: "a" }, body: { instances: 2 } }),
    ).toEqual({ instances: 2 });
  });

  it("refuse a body that is not as declared, and change none", async () => {
    const wrong = callEndpoint(client, { url }, scale, {
      params: { id: "a" },
      body: { instances: "3" } as never,
    });
    await expect(wrong).rejects.toMatchObject({ code: "Invalid", message: "body/instances must be integer" });
  });

  it("say what there is where there is nothing", async () => {
    const answer = await fetch(`${url}/keelson/v1/nothing`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("openapi.json");
  });

  it("are described as OpenAPI, with their permission and their errors", async () => {
    const document = (await (await fetch(`${url}/keelson/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, object>>;
    };
    expect(document.openapi).toBe("3.1.0");
    expect(document.paths["/keelson/v1/services/{id}"]?.["put"]).toMatchObject({
      "x-permission": { resource: "service", action: "update" },
      responses: { "422": { description: "Invalid" } },
    });
  });
});
