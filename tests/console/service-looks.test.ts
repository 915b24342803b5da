/** The pages of one service in every state, in both languages, light and dark, wide and narrow: they fit and read. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { judgeShapes, openLook, visit } from "./look.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import {
  lockedScenario,
  manyInstancesScenario,
  newServiceScenario,
  serviceScenario,
  versions,
} from "./scenarios/service.ts";

interface ServiceLook {
  readonly name: string;
  readonly path: string;
  /** What a person does there before it is looked at. */
  readonly act?: ((page: Page) => Promise<void>) | undefined;
}

const cart = "/services/%2Fshop%2Fcart";
const tab = (name: string): ServiceLook => ({ name, path: `${cart}?tab=${name}` });
const changed: ServiceLook["act"] = async (page) => {
  await page.locator("textarea").first().fill("exec ./cart --port $PORT0");
  await page.locator("[data-plan-effect]").first().waitFor();
};
const opensYaml: ServiceLook["act"] = async (page) => {
  await page.getByText("YAML", { exact: true }).click();
  await page.locator(".cm-content").waitFor();
};
/** The drawer of the first instance, by the place of its button. */
const opensDrawer =
  (button: number): ServiceLook["act"] =>
  async (page) => {
    await page.getByRole("row").nth(1).getByRole("button").nth(button).click();
    await page.getByRole("dialog").waitFor();
    await page.waitForFunction(() => document.querySelector("[data-loading]") === null);
  };

const edit: ServiceLook = { name: "edit", path: `${cart}/edit`, act: changed };
/** What `looks.test.ts` does not show already. */
const whole: readonly ServiceLook[] = [
  { name: "waiting", path: "/services/%2Fanalytics%2Fnightly-report-generator-for-all-regions" },
  { name: "deploying", path: "/services/%2Fshop%2Fcatalogue%2Fsearch" },
  tab("log"),
  tab("events"),
  { name: "version-diff", path: `${cart}?tab=configuration&version=${versions[2]}` },
  edit,
  { name: "edit-yaml", path: `${cart}/edit`, act: opensYaml },
  { name: "instance-log", path: `${cart}?tab=instances`, act: opensDrawer(1) },
  { name: "instance-files", path: `${cart}?tab=instances`, act: opensDrawer(2) },
  { name: "kill", path: `${cart}?tab=instances`, act: opensDrawer(4) },
];

const states: readonly { readonly scenario: Scenario; readonly looks: readonly ServiceLook[] }[] = [
  { scenario: serviceScenario, looks: whole },
  {
    scenario: newServiceScenario,
    looks: [
      { name: "overview", path: cart },
      ...["instances", "log", "deployments", "events", "history"].map(tab),
    ],
  },
  { scenario: manyInstancesScenario, looks: [tab("instances"), tab("log")] },
  { scenario: lockedScenario, looks: [edit] },
];

describe.skipIf(browserPath === undefined)("the pages of one service in Chromium", () => {
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

  describe.each(states)("scenario $scenario.name", ({ scenario, looks }) => {
    it.each([
      { language: "en", name: "in English" },
      { language: "zh", name: "ux.md§6#8 in Chinese, with nothing cut off and nothing English" },
    ] as const)(
      "$name, light and dark, wide and narrow",
      async ({ language }) => {
        server.serve(scenario);
        const look = await openLook(browser, language);
        const found: string[] = [];
        for (const { name, path, act } of looks) {
          // Each begins as a page newly opened does: what was open on the one before is not.
          await look.page.goto("about:blank");
          await visit(look.page, server.url, path);
          await act?.(look.page);
          found.push(...(await judgeShapes(look, `service-${name}-${scenario.name}`, { language })));
        }
        await look.context.close();
        expect(found).toEqual([]);
      },
      600_000,
    );
  });
});
