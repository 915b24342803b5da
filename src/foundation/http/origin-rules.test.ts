import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json } from "./answer.ts";
import { checkOrigin, isLoopback } from "./origin-rules.ts";
import { createHttpServer } from "./server.ts";

const rules = { allowedHosts: ["cluster.example.org", "Node-1.Example.Org", "10.0.0.5", "[fd00::5]"] };
const host = "127.0.0.1:5050";

describe("the name a server is called by", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.1:5050",
    "127.8.9.10:80",
    "localhost",
    "localhost:5050",
    "LOCALHOST:5050",
    "[::1]",
    "[::1]:5050",
    "web.localhost:8800",
    "a.b.localhost",
    "cluster.example.org",
    "cluster.example.org:8800",
    "CLUSTER.example.ORG",
    "node-1.example.org:5050",
    "10.0.0.5:5050",
    "[fd00::5]:5050",
    "[FD00::5]",
  ])("may be %s", (given) => {
    expect(checkOrigin({ host: given, origin: undefined, fetchSite: undefined }, rules)).toBeUndefined();
  });

  it.each<[string | undefined, string]>([
    [undefined, "no name at all"],
    ["", "an empty one"],
    ["evil.example", "a name rebound to loopback"],
    ["evil.example:5050", "a name rebound to loopback, with our port"],
    ["127.0.0.1.evil.example", "a name that begins like ours"],
    ["localhost.evil.example", "a name that begins like ours"],
    ["evillocalhost", "a name that ends like ours"],
    ["cluster.example.org.evil.example", "a name that begins like a configured one"],
    ["evil-cluster.example.org", "a name that ends like a configured one"],
    ["web.cluster.example.org", "a name below a configured one"],
    ["0.0.0.0:5050", "the address of everything, which browsers take for this machine"],
    ["10.0.0.6:5050", "an address that is not configured"],
    ["128.0.0.1", "an address beside loopback"],
    ["127.1", "a short form"],
    ["2130706433", "a decimal form"],
    ["0x7f.0.0.1", "a hexadecimal form"],
    ["[::]", "the IPv6 address of everything"],
    ["[::2]", "an IPv6 address beside loopback"],
    ["[::ffff:127.0.0.1]", "a mapped address"],
    ["::1", "IPv6 without its brackets"],
    ["[::1", "half a bracket"],
    ["[fe80::1%25eth0]", "an address with a zone"],
    ["localhost:", "a port that is none"],
    ["localhost:http", "a port that is no number"],
    ["localhost:1:2", "two ports"],
    ["localhost, evil.example", "two names"],
    ["user@localhost", "a user"],
    ["localhost/path", "a path"],
    ["localhost\\.evil.example", "a backslash"],
    [" localhost", "a space"],
    ["löcalhost", "a letter beyond ASCII"],
  ])("may not be %j: %s", (given) => {
    const refusal = checkOrigin({ host: given, origin: undefined, fetchSite: undefined }, rules);
    expect(refusal?.code).toBe("HostNotAllowed");
    expect(refusal?.message).toContain(`Host "${given ?? ""}"`);
  });

  it("is only a loopback name when nothing is configured", () => {
    const none = { allowedHosts: [] };
    expect(checkOrigin({ host: "10.0.0.5", origin: undefined, fetchSite: undefined }, none)?.code).toBe(
      "HostNotAllowed",
    );
    expect(checkOrigin({ host, origin: undefined, fetchSite: undefined }, none)).toBeUndefined();
  });

  it("is a loopback address by its whole text only", () => {
    expect(
      ["localhost", "127.0.0.1", "127.255.255.254", "[::1]"].filter((name) => !isLoopback(name)),
    ).toEqual([]);
    expect(["127.0.0", "127.0.0.1.", "x127.0.0.1", "::1", "web.localhost", ""].filter(isLoopback)).toEqual(
      [],
    );
  });
});

