/** A task that serves a hostile page to somebody who is logged in, in a real browser. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { csrfHeader } from "#contracts/identity.ts";
import { listedApp, type Upstream } from "#platform/admin-router/testing.ts";
import { browserPath, startBrowser } from "../../console/browser.ts";
import { ask } from "../../harness/cluster.ts";
import { startWorld, type World } from "./world.ts";

/** Everything a page may try, each with what came of it; `blocked` when the browser or the door said no. */
const attacks = (consoleUrl: string): string => `
  const results = {};
  const attempt = async (name, work) => {
    try { results[name] = String(await work()); } catch (error) { results[name] = "blocked"; }
  };
  const call = (path, options) => fetch(path, { credentials: "include", ...options }).then(async (answer) =>
    answer.type === "opaque" ? "blocked" : answer.ok ? "done: " + (await answer.text()).slice(0, 80) : "blocked");
  const header = { "${csrfHeader}": "1" };
  const run = async () => {
    await attempt("cookies", () => /dcos-acs|keelson/.test(document.cookie) ? "read" : "blocked");
    for (const base of ["", "${consoleUrl}"]) {
      await attempt("delete" + base, () => call(base + "/acs/api/v1/users/admin", { method: "DELETE", headers: header }));
      await attempt("plain post" + base, () => call(base + "/marathon/v2/apps", { method: "POST", body: "{}" }));
      await attempt("no-cors post" + base, () => call(base + "/mesos/api/v1", { method: "POST", mode: "no-cors", body: "{}" }));
      await attempt("read" + base, () => call(base + "/mesos/state"));
      await attempt("audit" + base, () => call(base + "/keelson/v1/audit", { headers: header }));
    }
    await attempt("socket", () => new Promise((resolve) => {
      const socket = new WebSocket("${consoleUrl.replace("http", "ws")}/agent/S0/keelson/v1/exec/t");
      socket.onopen = () => resolve("open"); socket.onerror = () => resolve("blocked");
    }));
    await attempt("window", async () => {
      const opened = window.open("${consoleUrl}/");
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return opened === null ? "blocked" : opened.document.body.innerHTML.length > 0 ? "read" : "blocked";
    });
    await attempt("frame", async () => {
      const frame = document.createElement("iframe");
      frame.src = "${consoleUrl}/";
      document.body.append(frame);
      await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 3000); });
      return frame.contentDocument?.body.innerText.includes("the console") ? "read" : "blocked";
    });
    await attempt("worker", () => navigator.serviceWorker.register("/service/spark/worker.js", { scope: "/" }).then(() => "registered"));
    await attempt("form", async () => {
      const form = document.createElement("form");
      form.method = "POST"; form.action = "${consoleUrl}/marathon/v2/apps"; form.enctype = "text/plain"; form.target = "elsewhere";
      document.body.append(form);
      form.submit();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return "blocked";
    });
    await attempt("own", () => fetch("own").then((answer) => answer.text()));
    window.results = results;
    document.title = "over";
  };
  run();
`;

describe.skipIf(browserPath === undefined)("a hostile page in a browser", { timeout: 120_000 }, () => {
  let world: World;
  let browser: Browser;
  let page: Page;
  let task: Upstream;
  let consoleUrl: string;

  beforeAll(async () => {
    world = await startWorld();
    task = await world.task();
    writeFileSync(
      join(world.consoleDir, "index.html"),
      "<!doctype html><title>DC/OS</title><p>the console</p>",
    );
    consoleUrl = `http://localhost:${world.door.port}`;
    world.facts.apps = { apps: [listedApp("/shop/cart", task.port, { DCOS_SERVICE_NAME: "shop/cart" })] };
    world.facts.summary = {
      frameworks: [{ id: "fw-1", name: "spark", webui_url: task.url }],
      slaves: [{ id: "S0", pid: `slave(1)@127.0.0.1:${world.kernel.port}` }],
    };
    task.respond = (request, response) => {
      if (request.url?.endsWith("/own") === true) return response.end("its own answer");
      if (request.url?.endsWith(".js") === true)
        return response.writeHead(200, { "content-type": "text/javascript" }).end("self.onfetch = () => {};");
      response.setHeader("set-cookie", ["dcos-acs-auth-cookie=fixed; Path=/", "task=1; Path=/"]);
      return response
        .writeHead(200, { "content-type": "text/html" })
        .end(`<!doctype html><title>hostile</title><body><script>${attacks(consoleUrl)}</script></body>`);
    };
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(60_000);
    const link = await ask(`${world.iam.url}/keelson/v1/login-links`, {
      method: "POST",
      body: {},
      headers: world.iam.as("admin"),
    });
    await page.goto(consoleUrl + (link.body as { readonly path: string }).path);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });
  beforeEach(() => {
    for (const upstream of [world.kernel, world.services, task]) upstream.seen.length = 0;
  });

  const resultsAt = async (url: string): Promise<{ url: string; results: Record<string, string> }> => {
    await page.goto(url);
    await page.waitForFunction("document.title === 'over'");
    const results = await page.evaluate(
      () => (globalThis as unknown as { results: Record<string, string> }).results,
    );
    return { url: page.url(), results };
  };
  const expectNothingDone = async (results: Record<string, string>): Promise<void> => {
    const { own: _own, ...tried } = results;
    // What it reads below its own address is its own answer, not an API's.
    const reached = Object.entries(tried).filter(
      ([, came]) => came !== "blocked" && !came.includes("hostile"),
    );
    expect(reached).toEqual([]);
    expect(world.kernel.seen.concat(world.services.seen)).toEqual([]);
    const admin = await ask(`${world.iam.url}/acs/api/v1/users/admin`, { headers: world.iam.as("admin") });
    expect(admin.status).toBe(200);
    const cookies = await page.context().cookies(consoleUrl);
    expect(cookies.find(({ name }) => name === "dcos-acs-auth-cookie")?.value).toMatch(/^eyJ/);
    const received = JSON.stringify(task.seen);
    expect(received).not.toMatch(/eyJhbGciOiJSUzI1NiI|dcos-acs-(?:auth|info)-cookie|x-keelson-(?:user|door)/);
  };

  it("is sent to a host of its own, logged in there by itself, and gets nowhere from it", async () => {
    const { url, results } = await resultsAt(`${consoleUrl}/service/shop/cart/`);
    expect(url).toBe(`http://cart.shop.localhost:${world.door.port}/`);
    expect(results["own"]).toBe("its own answer");
    await expectNothingDone(results);
  });

  it("is nobody below the console's address", async () => {
    const { url, results } = await resultsAt(`${consoleUrl}/service/spark/`);
    expect(url).toBe(`${consoleUrl}/service/spark/`);
    await expectNothingDone(results);
  });

  it("and the console itself works on, with its cookie and its header", async () => {
    await page.goto(consoleUrl);
    const status = await page.evaluate(
      (name) =>
        fetch("/mesos/api/v1", { method: "POST", headers: { [name]: "1" } }).then((answer) => answer.status),
      csrfHeader,
    );
    expect(status).toBe(200);
    expect(world.kernel.seen.map(({ headers }) => headers["x-keelson-user"])).toEqual(["admin"]);
  });
});
