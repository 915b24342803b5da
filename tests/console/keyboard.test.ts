/** From the login to a running service without a mouse, on a real cluster. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { browserPath, startBrowser } from "./browser.ts";

/** Stops of the tabulator on one page: more is not usable by keyboard either. */
const stopsMax = 60;
const uid = "ann";
const password = "a long enough secret";

describe.skipIf(browserPath === undefined)("the keyboard alone", { timeout: 240_000 }, () => {
  let cluster: TestCluster;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    [cluster, browser] = await Promise.all([startCluster(), startBrowser()]);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
    page.setDefaultTimeout(60_000);
    const made = await fetch(`${cluster.info.url}/acs/api/v1/users/${uid}`, {
      method: "PUT",
      headers: { authorization: `token=${cluster.info.token}`, "content-type": "application/json" },
      body: JSON.stringify({ description: "types fast", password }),
    });
    expect(made.status).toBe(201);
    await fetch(`${cluster.info.url}/acs/api/v1/groups/superusers/users/${uid}`, {
      method: "PUT",
      headers: { authorization: `token=${cluster.info.token}` },
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await cluster?.purge();
  });

  /** What has the focus, as it is called: its label, or its own words. */
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement)) return "";
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null;
      return element.getAttribute("aria-label") ?? labels?.[0]?.textContent ?? element.textContent ?? "";
    });

  async function tabTo(name: RegExp): Promise<void> {
    const passed: string[] = [];
    for (let stop = 0; stop < stopsMax; stop += 1) {
      const here = (await focused()).trim();
      if (name.test(here)) return;
      passed.push(here.slice(0, 40));
      await page.keyboard.press("Tab");
    }
    throw new Error(`no stop is called ${name}: ${passed.join(" | ")}`);
  }

  it("ux.md§6#21 leads from the login to a running service", async () => {
    await page.goto(`${cluster.info.url}/#/login`);
    await page.getByRole("heading").first().waitFor();
    await tabTo(/^User name/);
    await page.keyboard.type(uid);
    await tabTo(/^Password \*/);
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "The cluster is ready" }).waitFor();

    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").waitFor();
    await page.keyboard.type("new service");
    await page
      .getByRole("option", { name: /new service/i })
      .first()
      .waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "New service" }).waitFor();
    await tabTo(/^Name/);
    await page.keyboard.type("/by-keyboard");
    await tabTo(/^Command$/);
    await page.keyboard.type("exec sleep 1000");
    // The plan comes first; then it can be done.
    await page.locator("button:enabled", { hasText: "Create service" }).waitFor();
    await tabTo(/^Create service$/);
    await page.keyboard.press("Enter");
    await eventually("it runs", async () => {
      const { status, body } = await ask(`${cluster.info.services.services}/v2/apps/by-keyboard`);
      return status === 200 && (body as { app: { tasksRunning: number } }).app.tasksRunning === 1;
    });
    await page.getByText("/by-keyboard").first().waitFor();
  });
});