describe("the page a request comes from", () => {
  it.each([
    [host, `http://${host}`, undefined],
    [host, `https://${host}`, "same-origin"],
    ["LocalHost:8800", "http://localhost:8800", undefined],
    ["localhost", "http://localhost", undefined],
    ["[::1]:8800", "http://[::1]:8800", undefined],
    ["web.localhost:8800", "http://web.localhost:8800", "same-origin"],
    ["cluster.example.org", "https://cluster.example.org", "same-origin"],
    [host, undefined, undefined],
    [host, undefined, "none"],
    [host, undefined, "same-origin"],
    [host, undefined, "same-site"],
  ])("called as %s, may be %s with Sec-Fetch-Site %s", (name, origin, fetchSite) => {
    expect(checkOrigin({ host: name, origin, fetchSite }, rules)).toBeUndefined();
  });

  it.each<[string, string | undefined, string | undefined]>([
    [host, "https://evil.example", undefined],
    [host, "http://evil.example:5050", undefined],
    [host, "null", undefined],
    [host, "", undefined],
    [host, "http://127.0.0.1:5051", undefined],
    [host, "http://127.0.0.1", undefined],
    [host, "http://localhost:5050", undefined],
    [host, `http://${host}.evil.example`, undefined],
    [host, `http://evil.example@${host}`, undefined],
    [host, `http://${host}/`, undefined],
    [host, `http://${host}, https://evil.example`, undefined],
    [host, `file://${host}`, undefined],
    [host, `chrome-extension://${host}`, undefined],
    [host, host, undefined],
    ["localhost:8800", "http://web.localhost:8800", "same-site"],
    ["web.localhost:8800", "http://other.localhost:8800", "same-site"],
    ["[::1]:8800", "http://[::2]:8800", undefined],
    ["cluster.example.org", "https://evil.example", "same-site"],
    [host, undefined, "cross-site"],
    [host, `http://${host}`, "cross-site"],
    [host, "null", "cross-site"],
  ])("called as %s, may not be %j with Sec-Fetch-Site %s", (name, origin, fetchSite) => {
    expect(checkOrigin({ host: name, origin, fetchSite }, rules)?.code).toBe("ForeignOrigin");
  });

  it("is not asked about when the name is wrong already: a rebound page is of its own origin", () => {
    const rebound = {
      host: "evil.example:5050",
      origin: "http://evil.example:5050",
      fetchSite: "same-origin",
    };
    expect(checkOrigin(rebound, rules)?.code).toBe("HostNotAllowed");
  });

  it("is told back in at most 200 characters", () => {
    const origin = `http://${"e".repeat(10_000)}`;
    expect(checkOrigin({ host, origin, fetchSite: undefined }, rules)?.message.length).toBeLessThan(300);
  });
});

describe("a server", () => {
  const server = createHttpServer({ host: "127.0.0.1", port: 0, allowedHosts: ["cluster.example.org"] });
  let port = 0;
  let handled = 0;
  beforeAll(async () => {
    server.route({
      method: ["GET", "POST"],
      path: "/thing/:id",
      handler: () => {
        handled += 1;
        return json("done");
      },
    });
    ({ port } = await server.listen());
  });
  afterAll(() => server.close());

  const ask = (headers: Readonly<Record<string, string>>, path = "/thing/1"): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, headers, agent: false }, (answer) => {
        answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
      });
      sent.once("error", reject).end();
    });

  it.each<[number, Readonly<Record<string, string>>, string]>([
    [200, {}, "/thing/1"],
    [200, { host: "cluster.example.org" }, "/thing/1"],
    [421, { host: "evil.example" }, "/thing/1"],
    [421, { host: "evil.example" }, "/nothing"],
    [421, { host: "evil.example" }, "/thing/%zz"],
    [421, { host: "evil.example" }, `/thing/${"x".repeat(5_000)}`],
    [403, { origin: "https://evil.example" }, "/thing/1"],
    [403, { origin: "null" }, "/nothing"],
    [403, { origin: "null" }, "/thing/%zz"],
    [403, { "sec-fetch-site": "cross-site" }, "/thing/1"],
  ])("answers %i to headers %j", async (status, headers, path) => {
    const before = handled;
    expect(await ask(headers, path)).toBe(status);
    expect(handled - before).toBe(status === 200 ? 1 : 0);
  });

  it("refuses a foreign page before the body it announced has come", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST /thing/1 HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: https://evil.example\r\nContent-Length: 1000\r\n\r\n`,
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (piece) => resolve(String(piece))),
    );
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    socket.destroy();
  });
});
