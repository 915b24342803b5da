/** What people do to jobs in the console, in Chromium, against a scenario. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { type Look, openLook, visit } from "./look.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { shopScenario } from "./scenarios/shop.ts";

const api = "/service/metronome/v1/jobs/shop.backup";

describe.skipIf(browserPath === undefined)("jobs in the console", { timeout: 120_000 }, () => {
  let browser: Browser;
  let server: ScenarioServer;
  let look: Look;
  let page: Page;
  beforeAll(async () => {
    browser = await startBrowser();
    server = await startScenarioServer(shopScenario);
    look = await openLook(browser, "en");
    page = look.page;
    page.setDefaultTimeout(30_000);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(() => visit(page, server.url, "/jobs/shop.backup"));
  const changed = async (call: string): Promise<void> => {
    await expect.poll(() => server.changes, { timeout: 30_000 }).toContain(call);
  };

  it("are found by what they are, and lead to their page", async () => {
    await visit(page, server.url, "/jobs");
    await page.getByRole("button", { name: "Failed" }).click();
    await expect.poll(() => page.getByRole("row").count(), { timeout: 30_000 }).toBe(2);
    await page.getByRole("link", { name: "shop.backup" }).click();
    await page.getByRole("heading", { name: "shop.backup" }).waitFor();
    expect(await page.getByRole("region", { name: "Why" }).textContent()).toMatch(/ended with status 3/i);
  });

  it("are run at once, and their schedule is switched off", async () => {
    await page.getByRole("button", { name: "Run now" }).click();
    await changed(`POST ${api}/runs`);
    await page.getByText("shop.backup is started").waitFor();
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Switch the schedule off" }).click();
    await changed(`PUT ${api}/schedules/nightly`);
  });

  it("have a run stopped after a question, and show what a run wrote", async () => {
    await page.getByRole("button", { name: "Stop 20260314091200Qw3rT" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop", exact: true }).click();
    await changed(`POST ${api}/runs/20260314091200Qw3rT/actions/stop`);
    await page.getByRole("button", { name: "Log of 20260314023000x7Yz1" }).click();
    await page.getByRole("log").waitFor();
  });

  it("are written as JSON, judged on the way, and made", async () => {
    await visit(page, server.url, "/jobs/new");
    const editor = page.getByRole("textbox", { name: "Definition as JSON" });
    const create = page.getByRole("button", { name: "Create" });
    const write = (cron: string): Promise<void> =>
      editor.fill(
        JSON.stringify({
          id: "shop.tidy",
          run: { cmd: "true", cpus: 0.1, mem: 32, disk: 0 },
          schedules: [{ id: "often", cron, timezone: "UTC" }],
        }),
      );
    await write("0 0 30 2 *");
    await page.getByText("no date ever fits it").first().waitFor();
    expect(await create.isDisabled()).toBe(true);
    await write("0 4 * * *");
    await page.getByText(/Would run at 15 Mar 2026, 04:00:00/).waitFor();
    await create.click();
    await changed("POST /service/metronome/v1/jobs");
  });

  it("are deleted once their name is typed", async () => {
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    const verb = page.getByRole("dialog").getByRole("button", { name: "Delete" });
    expect(await verb.isDisabled()).toBe(true);
    await page.getByLabel("Type shop.backup to confirm").fill("shop.backup");
    await verb.click();
    await changed(`DELETE ${api}`);
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    expect(look.complaints).toEqual([]);
  });
});
