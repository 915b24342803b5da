import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { empty, json } from "./answer.ts";
import { acceptFramedLinks, type FramedLink, openFramedLink } from "./framed-link.ts";
import { createHttpServer } from "./server.ts";

const protocol = "test-link";
const server = createHttpServer({ host: "127.0.0.1", port: 0 });
let url = "";

beforeAll(async () => {
  acceptFramedLinks(server, "/link", protocol, () => ({
    onFrame: () => undefined,
    onClose: () => undefined,
  }));
  server.route({ method: "GET", path: "/plain", handler: () => json("plain") });
  ({ url } = await server.listen());
});
afterAll(() => server.close());

describe("opening a framed link", () => {
  const failure = (
    target: string,
    headers: Readonly<Record<string, string>> = {},
    wanted = protocol,
  ): Promise<string> =>
    new Promise((resolve, reject) => {
      openFramedLink(
        { url: target, protocol: wanted, headers },
        (link) => {
          link.close("not expected");
          reject(new Error("a link was opened"));
          return { onFrame: () => undefined, onClose: () => undefined };
        },
        resolve,
      );
    });

  it.each([
    ["another path", "/other", {}, protocol, 404],
    ["a page that is no link", "/plain", {}, protocol, 200],
    ["another protocol", "/link", {}, "websocket", 400],
    ["a page of another site", "/link", { origin: "https://evil.example" }, protocol, 403],
    ["a page of no site", "/link", { origin: "null" }, protocol, 403],
    ["a rebound name", "/link", { host: "evil.example" }, protocol, 421],
  ])("fails for %s, and says what was answered", async (_claim, path, headers, wanted, status) => {
    expect(await failure(`${url}${path}`, headers, wanted)).toBe(
      `the server answered ${status} instead of a link`,
    );
  });

  it("fails where nobody listens, and where the connection just ends", async () => {
    const deaf = createServer();
    deaf.on("upgrade", (_request, socket) => socket.destroy());
    await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
    const { port: deafPort } = deaf.address() as AddressInfo;
    expect(await failure(`http://127.0.0.1:${deafPort}/link`)).toMatch(/socket hang up|ECONNRESET/);
    await new Promise((resolve) => deaf.close(resolve));
    expect(await failure(`http://127.0.0.1:${deafPort}/link`)).toContain("ECONNREFUSED");
  });

  describe("that is somewhere else", () => {
    const elsewhere = createHttpServer({ host: "127.0.0.1", port: 0 });
    let other = "";
    /** Where its answers lead, by the path of the request. */
    const leads = new Map<string, string>();
    beforeAll(async () => {
      elsewhere.route({
        method: "GET",
        path: "/*",
        handler: ({ path }) => empty(307, { location: leads.get(path) ?? "" }),
      });
      ({ url: other } = await elsewhere.listen());
    });
    afterAll(() => elsewhere.close());

    it("follows to the same path of another server", async () => {
      leads.set("/link", `${url.slice("http:".length)}/link`);
      const link = await new Promise<FramedLink>((resolve, reject) => {
        openFramedLink(
          { url: `${other}/link`, protocol },
          (opened) => {
            resolve(opened);
            return { onFrame: () => undefined, onClose: () => undefined };
          },
          (reason) => reject(new Error(reason)),
        );
      });
      link.close("seen");
    });

    it.each([
      ["another path", () => `${url}/plain`],
      ["another protocol", () => `https${url.slice("http".length)}/link`],
      ["itself", () => `${other}/link`],
      ["no address", () => "http://"],
    ])("does not follow to %s", async (_claim, target) => {
      leads.set("/link", target());
      expect(await failure(`${other}/link`)).toBe("the server answered 307 instead of a link");
    });

    it("goes round in no circle", async () => {
      const second = createHttpServer({ host: "127.0.0.1", port: 0 });
      second.route({
        method: "GET",
        path: "/*",
        handler: () => empty(307, { location: `${other}/link` }),
      });
      const { url: back } = await second.listen();
      leads.set("/link", `${back}/link`);
      expect(await failure(`${other}/link`)).toBe("the server answered 307 instead of a link");
      await second.close();
    });
  });

  it("can be given up before an answer came; no link follows", async () => {
    const reasons: string[] = [];
    let opened = 0;
    const attempt = openFramedLink(
      { url: `${url}/link`, protocol },
      () => {
        opened += 1;
        return { onFrame: () => undefined, onClose: () => undefined };
      },
      (reason) => reasons.push(reason),
    );
    attempt.abort();
    attempt.abort();
    // The server has seen it end by the time it answers the next.
    expect(await failure(`${url}/other`)).toContain("404");
    expect(reasons).toEqual(["aborted"]);
    expect(opened).toBe(0);
  });
});
