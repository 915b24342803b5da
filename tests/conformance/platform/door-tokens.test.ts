/** Who is let through the door, on every route there is. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "#platform/admin-router/core/route-table.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

let world: World;
let token: string;
let bad: Readonly<Record<string, string>>;
beforeAll(async () => {
  world = await startWorld();
  const { port } = world.kernel;
  world.facts.summary = {
    frameworks: [{ id: "fw-1", name: "behind", webui_url: `http://127.0.0.1:${port}` }],
    slaves: [{ id: "S0", pid: `slave(1)@127.0.0.1:${port}` }],
  };
  token = await world.logIn("alice");
  bad = await world.badTokens();
});
afterAll(() => world.close());

/** One path of each rule that is not for everybody; enumerated, so that a new route is tried too. */
const protectedPaths = rules
  .filter(({ access }) => access !== "everybody")
  .map(({ path, target }) =>
    target.kind === "agent" ? `${path}S0/state` : target.kind === "service" ? `${path}behind/x` : path,
  );
const call = (path: string, headers: Record<string, string> = {}, method = "GET"): ReturnType<typeof ask> =>
  ask(world.door.url + path, { headers, method });

describe("every route of the door", () => {
  it.each(protectedPaths)("platform.md§15.1#A3 %s refuses the anonymous", async (path) => {
    const { status, body, headers } = await call(path);
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe("oauthjwt");
    expect(headers.get("content-type")).toBe("text/html; charset=UTF-8");
    expect(body).toMatch(/<script>location\.replace\("\/#\/login\?redirect="/);
    const forPrograms = await call(path, { accept: "application/json" });
    expect(forPrograms).toMatchObject({ status: 401, body: { code: "Unauthorized" } });
    const head = await fetch(world.door.url + path, { method: "HEAD" });
    expect({ status: head.status, challenge: head.headers.get("www-authenticate") }).toEqual({
      status: 401,
      challenge: "oauthjwt",
    });
  });

  it.each(protectedPaths)(
    "platform.md§15.1#A7 reliability.md§5#A2 %s refuses tokens that are none",
    async (path) => {
      const before = world.kernel.seen.length + world.services.seen.length;
      for (const [name, value] of Object.entries(bad)) {
        const status = async (headers: Record<string, string>): Promise<number> =>
          (await call(path, headers)).status;
        const expected = 401;
        expect({ name, status: await status({ authorization: `token=${value}` }) }).toEqual({
          name,
          status: expected,
        });
        expect({ name, status: await status({ cookie: `dcos-acs-auth-cookie=${value}` }) }).toEqual({
          name,
          status: expected,
        });
      }
      expect(world.kernel.seen.length + world.services.seen.length).toBe(before);
    },
    60_000,
  );

  it.each(protectedPaths)("platform.md§15.1#A4 %s lets a token in the header through", async (path) => {
    if (path === "/keelson/v1/events") return expectEvents(path);
    for (const authorization of [`token=${token}`, `Bearer ${token}`, `token=${testToken}`]) {
      const { status } = await call(path, { authorization });
      expect([200, 301, 400, 404, 405, 501]).toContain(status);
    }
  });

  it("platform.md§15.1#A5 a cookie is enough for what only reads, and becomes a header behind the door", async () => {
    const cookie = `other=1; dcos-acs-auth-cookie=${token}`;
    for (const path of [
      "/mesos/state",
      "/marathon/v2/apps",
      "/service/marathon/v2/info",
      "/agent/S0/state",
    ]) {
      const { body } = await call(path, { cookie });
      expect(body).toMatchObject({ headers: { authorization: `token=${token}`, cookie: "other=1" } });
    }
  });

  it("reliability.md§5#A2 a token of a mebibyte gets nowhere, and the next one is judged as ever", async () => {
    const before = world.kernel.seen.length;
    const status = await call("/mesos/state", { authorization: `token=${"A".repeat(2 ** 20)}` }).then(
      (answer) => answer.status,
      () => 0,
    );
    // The connection may be closed before the whole of it was sent.
    expect([0, 400, 401, 413, 431]).toContain(status);
    expect(world.kernel.seen.length).toBe(before);
    expect((await call("/mesos/state", { authorization: `token=${token}` })).status).toBe(200);
  });

  it("platform.md§15.1#A6 a bad header is not saved by a good cookie", async () => {
    const cookie = `dcos-acs-auth-cookie=${token}`;
    for (const authorization of ["token=bad", "Basic YTpi", `Basic ${token}`, ""])
      expect((await call("/mesos/state", { authorization, cookie })).status).toBe(401);
  });

  it("tells daemons who asks, by its own word alone", async () => {
    const { body } = await call("/mesos/state", {
      authorization: `token=${token}`,
      "x-keelson-user": "admin",
      "x-keelson-door": "guess",
      "x-forwarded-for": "1.2.3.4",
    });
    expect(body).toMatchObject({
      headers: {
        "x-keelson-user": "alice",
        "x-keelson-from": "127.0.0.1",
        "x-forwarded-for": "1.2.3.4, 127.0.0.1",
      },
    });
  });

  it("keeps the cluster's own token to itself", async () => {
    for (const path of ["/mesos/state", "/marathon/v2/apps", "/agent/S0/state", "/service/behind/x"]) {
      const { status, body } = await call(path, { authorization: `token=${testToken}` });
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(testToken);
    }
  });

  it("stops taking a removed user's token within seconds", async () => {
    const leaving = await world.logIn("leaving");
    const authorization = `token=${leaving}`;
    expect((await call("/mesos/state", { authorization })).status).toBe(200);
    const path = `${world.iam.url}/acs/api/v1/users/leaving`;
    expect((await ask(path, { method: "DELETE", headers: world.iam.as("admin") })).status).toBe(204);
    await eventually(
      "the token is refused",
      async () => (await call("/mesos/state", { authorization })).status === 401,
    );
  });

  it("asks nobody for keys that a token names", async () => {
    // Tried above with addresses in jku and x5u: what the door could not fetch would be in its log.
    expect(JSON.stringify(world.door.log.records)).not.toContain("127.0.0.1:9");
    expect(JSON.stringify(world.door.log.records)).not.toContain(token);
  });
});

async function expectEvents(path: string): Promise<void> {
  const abort = new AbortController();
  const answer = await fetch(world.door.url + path, {
    headers: { authorization: `token=${token}` },
    signal: abort.signal,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  abort.abort();
}
