/** What people do in the console, in Chromium, against scenarios: keys, search, filters, questions before acts, live lists. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { type Look, openLook, visit } from "./look.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { manyScenario } from "./scenarios/many.ts";
import { aService, shopScenario } from "./scenarios/shop.ts";

describe.skipIf(browserPath === undefined)("using the console", { timeout: 120_000 }, () => {
  let browser: Browser;
  let server: ScenarioServer;
  let look: Look;
  let page: Page;
  beforeAll(async () => {
    browser = await startBrowser();
    server = await startScenarioServer(shopScenario);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(async () => {
    await look?.context.close();
    server.serve(shopScenario);
    look = await openLook(browser, "en");
    page = look.page;
    page.setDefaultTimeout(30_000);
  });
  const open = (path: string): Promise<void> => visit(page, server.url, path);
  const text = (): Promise<string | null> => page.locator("body").textContent();

  it("a session that ended leads to the login, and from there back, by keyboard alone", async () => {
    server.serve({ ...shopScenario, mode: "loggedOut" });
    await page.goto(`${server.url}#/nodes?filter=node-03`);
    await page.getByRole("heading", { name: "Log in to Keelson" }).waitFor();
    await page.keyboard.type("ada");
    await page.keyboard.press("Tab");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("does not know this name");
    server.serve(shopScenario);
    await page.locator("input[name=password]").fill("keel");
    await page.locator("input[name=password]").press("Enter");
    await page.getByRole("link", { name: "node-03.fra.example.net" }).waitFor();
    expect(page.url()).toContain("#/nodes?filter=node-03");
  });

  it("goes from page to page by keys, skips to the content, and lists its keys", async () => {
    await open("/dashboard");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("MAIN");
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await page.getByRole("heading", { name: "Nodes" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("node-02");
    await page.waitForFunction(() => location.hash.includes("filter=node-02"));
    await page.keyboard.press("Escape");
    await page.locator("main").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  });

  it("the palette finds pages, services and what can be done to them", async () => {
    await open("/dashboard");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("checkout");
    await page.getByRole("option", { name: "Restart /shop/checkout" }).waitFor();
    await page.getByRole("combobox").fill("audit");
    await page.getByRole("option", { name: "Audit" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Audit" }).waitFor();
  });

  it("in Chinese the palette takes pinyin", async () => {
    await look.context.close();
    look = await openLook(browser, "zh");
    page = look.page;
    await open("/dashboard");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("jied");
    await page.getByRole("option", { name: "节点" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "节点" }).waitFor();
  });

  it("a filter stands in the address, and an address brings it back", async () => {
    await open("/services");
    await page.getByRole("button", { name: "Failing" }).click();
    await page.waitForFunction(() => location.hash.includes("status"));
    await page.waitForFunction(() => document.querySelectorAll("[role=row]").length === 2);
    expect(await text()).not.toContain("/legacy/billing");
    await open("/services?filter=nothing-like-this");
    await page.getByText("Nothing matches the filter").waitFor();
  });

  it("ux.md§6#26 deleting wants the name typed, and names what will happen", async () => {
    await open("/services");
    await page.getByRole("button", { name: "More actions: /shop/cart" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete /shop/cart" });
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain("All 3 running instances end");
    const confirm = dialog.getByRole("button", { name: "Delete" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel("Type /shop/cart to confirm").fill("/shop/cart");
    await confirm.click();
    await dialog.waitFor({ state: "detached" });
    expect(server.applied.at(-1)).toMatchObject({ removals: ["/shop/cart"], basis: "b-1" });
  });

  it("several at once: what is chosen is listed before it is done", async () => {
    await open("/services");
    await page.getByRole("checkbox", { name: "Choose /web" }).check();
    await page.getByRole("checkbox", { name: "Choose /shop/cart" }).check();
    await page.getByRole("button", { name: "Restart", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Restart 2 services" });
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain("/shop/cart");
    await dialog.locator('[data-plan-effect="restart"]').nth(1).waitFor();
    await dialog.getByRole("button", { name: "Restart" }).click();
    await dialog.waitFor({ state: "detached" });
    // One deployment for both.
    expect(server.applied.at(-1)).toMatchObject({ restarts: ["/web", "/shop/cart"] });
  });

  it("a restart is planned like every change, and done as it was shown", async () => {
    await open("/services/%2Fshop%2Fcheckout");
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Restart" }).click();
    const dialog = page.getByRole("dialog", { name: "Restart /shop/checkout" });
    await dialog.locator('[data-plan-effect="restart"]').waitFor();
    expect(await dialog.textContent()).toContain("fra-production");
    expect(await dialog.textContent()).toContain("node-01.fra.example.net");
    await dialog.getByLabel("Why (optional)").fill("after the move");
    await dialog.getByRole("button", { name: "Restart" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(server.applied.at(-1)).toEqual({
      definitions: [],
      restarts: ["/shop/checkout"],
      force: false,
      basis: "b-1",
      message: "after the move",
    });
  });

  it("a deployment in the way is shown with its owner and three ways on, never as a bare lock", async () => {
    server.serve({ ...shopScenario, lockedBy: "d-41" });
    await open("/services");
    await page.getByRole("button", { name: "Restart: /shop/catalogue/search" }).click();
    const dialog = page.getByRole("dialog", { name: "Restart /shop/catalogue/search" });
    await dialog.getByText("ada has been deploying /shop/catalogue/search").waitFor();
    const confirm = dialog.getByRole("button", { name: "Restart", exact: true });
    expect(await confirm.isDisabled()).toBe(true);
    for (const way of ["Wait", "Replace it", "Cancel it"])
      expect(await dialog.getByRole("button", { name: way }).isVisible()).toBe(true);
    const replace = dialog.getByRole("button", { name: "Replace it" });
    await replace.click();
    // Meanwhile it is another one that is in the way: nobody has said anything about that.
    const deployments = shopScenario.deployments.map((each) =>
      each.id === "d-41" ? { ...each, id: "d-99", user: "grace" } : each,
    );
    server.serve({ ...shopScenario, deployments, lockedBy: "d-99" });
    await dialog.getByText("grace has been deploying /shop/catalogue/search").waitFor();
    expect(await replace.getAttribute("aria-pressed")).toBe("false");
    expect(await confirm.isDisabled()).toBe(true);
    await replace.click();
    await confirm.click();
    await dialog.waitFor({ state: "detached" });
    expect(server.applied.at(-1)).toMatchObject({ restarts: ["/shop/catalogue/search"], force: true });
  });

  it("a node is emptied after it was said what ends there, and given up only when its name is typed", async () => {
    await open("/nodes/8f6e2c1a-71c4-4d0e-9a51-000000000002");
    const act = async (name: string) => {
      await page.getByRole("button", { name: "Actions" }).click();
      await page.getByRole("menuitem", { name }).click();
      return page.getByRole("dialog", { name: `${name} node-02.fra.example.net` });
    };
    const drain = await act("Drain");
    await drain
      .getByText("web: ")
      .or(drain.getByText(/: \d+ tasks?$/))
      .first()
      .waitFor();
    expect(await drain.textContent()).toContain("fra-production");
    await drain.getByLabel("Longest grace of a task, in seconds").fill("30");
    await drain.getByRole("button", { name: "Drain" }).click();
    await drain.waitFor({ state: "detached" });
    const path = "/mesos/keelson/v1/nodes/8f6e2c1a-71c4-4d0e-9a51-000000000002";
    expect(server.changes.at(-1)).toBe(`POST ${path}/drain`);
    const leave = await act("Decommission");
    const confirm = leave.getByRole("button", { name: "Decommission" });
    expect(await confirm.isDisabled()).toBe(true);
    await leave.getByLabel("Type node-02.fra.example.net to confirm").fill("node-02.fra.example.net");
    await confirm.click();
    await leave.waitFor({ state: "detached" });
    expect(server.changes.at(-1)).toBe(`POST ${path}/drain`);
    await open("/nodes/8f6e2c1a-71c4-4d0e-9a51-000000000005");
    await page.getByText("It is being emptied").waitFor();
    await page.getByRole("button", { name: "Actions" }).click();
    expect(await page.getByRole("menuitem", { name: "Deactivate" }).count()).toBe(0);
  });

  it("lists follow events, and a lost connection heals without stale rows", async () => {
    await open("/services");
    const event = (id: string) => ({
      id,
      at: Date.now(),
      kind: "service" as const,
      change: "changed",
      object: "/web",
    });
    server.serve({ ...shopScenario, services: [aService("/web", "stopped", { running: 0, wanted: 0 })] });
    server.send(event("100"));
    await page.waitForFunction(() => document.querySelectorAll("[role=row]").length === 2);
    server.holdStreams(true);
    await page.getByText("Connection lost, reconnecting…").waitFor();
    server.serve(shopScenario);
    server.holdStreams(false);
    server.onFollow({ ...event("101"), kind: "reset" });
    await page.waitForFunction(() => document.querySelectorAll("[role=row]").length === 8);
    await page.getByText("Connection lost, reconnecting…").waitFor({ state: "detached" });
  });

  it("of ten thousand rows only those on the screen exist", async () => {
    server.serve(manyScenario);
    await open("/tasks");
    await page.getByRole("table", { name: "Tasks" }).waitFor();
    expect(await page.getByRole("table").getAttribute("aria-rowcount")).toBe("10001");
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    await page.getByRole("table").press("End");
    await page.waitForFunction(() => document.querySelector('[aria-rowindex="10001"]') !== null);
  });

  it("colours and language are chosen in the settings and kept", async () => {
    await open("/settings");
    await page.getByText("Dark", { exact: true }).click();
    await page.getByText("中文", { exact: true }).click();
    await page.getByRole("heading", { name: "设置" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "设置" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset["mantineColorScheme"])).toBe("dark");
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
  });
});
