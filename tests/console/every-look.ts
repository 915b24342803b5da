/** The tests that look at every page in given scenarios. In a module of its own, so that files of tests run side by side. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import {
  type Look,
  openLook,
  overflowOf,
  shoot,
  turn,
  untranslatedOn,
  type View,
  violationsOf,
  visit,
} from "./look.ts";
import { type ConsolePage, consolePages } from "./pages.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { emptyScenario, type Scenario } from "./scenarios/scenario.ts";

const languages = [
  { language: "en", name: "in English" },
  { language: "zh", name: "ux.md§6#8 in Chinese, with nothing cut off and nothing English" },
] as const;
const shapes = (["light", "dark"] as const).flatMap((scheme) =>
  ([1280, 360] as const).map((width) => ({ scheme, width })),
);

/**
 * axe takes as long as all else together. Each page and state is judged light and wide in one language, dark and narrow in
 * the other, since words, not rules, are what differs; the scenario with most on its pages in the other mixtures too.
 */
const isJudgedByAxe = ({ name }: Scenario, { language, scheme, width }: View): boolean =>
  ((language === "en") === (width === 1280) && (scheme === "light") === (width === 1280)) ||
  (name === "shop" && (language === "zh") === (width === 1280) && (scheme === "dark") === (width === 1280));

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
          for (const page of consolePages) {
            await visit(look.page, server.url, page.path, scenario.mode === "loading");
            for (const shape of shapes)
              found.push(...(await judge(look, scenario, page, { language, ...shape })));
          }
          await look.context.close();
          expect(found).toEqual([]);
        },
        600_000,
      );
    });
  });
}

async function judge(
  { page, complaints }: Look,
  scenario: Scenario,
  { name }: ConsolePage,
  view: View,
): Promise<readonly string[]> {
  await turn(page, view);
  const shape = `${view.language}-${view.scheme}-${view.width}`;
  await shoot(page, `${name}-${scenario.name}-${shape}`);
  const found = [
    ...(await overflowOf(page)),
    ...(view.language === "zh" ? await untranslatedOn(page) : []),
    ...(isJudgedByAxe(scenario, view) ? await violationsOf(page) : []),
    ...complaints.splice(0),
  ];
  return found.map((problem) => `${name} ${shape}: ${problem}`);
}
