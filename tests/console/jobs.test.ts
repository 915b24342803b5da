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

  it("are written in a form, with the times they stand for and a plan beside, and made", async () => {
    await visit(page, server.url, "/jobs/new");
    const create = page.getByRole("button", { name: "Create" });
    const plan = page.getByRole("complementary", { name: "What will happen" });
    expect(await create.isDisabled()).toBe(true);
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("shop.tidy");
    await page.getByRole("textbox", { name: "Command", exact: true }).fill("tidy --all");
    await plan.getByText("No schedule starts it.").waitFor();
    await page.getByRole("button", { name: "Add a schedule" }).click();
    const cron = page.getByRole("textbox", { name: "Cron expression" });
    await cron.fill("0 0 30 2 *");
    await page.getByText("no date ever fits it").first().waitFor();
    expect(await create.isDisabled()).toBe(true);
    await cron.fill("0 4 * * *");
    await page.getByRole("combobox", { name: "Time zone" }).fill("UTC");
    await page.getByText(/Next: 15 Mar 2026, 04:00:00 · 16 Mar 2026/).waitFor();
    await plan.getByText("19 Mar 2026, 04:00:00").waitFor();
    await plan.getByText("node-03.fra.example.net").waitFor();
    await create.click();
    await changed("POST /service/metronome/v1/jobs");
    await page.getByRole("heading", { name: "shop.tidy", exact: true }).waitFor();
  });

  it("are changed as text too, fields that the form does not show are kept, and the plan names what changes", async () => {
    await visit(page, server.url, "/jobs/shop.backup/edit");
    const plan = page.getByRole("complementary", { name: "What will happen" });
    const save = page.getByRole("button", { name: "Save" });
    await plan.getByText("Unchanged").waitFor();
    expect(await save.isDisabled()).toBe(true);
    await page.getByRole("radiogroup", { name: "Edit as" }).getByText("JSON").click();
    const editor = page.getByRole("textbox", { name: "JSON" });
    await editor.fill(
      JSON.stringify({
        id: "shop.backup",
        run: { cmd: "true", cpus: 16, mem: 64, disk: 0, gpus: 0, secrets: {}, networks: [] },
      }),
    );
    await plan.getByText("/run/mem").waitFor();
    await plan.getByText(/16 wanted/).waitFor();
    await page.getByRole("radiogroup", { name: "Edit as" }).getByText("Form").click();
    await page.getByRole("textbox", { name: "Description", exact: true }).fill("nightly");
    await plan.getByText("/description").waitFor();
    await page.getByRole("radiogroup", { name: "Edit as" }).getByText("JSON").click();
    expect(await editor.textContent()).toMatch(/"networks": \[\]/);
    await save.click();
    await changed("PUT /service/metronome/v0/scheduled-jobs/shop.backup");
  });

  it("are found and run from the palette", async () => {
    await page.keyboard.press("Control+k");
    const field = page.getByRole("combobox", { name: "Search" });
    await field.fill("shop.inv");
    await page.getByRole("option", { name: /^Switch the schedule of shop.invoices on/ }).waitFor();
    await field.fill("run shop.inv");
    const run = page.getByRole("option", { name: /^Run shop.invoices/ });
    await run.waitFor();
    await run.click();
    await changed("POST /service/metronome/v1/jobs/shop.invoices/runs");
    await page.getByText("shop.invoices is started").waitFor();
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
