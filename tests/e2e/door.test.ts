/** The door: one port, a token, and the way to everything behind it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, run, startCluster, type TestCluster } from "../harness/cluster.ts";
import { createApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
const door = (): string => cluster.info.url;
const withToken = (): Record<string, string> => ({ authorization: `token=${cluster.info.token}` });

beforeAll(async () => {
  cluster = await startCluster();
  await createApp(cluster, { id: "/behind", cmd: "echo hello; exec sleep 1000", cpus: 0.01, mem: 8 });
  await settled(cluster, "/behind");
}, 90_000);
afterAll(() => cluster.purge());

const places = [
  "/",
  "/mesos/state",
  "/service/marathon/v2/apps",
  "/marathon/v2/info",
  "/agent/x/state",
  "/nothing",
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

  it("takes the one-time address, and then the cookie, and shows what runs", async () => {
    const login = await fetch(`${door()}/?token=${cluster.info.token}`, { redirect: "manual" });
    expect(login.status).toBe(303);
    const cookie = login.headers.get("set-cookie") ?? "";
    expect(cookie).toContain("HttpOnly; SameSite=Strict");
    const page = await fetch(`${door()}/`, { headers: { cookie: cookie.split(";")[0] ?? "" } });
    expect(await page.text()).toContain("/behind");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect((await fetch(`${door()}/?token=wrong`)).status).toBe(401);
  });

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
    for (const path of ["/mesos/../service/marathon/v2/info", "/mesos//state", "/mesos/%2e%2e/x"]) {
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
    expect(JSON.parse(list.stdout)).toMatchObject([{ id: "/behind" }]);
    const logs = await eventually("the log is read through the door", async () => {
      const { stdout } = await run("bin/keelson", ["service", "logs", "behind"], environment);
      return stdout.includes("hello") && stdout;
    });
    expect(logs).toBe("hello\n");
    const refused = await run("bin/keelson", ["service", "list"], { ...environment, KEELSON_TOKEN: "wrong" });
    expect({ code: refused.code, says: refused.stderr.includes("KEELSON_TOKEN") }).toEqual({
      code: 1,
      says: true,
    });
  });
});
