/** The door: one port, a token, and the way to everything behind it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SchedulerClient } from "../conformance/kernel/scheduler-client.ts";
import { ask, eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
/** A program that the operator runs beside the cluster. */
const names = createServer(({ url, headers }, response) =>
  response.end(`${url} ${headers.authorization ?? "no Authorization"}`),
);
const door = (): string => cluster.info.url;
const withToken = (): Record<string, string> => ({ authorization: `token=${cluster.info.token}` });

beforeAll(async () => {
  await new Promise<void>((resolve) => names.listen(0, "127.0.0.1", resolve));
  const part = `mesos-dns=http://127.0.0.1:${(names.address() as AddressInfo).port}`;
  cluster = await startCluster({ flags: ["--part", part] });
  await createApp(cluster, { id: "/behind", cmd: "echo hello; exec sleep 1000", cpus: 0.01, mem: 8 });
  await settled(cluster, "/behind");
}, 240_000);
afterAll(async () => {
  names.close();
  await cluster.purge();
});

const places = [
  "/mesos/state",
  "/service/marathon/v2/apps",
  "/marathon/v2/info",
  "/agent/x/state",
  "/service/nothing/",
  "/keelson/v1/events",
  "/acs/api/v1/users",
];

describe("the door", () => {
  it.each(places)("lets nobody through to %s without a token, or with a wrong one", async (path) => {
    for (const headers of [
      {},
      { authorization: "token=" },
      { authorization: "token=wrong" },
      { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." },
    ]) {
      expect((await ask(door() + path, { headers })).status).toBe(401);
    }
  });

  it("leads to the kernel, to services and to agents, with either spelling of the token", async () => {
    expect((await ask(`${door()}/mesos/state`, { headers: withToken() })).body).toHaveProperty("slaves");
    expect(
      (
        await ask(`${door()}/service/marathon/v2/apps/behind`, {
          headers: { authorization: `Bearer ${cluster.info.token}` },
        })
      ).body,
    ).toHaveProperty("app.id", "/behind");
    const { id } = cluster.info.agents[0] ?? { id: "" };
    expect((await ask(`${door()}/agent/${id}/state`, { headers: withToken() })).body).toHaveProperty(
      "id",
      id,
    );
    expect((await ask(`${door()}/agent/none/state`, { headers: withToken() })).status).toBe(404);
  });

  it("leads to a part of DC/OS that the operator runs, and to no other", async () => {
    const brought = await ask(`${door()}/mesos_dns/v1/hosts/leader.mesos`, { headers: withToken() });
    expect(brought).toMatchObject({ status: 200, body: "/v1/hosts/leader.mesos no Authorization" });
    const missing = await ask(`${door()}/net/v1/vips`, { headers: withToken() });
    expect({ status: missing.status, says: JSON.stringify(missing.body).includes("--part net=URL") }).toEqual(
      { status: 501, says: true },
    );
  });

  it("logs a browser in by a link that works once, and then by its cookie", async () => {
    const link = await ask(`${door()}/keelson/v1/login-links`, {
      method: "POST",
      body: {},
      headers: withToken(),
    });
    const { path } = link.body as { readonly path: string };
    const login = await fetch(door() + path, { redirect: "manual" });
    expect({ status: login.status, to: login.headers.get("location") }).toEqual({ status: 303, to: "/" });
    const cookie = login.headers
      .getSetCookie()
      .map((each) => each.split(";")[0])
      .join("; ");
    expect(cookie).toMatch(/^dcos-acs-auth-cookie=.+; dcos-acs-info-cookie=.+$/);
    expect((await ask(`${door()}/mesos/state`, { headers: { cookie } })).status).toBe(200);
    expect((await fetch(door() + path, { redirect: "manual" })).status).toBe(401);
    expect(
      (await ask(`${door()}/mesos/state`, { headers: { cookie: "dcos-acs-auth-cookie=x" } })).status,
    ).toBe(401);
  });

  it("keeps users, keys and the token over a restart of everything", async () => {
    const body = { uid: "keeper", password: "long enough" };
    const created = await ask(`${door()}/acs/api/v1/users/keeper`, {
      method: "PUT",
      body: { password: body.password },
      headers: withToken(),
    });
    expect(created.status).toBe(201);
    const member = `${door()}/acs/api/v1/groups/superusers/users/keeper`;
    expect((await ask(member, { method: "PUT", headers: withToken() })).status).toBe(204);
    const { token } = (await ask(`${door()}/acs/api/v1/auth/login`, { method: "POST", body })).body as {
      readonly token: string;
    };
    const headers = { authorization: `token=${token}` };
    expect((await ask(`${door()}/mesos/state`, { headers })).status).toBe(200);
    const before = cluster.info.token;
    await cluster.stop();
    await cluster.start();
    expect(cluster.info.token).toBe(before);
    expect((await ask(`${door()}/mesos/state`, { headers })).status).toBe(200);
    expect((await ask(`${door()}/acs/api/v1/users/keeper`, { headers: withToken() })).status).toBe(200);
  }, 120_000);

  it("platform.md§15.1#A12 shows what a service serves, by its label and under its own name", async () => {
    const cmd =
      'exec /usr/bin/env node -e \'require("http").createServer((q,r)=>r.end(JSON.stringify(q.headers))).listen(process.env.PORT0,"127.0.0.1")\'';
    await createApp(cluster, {
      id: "/shop/cart",
      cmd,
      cpus: 0.01,
      mem: 64,
      portDefinitions: [{ port: 0 }],
      labels: {
        DCOS_SERVICE_NAME: "shop/basket",
        DCOS_SERVICE_SCHEME: "http",
        DCOS_SERVICE_PORT_INDEX: "0",
      },
    });
    await settled(cluster, "/shop/cart");
    const { port } = new URL(door());
    const byName = await eventually("the named host answers", async () => {
      const { stdout } = await run("curl", [
        "-s",
        "-H",
        `Host: cart.shop.localhost:${port}`,
        "-H",
        `Authorization: token=${cluster.info.token}`,
        `${door()}/x`,
      ]);
      return stdout.includes("x-forwarded-for") && stdout;
    });
    const byLabel = await eventually("the label answers", async () => {
      const { status, body } = await ask(`${door()}/service/shop/basket/x`, { headers: withToken() });
      return status === 200 && JSON.stringify(body);
    });
    for (const seen of [byName, byLabel]) {
      expect(seen).toContain('"x-forwarded-for":"127.0.0.1"');
      expect(seen).not.toContain(cluster.info.token);
      expect(seen).not.toContain("x-keelson");
    }
  }, 120_000);

  it("platform.md§15.1#A23 finds a task that moved, with nothing worse than a moment's 502 between", async () => {
    const tasks = `${door()}/service/marathon/v2/apps/shop/cart/tasks`;
    // By its id: the new one may be given the same port.
    const taskNow = async (): Promise<string | undefined> => {
      const { body } = await ask(tasks, { headers: withToken() });
      return (
        body as { readonly tasks: readonly { readonly id: string; readonly state: string }[] }
      ).tasks.find(({ state }) => state === "TASK_RUNNING")?.id;
    };
    const before = await taskNow();
    expect((await ask(tasks, { method: "DELETE", headers: withToken() })).status).toBe(200);
    const seen = new Set<number>();
    await eventually(
      "the new task answers",
      async () => {
        const { status } = await ask(`${door()}/service/shop/basket/x`, { headers: withToken() });
        seen.add(status);
        const now = await taskNow();
        return status === 200 && now !== before && now !== undefined;
      },
      30_000,
    );
    for (const status of seen) expect([200, 502, 504]).toContain(status);
  }, 240_000);

  it("platform.md§15.1#A26 leads to an agent by its id, for state and for commands inside of tasks", async () => {
    const { id } = cluster.info.agents[0] ?? { id: "" };
    for (const path of [`/agent/${id}/state`, `/slave/${id}/slave(1)/state`])
      expect((await ask(door() + path, { headers: withToken() })).body).toHaveProperty("id", id);
    const unknown = await ask(`${door()}/agent/nobody-S9/state`, { headers: withToken() });
    expect({ status: unknown.status, names: JSON.stringify(unknown.body).includes("nobody-S9") }).toEqual({
      status: 404,
      names: true,
    });
    const environment = { ...process.env, KEELSON_URL: door(), KEELSON_TOKEN: cluster.info.token };
    const exec = await run(
      "bin/keelson",
      ["exec", "behind", "--", "/bin/sh", "-c", "echo through the door; exit 7"],
      environment,
    );
    expect({ code: exec.code, stdout: exec.stdout.trim() }).toEqual({ code: 7, stdout: "through the door" });
    const audit = await eventually("it is told", async () => {
      const { body } = await ask(`${door()}/keelson/v1/audit?filter=action:task.exec`, {
        headers: withToken(),
      });
      const { items } = body as { readonly items: readonly Record<string, unknown>[] };
      return items[0];
    });
    expect(audit).toMatchObject({ user: "admin", from: "127.0.0.1" });
  });

  it("platform.md§15.1#A17 shows a framework's pages by its id and its name, below their base, and of one that told no address", async () => {
    const web = createServer((request, response) => response.end(request.url));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const register = (name: string, webui_url: string): Promise<SchedulerClient> =>
      SchedulerClient.subscribe(cluster.info.services.kernel, { name, webui_url });
    // The last one is a service of ours, which has no label of this name: it is found where its task runs.
    const [plain, based, silent] = await Promise.all([
      register("plain-ui", origin),
      register("/data/based-ui", `${origin}/base/`),
      register("shop/cart", ""),
    ]);
    try {
      const shown = (name: string): Promise<{ readonly body: unknown }> =>
        eventually(`${name} is shown`, async () => {
          const { status, body } = await ask(`${door()}/service/${name}/x?y`, { headers: withToken() });
          return status === 200 && { body };
        });
      for (const name of ["plain-ui", plain.frameworkId]) expect(await shown(name)).toEqual({ body: "/x?y" });
      for (const name of ["data/based-ui", based.frameworkId])
        expect(await shown(name)).toEqual({ body: "/base/x?y" });
      for (const name of ["shop/cart", silent.frameworkId])
        expect(await shown(name)).toHaveProperty("body.x-forwarded-for", "127.0.0.1");
    } finally {
      await Promise.all([plain, based, silent].map((each) => each.teardown()));
      web.close();
    }
    const gone = await eventually("a framework that left is not shown", async () => {
      const { status } = await ask(`${door()}/service/shop/cart/x`, { headers: withToken() });
      return status !== 200 && status;
    });
    expect(gone).toBe(404);
  }, 240_000);

  it("passes streams on as they come", async () => {
    const abort = new AbortController();
    const answer = await fetch(`${door()}/service/marathon/v2/events`, {
      headers: { ...withToken(), accept: "text/event-stream" },
      signal: abort.signal,
    });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toContain("event_stream_attached");
    abort.abort();
  });

  it("refuses paths that two servers could read differently", async () => {
    const { hostname, port } = new URL(door());
    for (const path of ["/mesos/../service/marathon/v2/info", "/mesos/./state", "/mesos/%2e%2e/x"]) {
      const { stdout } = await run("/bin/bash", [
        "-c",
        `exec 3<>/dev/tcp/${hostname}/${port}; printf 'GET ${path.replaceAll("%", "%%")} HTTP/1.1\\r\\nHost: ${hostname}:${port}\\r\\nAuthorization: token=${cluster.info.token}\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -1 <&3`,
      ]);
      expect({ path, answer: stdout.trim() }).toEqual({ path, answer: "HTTP/1.1 400 Bad Request" });
    }
  });

  it("serves the command line from elsewhere", async () => {
    const environment = { ...process.env, KEELSON_URL: door(), KEELSON_TOKEN: cluster.info.token };
    const list = await run("bin/keelson", ["service", "list", "--json"], environment);
    expect(JSON.parse(list.stdout)).toContainEqual(expect.objectContaining({ id: "/behind" }));
    const logs = await eventually("the log is read through the door", async () => {
      const { stdout } = await run("bin/keelson", ["service", "logs", "behind"], environment);
      return stdout.includes("hello") && stdout;
    });
    expect(logs).toBe("hello\n");
    const refused = await run("bin/keelson", ["service", "list"], { ...environment, KEELSON_TOKEN: "wrong" });
    expect({ code: refused.code, says: refused.stderr.includes("KEELSON_TOKEN") }).toEqual({
      code: 4,
      says: true,
    });
  });
});
