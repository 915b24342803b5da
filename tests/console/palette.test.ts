/** The palette over a large cluster: everything is reached by a few letters, at once, from a Latin keyboard in Chinese too. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { text } from "#contracts/messages/messages.ts";
import { expectAtBest, processorUse, undisturbedMs } from "../harness/figures.ts";
import { familyOf } from "../harness/processes.ts";
import { browserPath, startBrowser } from "./browser.ts";
import { type Look, openLook, visit } from "./look.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { manyScenario } from "./scenarios/many.ts";

const shownMaxMs = 100;
const searchesPerKind = 5;
/** Two digits that end names which are there. */
const [firstSearched, lastSearched] = [10, 99];
const pages = [
  "ui.nav.dashboard",
  "ui.nav.services",
  "ui.nav.jobs",
  "ui.nav.deployments",
  "ui.nav.tasks",
  "ui.nav.nodes",
  "ui.nav.events",
  "ui.nav.audit",
  "ui.nav.settings",
] as const;
const ownActions = [
  "ui.create.title",
  "ui.jobs.new",
  "ui.search.action.light",
  "ui.search.action.dark",
  "ui.search.action.system",
  "ui.search.action.language",
  "ui.shortcuts.title",
  "ui.search.action.logOut",
] as const;
const serviceActions = ["scale", "restart", "stop", "delete", "edit", "log"] as const;
/** 10,000 tasks, 1,200 services, 1,000 nodes, 400 deployments. */
const service = "/team-31/service-1111";
const objects = [
  ["service-1111", service],
  ["node-777", "node-777.fra.example.net"],
  ["000000009999", "000000009999._app.1"],
] as const;

describe.skipIf(browserPath === undefined)("the palette over 10,000 objects", { timeout: 120_000 }, () => {
  let browser: Browser;
  let server: ScenarioServer;
  beforeAll(async () => {
    browser = await startBrowser();
    server = await startScenarioServer(manyScenario);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function opened(language: "en" | "zh"): Promise<Look> {
    const look = await openLook(browser, language);
    look.page.setDefaultTimeout(30_000);
    await visit(look.page, server.url, "/settings");
    await look.page.keyboard.press("Control+k");
    await look.page.getByRole("combobox").waitFor();
    return look;
  }
  /** Waits until a result is called so; the first of them is what Enter would take. */
  const finds = async (page: Page, typed: string, title: string): Promise<void> => {
    await page.getByRole("combobox").fill(typed);
    await page.getByRole("option").filter({ hasText: title }).first().waitFor();
  };

  it("ux.md§6#22 reaches every page, object and action", async () => {
    const { page, context } = await opened("en");
    for (const key of [...pages, ...ownActions]) await finds(page, text("en", key), text("en", key));
    for (const [typed, title] of objects) await finds(page, typed, title);
    await finds(
      page,
      "search",
      text("en", "ui.search.deployment", {
        services: "/shop/catalogue/search",
        state: text("en", "ui.deployments.state.running"),
      }),
    );
    for (const action of serviceActions)
      await finds(page, "service-1111", text("en", `ui.search.action.${action}`, { name: service }));
    // By a verb also where a name alone would find several.
    await finds(page, "restart service-111", text("en", "ui.search.action.restart", { name: service }));
    await page
      .getByRole("option")
      .filter({ hasText: `Restart ${service}` })
      .first()
      .click();
    await page.getByRole("dialog", { name: `Restart ${service}` }).waitFor();
    await context.close();
  });

  it("ux.md§6#22 reaches them by pinyin too, whole and by initials", async () => {
    const { page, context } = await opened("zh");
    const spelled: Readonly<Record<string, readonly [string, string]>> = {
      "ui.nav.services": ["fuwu", "fw"],
      "ui.nav.nodes": ["jiedian", "jd"],
      "ui.nav.tasks": ["renwu", "rw"],
      "ui.nav.deployments": ["bushu", "bs"],
      "ui.nav.settings": ["shezhi", "sz"],
      "ui.search.action.logOut": ["tuichudenglu", "tcdl"],
    };
    for (const [key, spellings] of Object.entries(spelled))
      for (const typed of spellings) await finds(page, typed, text("zh", key as (typeof pages)[number]));
    await finds(page, "chongqi service-1111", text("zh", "ui.search.action.restart", { name: service }));
    await context.close();
  });

  it("ux.md§6#22 shows what was asked for within a tenth of a second", async () => {
    const { page, context } = await opened("zh");
    // Everything is loaded by then, as for any search but the first.
    await finds(page, "fuwu", "服务");
    await finds(page, "service-0700", "service-0700");
    // Others each time: none is answered from what was asked before.
    let number = firstSearched;
    const measureMs = async (): Promise<number> => {
      const times: number[] = [];
      const before = processorUse(familyOf(process.pid));
      for (let at = 0; at < searchesPerKind; at += 1) {
        number += 1;
        for (const word of [`service-01${number}`, `node-1${number}`, `0000000090${number}`])
          times.push(await page.evaluate(search, { word, title: word }));
      }
      times.sort((one, other) => one - other);
      const [median = Number.POSITIVE_INFINITY, slowest = 0] = [times[times.length >> 1], times.at(-1)];
      console.log(
        `palette: ${times.length} searches, median ${median.toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms`,
      );
      return undisturbedMs(median, before, processorUse(familyOf(process.pid)));
    };
    await expectAtBest(shownMaxMs, measureMs, Math.floor((lastSearched - firstSearched) / searchesPerKind));
    await context.close();
  });
});

/** In the page: ms from words in the field to a result on the screen. */
async function search({ word, title }: { readonly word: string; readonly title: string }): Promise<number> {
  const field = document.querySelector<HTMLInputElement>("[role=combobox]");
  if (field === null) throw new Error("there is no palette");
  const type = (value: string): void => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const isShown = (): boolean =>
    (document.querySelector("[role=listbox]")?.textContent ?? "").includes(title);
  type("zzzz");
  while (isShown()) await new Promise(requestAnimationFrame);
  const started = performance.now();
  type(word);
  while (!isShown()) await new Promise(requestAnimationFrame);
  return performance.now() - started;
}
