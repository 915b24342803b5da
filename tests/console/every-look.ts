/** The tests that look at every page in given scenarios. In a module of its own, so that files of tests run side by side. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { bringCode, judgeShapes, openLook, visit } from "./look.ts";
import { consolePages } from "./pages.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { emptyScenario, type Scenario } from "./scenarios/scenario.ts";

const languages = [
  { language: "en", name: "in English" },
  { language: "zh", name: "ux.md§6#8 in Chinese, with nothing cut off and nothing English" },
] as const;
/** One test a scenario and language; each visits every page and turns it through colours and widths. */
export function lookAtEveryPage(scenarios: readonly Scenario[]): void {
  describe.skipIf(browserPath === undefined)("the console in Chromium", () => {
    let browser: Browser;
    let server: ScenarioServer;
    beforeAll(async () => {
      browser = await startBrowser();
      server = await startScenarioServer(emptyScenario);
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    describe.each(scenarios)("scenario $name", (scenario) => {
      it.each(languages)(
        "$name, light and dark, wide and narrow",
        async ({ language }) => {
          server.serve(scenario);
          const look = await openLook(browser, language);
          const found: string[] = [];
          if (scenario.mode === "loading") await bringCode(look.page, server.url);
          for (const { name, path } of consolePages) {
            await visit(look.page, server.url, path, scenario.mode === "loading");
            // The scenario with most on its pages is seen in every mixture.
            const options = { language, isWhole: scenario.name === "shop" };
            found.push(...(await judgeShapes(look, `${name}-${scenario.name}`, options)));
          }
          await look.context.close();
          expect(found).toEqual([]);
        },
        600_000,
      );
    });
  });
}
