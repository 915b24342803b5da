/** The console at the door of a real cluster: logged in by the one-time link, it shows what runs and changes it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { expectAtBest, processorUse, undisturbedMs } from "../harness/figures.ts";
import { familyOf } from "../harness/processes.ts";
import { browserPath, startBrowser } from "./browser.ts";

describe.skipIf(browserPath === undefined)("the console of a real cluster", { timeout: 240_000 }, () => {
  let cluster: TestCluster;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    [cluster, browser] = await Promise.all([startCluster(), startBrowser()]);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
    page.setDefaultTimeout(90_000);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await cluster?.purge();
  });

  const call = (path: string, body: object): Promise<Response> =>
    fetch(`${cluster.info.url}${path}`, {
      method: "POST",
      headers: { authorization: `token=${cluster.info.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  it("opens by a login link and teaches the first command", async () => {
    const link = (await (await call("/keelson/v1/login-links", {})).json()) as { path: string };
    await page.goto(`${cluster.info.url}${link.path}`);
    await page.getByRole("heading", { name: "The cluster is ready" }).waitFor();
    expect(await page.getByText("keelson demo").isVisible()).toBe(true);
  });

  it("shows a service as soon as there is one, without a reload", async () => {
    await page.getByRole("link", { name: "Services" }).click();
    await page.getByText("No services yet").waitFor();
    const made = await call("/service/marathon/v2/apps", {
      id: "/shop/cart",
      cmd: "sleep 3600",
      cpus: 0.1,
      mem: 32,
      instances: 1,
    });
    expect(made.status).toBe(201);
    await page.getByRole("link", { name: "/shop/cart" }).waitFor();
    await page.getByRole("row", { name: "Running" }).waitFor();
  });

  it("scales it from its row, and the row follows", async () => {
    await page.getByRole("button", { name: "Scale: /shop/cart" }).click();
    const dialog = page.getByRole("dialog", { name: "Scale /shop/cart" });
    await dialog.getByLabel("Instances").fill("2");
    await dialog.getByRole("button", { name: "Scale" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("img", { name: "2 of 2 running, 0 unhealthy, 0 starting" }).waitFor();
  });

  it("tells it in tasks, nodes, deployments, events and the audit trail", async () => {
    await page.getByRole("link", { name: "Events" }).click();
    await page.getByText("TASK_RUNNING").first().waitFor();
    await page.getByRole("link", { name: "Tasks" }).click();
    await page.locator('[aria-rowcount="3"]').waitFor();
    await page.getByRole("link", { name: "Nodes" }).click();
    await page.getByText("Active").first().waitFor();
    await page.getByRole("link", { name: "Deployments" }).click();
    await page.getByRole("button", { name: "/shop/cart" }).first().click();
    await page.getByText("Scale /shop/cart from 1 to 2").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Audit" }).click();
    await page.getByText("service.create").waitFor();
  });

  it("tells what happened before it was opened, and since when it knows", async () => {
    await page.reload();
    await page.getByRole("link", { name: "Events" }).click();
    await page.getByText("TASK_RUNNING").first().waitFor();
    await page.getByText(/^Everything since .*; what happened before is not kept\.$/).waitFor();
    await page.evaluate("location.hash = '#/services/%2Fshop%2Fcart?tab=events'");
    await page.getByText("TASK_RUNNING").first().waitFor();
    await page.getByText(/^Everything since /).waitFor();
  });

  it("ux.md§6#18 opens a terminal within half a second that follows the window, ends with the code and is in the audit trail", async () => {
    await page.getByRole("link", { name: "Services" }).click();
    await page.getByRole("link", { name: "/shop/cart" }).click();
    await page.getByRole("tab", { name: "Instances" }).click();
    const screen = page.locator(".xterm-rows");
    const open = page.getByRole("button", { name: /^Terminal in / }).first();
    await open.and(page.locator("button:enabled")).waitFor();
    await expectAtBest(500, async () => {
      const before = processorUse(familyOf(process.pid));
      const startedAt = performance.now();
      await open.click();
      await screen.filter({ hasText: /[#$]\s*$/ }).waitFor();
      const ms = undisturbedMs(performance.now() - startedAt, before, processorUse(familyOf(process.pid)));
      await page.keyboard.type("exit 3\n");
      await page.getByText("ended with exit code 3").waitFor();
      await page.getByRole("button", { name: "Close" }).click();
      await screen.waitFor({ state: "detached" });
      return ms;
    });
    await open.click();
    await screen.filter({ hasText: /[#$]\s*$/ }).waitFor();
    const sizes = async (): Promise<readonly string[]> => {
      await page.keyboard.type("stty size\n");
      const rows = await screen.locator("> div").allTextContents();
      return rows.map((row) => row.trim()).filter((row) => /^\d+ \d+$/.test(row));
    };
    const [first] = await eventually("its size", async () => {
      const told = await sizes();
      return told.length > 0 && told;
    });
    await page.setViewportSize({ width: 900, height: 600 });
    await eventually("another size", async () => (await sizes()).some((size) => size !== first));
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.keyboard.press("Escape");
    await page.goto(`${cluster.info.url}/#/audit`);
    await page.getByText("task.exec").first().waitFor();
    await page
      .getByRole("row", { name: /admin.*task\.exec|task\.exec.*admin/ })
      .first()
      .waitFor();
  });

  it("has complained of nothing", () => {
    expect(complaints).toEqual([]);
  });
});
