/** The web console of Mesos, unmodified, in a browser: it reads the older state of the master and of agents as scripts. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "../console/browser.ts";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { type App, createApp, settled } from "../harness/services.ts";
import { checkedOut } from "./stranger-tools.ts";

const sources = checkedOut("mesos");

describe.skipIf(sources === undefined || browserPath === undefined)("the web console of Mesos", () => {
  let cluster: TestCluster;
  let app: App;
  let browser: Browser;
  let close: () => void;
  let url: string;

  beforeAll(async () => {
    cluster = await startCluster();
    await createApp(cluster, {
      id: "/shop/cart",
      cmd: "echo hello; exec sleep 100000",
      cpus: 0.25,
      mem: 32,
      instances: 2,
    });
    app = await settled(cluster, "/shop/cart");
    browser = await startBrowser();
    ({ url, close } = await serve(join(sources ?? "", "src/webui"), new URL(cluster.info.services.kernel)));
  }, 120_000);
  afterAll(async () => {
    close();
    await browser.close();
    await cluster.purge();
  });

  it("mesos.md§8#97 shows tasks, agents and frameworks, and the output in a sandbox", async () => {
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("response", (answer) => {
      if (answer.status() >= 400) wrong.push(`${answer.status()} ${answer.url()}`);
    });
    await page.goto(`${url}/#/`);
    for (const { id } of app.tasks) await page.getByText(id).first().waitFor();
    await page.goto(`${url}/#/frameworks`);
    await page.locator("a[href*='#/frameworks/']", { hasText: "-" }).first().waitFor();
    await page.getByText("marathon").first().waitFor();
    await page.goto(`${url}/#/agents`);
    await page.getByText("0.5 / ").first().waitFor();
    await page.goto(`${url}/#/`);
    await page.getByText("Sandbox").first().click();
    const output = page.locator("a[ng-click^=pail]:visible", { hasText: "stdout" });
    const [viewer] = await Promise.all([page.waitForEvent("popup"), output.click()]);
    await viewer.getByText("hello").waitFor();
    expect(wrong).toEqual([]);
  }, 240_000);
});

/** A folder's files and, for all else, what the master answers: Mesos serves its console so. */
async function serve(
  folder: string,
  master: URL,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const types = new Map([
    [".html", "text/html"],
    [".js", "text/javascript"],
    [".css", "text/css"],
  ]);
  const server = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url ?? "/", "http://console");
    const file = join(folder, pathname === "/" ? "index.html" : pathname);
    if (extname(file) !== "" && existsSync(file)) {
      answer.setHeader("content-type", types.get(extname(file)) ?? "application/octet-stream");
      answer.end(readFileSync(file));
      return;
    }
    const { hostname, port } = master;
    const onward = request({ hostname, port, path: asked.url, headers: { host: master.host } }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    onward.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
