/** The store of secrets behind the door: what DC/OS' clients ask of it, and what nobody gets. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World;
let admin: string;
beforeAll(async () => {
  world = await startWorld();
  admin = await world.logIn("root-user", ["dcos:superuser"]);
}, 240_000);
afterAll(() => world.close());

interface Told {
  readonly status: number;
  readonly body: Buffer;
  readonly document: { readonly [name: string]: unknown };
}

async function call(
  method: string,
  path: string,
  {
    token = admin,
    body,
    headers = {},
    origin = world.door.url,
  }: {
    token?: string;
    body?: Buffer | object;
    headers?: Readonly<Record<string, string>>;
    origin?: string;
  } = {},
): Promise<Told> {
  const isRaw = Buffer.isBuffer(body);
  const answer = await fetch(`${origin}/secrets/v1${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `token=${token}` }),
      ...(body === undefined
        ? {}
        : { "content-type": isRaw ? "application/octet-stream" : "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isRaw ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  let document = {};
  try {
    document = JSON.parse(bytes.toString("utf8")) as object;
  } catch {
    // Some answers are no JSON.
  }
  return { status: answer.status, body: bytes, document };
}
const status = async (...args: Parameters<typeof call>): Promise<number> => (await call(...args)).status;
const binary = { accept: "application/octet-stream" };

describe("secrets", () => {
  it("platform.md§15.7#S1 are made, read, changed and removed, of any bytes, up to a bound", async () => {
    const path = "/secret/default/dev/web/password";
    expect(await status("GET", path)).toBe(404);
    expect(await status("PATCH", path, { body: { value: "x" } })).toBe(404);
    expect(await status("PUT", path, { body: { value: "first", description: "of the web" } })).toBe(201);
    expect(await status("PUT", path, { body: { value: "again" } })).toBe(409);
    expect((await call("GET", path)).document).toEqual({
      value: "first",
      author: "root-user",
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      description: "of the web",
    });
    expect(await status("PATCH", path, { body: { value: "zwölf" } })).toBe(204);
    expect((await call("GET", path)).document).toMatchObject({ value: "zwölf", description: "of the web" });

    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    expect(await status("PUT", "/secret/default/bytes", { body: bytes })).toBe(201);
    expect((await call("GET", "/secret/default/bytes", { headers: binary })).body).toEqual(bytes);
    expect(await status("GET", "/secret/default/bytes")).toBe(406);
    const most = Buffer.alloc(1_048_576, 7);
    expect(await status("PUT", "/secret/default/most", { body: most })).toBe(201);
    expect((await call("GET", "/secret/default/most", { headers: binary })).body.equals(most)).toBe(true);
    expect(await status("PUT", "/secret/default/more", { body: Buffer.alloc(1_048_577) })).toBe(413);

    const listed = async (folder: string): Promise<unknown> =>
      (await call("GET", `/secret/default/${folder}?list=true`)).document["array"];
    expect(await listed("")).toEqual(["bytes", "dev/web/password", "most"]);
    expect(await listed("dev")).toEqual(["web/password"]);
    for (const bad of ["/secret/default/a%20b", "/secret/default/a/../b%3f"])
      expect([400, 404]).toContain(await status("PUT", bad, { body: { value: "x" } }));
    expect(await status("PUT", "/secret/default/none", { body: { value: 7 } })).toBe(400);
    expect(await status("GET", "/secret/other/x")).toBe(404);
    expect(await status("DELETE", path)).toBe(204);
    expect(await status("DELETE", path)).toBe(404);
    for (const name of ["bytes", "most"]) expect(await status("DELETE", `/secret/default/${name}`)).toBe(204);
  });

  it("are for who was granted each of them, and nobody else learns that they are there", async () => {
    await call("PUT", "/secret/default/dev/db", { body: { value: "kept from others" } });
    await call("PUT", "/secret/default/prod/db", { body: { value: "kept from others" } });
    const dev = await world.logIn("dev-user", [
      "dcos:secrets:default:/dev",
      "dcos:secrets:list:default:/dev",
    ]);
    expect((await call("GET", "/secret/default/dev/db", { token: dev })).document).toMatchObject({
      value: "kept from others",
    });
    expect(await status("GET", "/secret/default/dev?list=true", { token: dev })).toBe(200);
    expect(await status("PUT", "/secret/default/dev/own", { token: dev, body: { value: "x" } })).toBe(201);
    for (const path of [
      "/secret/default/prod/db",
      "/secret/default/prod/none",
      "/secret/default?list=true",
    ]) {
      const { status: told, document } = await call("GET", path, { token: dev });
      expect(told).toBe(403);
      expect(document["description"]).toContain("lacks read on dcos:secrets:");
    }
    expect(await status("DELETE", "/secret/default/prod/none", { token: dev })).toBe(403);
    expect(await status("GET", "/secret/default/dev/db", { token: "" })).toBe(401);
    // Beside the door too.
    expect(await status("GET", "/secret/default/dev/db", { token: "", origin: world.secretsUrl })).toBe(401);
    expect(await status("GET", "/secret/default/dev/db", { token: dev, origin: world.secretsUrl })).toBe(200);
  });

  it("stand nowhere on the disk, and who changed them is in the trail without them", async () => {
    const value = "a-value-that-stands-nowhere";
    await call("PUT", "/secret/default/sealed", { body: { value } });
    await call("PATCH", "/secret/default/sealed", { body: { value: `${value}-2` } });
    const files = readdirSync(world.secretsDir).map((name) => join(world.secretsDir, name));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const bytes = readFileSync(file);
      expect(bytes.includes(value) || bytes.includes(Buffer.from(value).toString("base64"))).toBe(false);
      if (file.endsWith("/key")) expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    const trail = await fetch(`${world.door.url}/keelson/v1/audit?object=sealed`, {
      headers: { authorization: `token=${admin}` },
    });
    const text = await trail.text();
    expect(text).toContain("secret.update");
    expect(text).toContain("root-user");
    expect(text).not.toContain(value);
  });
});

it("the one store is there and open; what would close it says that there is no such thing", async () => {
  expect((await call("GET", "/store")).document).toMatchObject({
    array: [{ name: "default", initialized: true, sealed: false }],
  });
  expect((await call("GET", "/seal-status/default")).document).toMatchObject({ sealed: false });
  expect(await status("GET", "/ping")).toBe(200);
  for (const path of ["/seal/default", "/unseal/default", "/renew/x"])
    expect(await call("PUT", path, { body: {} })).toMatchObject({
      status: 501,
      document: { code: "ERR_NOT_IMPLEMENTED" },
    });
});
