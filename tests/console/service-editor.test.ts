/** The editor in a real browser: form and texts say the same, comments stay, faults are told, help is at hand. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainField } from "#contracts/docs/field-docs.ts";
import { browserPath, startBrowser } from "./browser.ts";
import { openLook, visit } from "./look.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { serviceScenario } from "./scenarios/service.ts";
import { scenarioNow } from "./scenarios/shop.ts";

const editPath = "/services/%2Fshop%2Fcart/edit";

describe.skipIf(browserPath === undefined)("the editor of a service", () => {
  let browser: Browser;
  let server: ScenarioServer;
  beforeAll(async () => {
    browser = await startBrowser();
    server = await startScenarioServer(serviceScenario);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** A freshly opened editor; the page is closed after. */
  async function inEditor(run: (page: Page) => Promise<void>, language: "en" | "zh" = "en"): Promise<void> {
    const { context, page, complaints } = await openLook(browser, language);
    await visit(page, server.url, editPath);
    await run(page);
    await context.close();
    expect(complaints).toEqual([]);
  }
  const pane = async (page: Page, name: "Form" | "YAML" | "JSON"): Promise<void> => {
    await page.getByText(name, { exact: true }).click();
    if (name !== "Form") await page.locator(".cm-content").waitFor();
  };
  const typeAtStart = async (page: Page, words: string): Promise<void> => {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type(words);
  };

  it(
    "keeps a comment of YAML, and a field nobody knows, through a change in the form",
    () =>
      inEditor(async (page) => {
        await pane(page, "YAML");
        await typeAtStart(page, "# owned by the shop\n");
        await pane(page, "Form");
        await page.locator('[data-field="cpus"]').fill("2.5");
        await pane(page, "JSON");
        await page.locator(".cm-content", { hasText: '"cpus": 2.5' }).waitFor();
        // Only lines near the cursor are drawn; the field that nobody knows is the last.
        await page.locator(".cm-content").click();
        await page.keyboard.press("Control+End");
        await page.locator(".cm-content", { hasText: '"x-kept"' }).waitFor();
        await pane(page, "YAML");
        await page.locator(".cm-content", { hasText: "cpus: 2.5" }).waitFor();
        await page.locator(".cm-content", { hasText: "# owned by the shop" }).waitFor();
        // Nothing was typed between the two: the plan is of what stands there.
        await page.locator("[data-plan-effect]").first().waitFor();
      }),
    120_000,
  );

  it(
    "tells where a text can't be read, and holds the form until it can",
    () =>
      inEditor(async (page) => {
        await pane(page, "YAML");
        await typeAtStart(page, "id: [\n");
        await page.locator('[data-severity="error"]').first().waitFor();
        await pane(page, "Form");
        await page.getByRole("alert").filter({ hasText: "YAML" }).waitFor();
        expect(await page.locator("textarea").first().isDisabled()).toBe(true);
        expect(await page.getByRole("button", { name: "Apply change" }).isDisabled()).toBe(true);
      }),
    120_000,
  );

  it(
    "names the field of a problem in the words of the API, and does not plan it",
    () =>
      inEditor(async (page) => {
        await page.locator('[data-field="cpus"]').fill("0");
        await page.getByText("has to be at least 0.001").first().waitFor();
        expect(await page.getByRole("button", { name: "Apply change" }).isDisabled()).toBe(true);
      }),
    120_000,
  );

  it(
    "completes names of fields with what they mean",
    () =>
      inEditor(async (page) => {
        await pane(page, "YAML");
        await typeAtStart(page, "back");
        await page.keyboard.press("Control+Space");
        await page.locator(".cm-tooltip-autocomplete", { hasText: "backoffSeconds" }).waitFor();
      }),
    120_000,
  );

  it.each(["en", "zh"] as const)(
    "ux.md§6#24 says at the name of a field what it means, assumes and looks like, and since when it is there, in %s",
    (language) =>
      inEditor(async (page) => {
        const doc = explainField("app.backoffFactor", language);
        expect(doc).toMatchObject({ default: expect.any(Number), since: expect.any(String) });
        await pane(page, "YAML");
        await typeAtStart(page, "backoffFactor: 2\n");
        // The editor counts by the clock how long the pointer rests.
        await page.clock.setSystemTime(scenarioNow);
        const word = page.locator(".cm-line", { hasText: "backoffFactor" }).locator("span").first();
        const help = page.locator(".field-doc");
        // What the editor does meanwhile (colours, problems) ends a rest of the pointer; it rests again then.
        await expect
          .poll(
            async () => {
              await page.mouse.move(0, 0);
              await word.hover();
              return help.waitFor({ timeout: 5_000 }).then(
                () => "shown",
                () => "not yet",
              );
            },
            { timeout: 90_000 },
          )
          .toBe("shown");
        const said = await help.textContent();
        for (const fact of [
          doc?.description,
          JSON.stringify(doc?.default),
          JSON.stringify(doc?.example),
          doc?.since,
        ])
          expect(said).toContain(fact);
      }, language),
    120_000,
  );
});
