/** Opens pages as a person would see them, and judges what can be judged: overflow, clipped words, axe, the console. */

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { catalogues, type MessageKey } from "#contracts/messages/messages.ts";
import { scenarioNow } from "./scenarios/shop.ts";

export interface View {
  readonly language: "en" | "zh";
  readonly scheme: "light" | "dark";
  /** px */
  readonly width: 1280 | 360;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Screenshots of the last run, for people to look at; in CI nobody does. */
const shotsFolder = join(tmpdir(), "keelson-console-shots");

export interface Look {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser's console said, other than answers that are meant to fail. */
  readonly complaints: string[];
}

type Shape = Omit<View, "language">;
/** Both colours and both widths. */
export const shapes: readonly Shape[] = [
  { scheme: "light", width: 1280 },
  { scheme: "dark", width: 360 },
];
const allShapes: readonly Shape[] = [
  ...shapes,
  { scheme: "light", width: 360 },
  { scheme: "dark", width: 1280 },
];

/** What is wrong with a page as it stands in one shape. axe takes as long as all else together. */
export async function judgeShape(
  { page, complaints }: Look,
  name: string,
  { language, isJudgedByAxe, ...shape }: View & { readonly isJudgedByAxe: boolean },
): Promise<readonly string[]> {
  await turn(page, shape);
  const title = `${name}-${language}-${shape.scheme}-${shape.width}`;
  await shoot(page, title);
  const problems = [
    ...(await overflowOf(page)),
    ...(language === "zh" ? await untranslatedOn(page) : []),
    ...(isJudgedByAxe ? await violationsOf(page) : []),
    ...complaints.splice(0),
  ];
  return problems.map((problem) => `${title}: ${problem}`);
}

/**
 * The same in both colours and at both widths, in every mixture where that is wanted. Words, not rules, are what differs
 * between languages: axe judges light pages in English and dark ones in Chinese.
 */
export async function judgeShapes(
  look: Look,
  name: string,
  { language, isWhole = false }: { readonly language: View["language"]; readonly isWhole?: boolean },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const shape of isWhole ? allShapes : shapes) {
    const isJudgedByAxe = (language === "en") === (shape.scheme === "light");
    found.push(...(await judgeShape(look, name, { language, ...shape, isJudgedByAxe })));
  }
  return found;
}

export async function openLook(browser: Browser, language: View["language"]): Promise<Look> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: language === "zh" ? "zh-CN" : "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    // A refused call is the browser's own line, and meant in some scenarios.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(`error: ${message.text()}`);
    if (message.type() === "warning") complaints.push(`warning: ${message.text()}`);
  });
  await page.clock.setFixedTime(scenarioNow);
  return { context, page, complaints };
}

/** Goes to a page and waits until nothing on it is still to come, or, where answers never come, until it says so. */
export async function visit(page: Page, url: string, path: string, isLoading = false): Promise<void> {
  // Another address behind # alone does not load the console anew, which saves most of the time.
  await page.goto(`${url}#${path}`);
  await page.waitForFunction(
    (wanted) => document.documentElement.dataset["path"] === wanted,
    decodeURIComponent(path),
  );
  if (isLoading) await page.waitForTimeout(400);
  else await page.waitForFunction(() => document.querySelector("[data-loading]") === null);
  await page.evaluate(() => document.fonts.ready);
}

/**
 * Brings all code of the console into the browser's cache. Where answers never come, they hold the few connections that a
 * browser makes to one server, and code of another page would wait for one.
 */
export async function bringCode(page: Page, url: string): Promise<void> {
  await visit(page, url, "/login");
  const names = readdirSync(fileURLToPath(new URL("../../ui/dist/assets/", import.meta.url)));
  await page.evaluate(
    (files) =>
      Promise.all(files.map(async (file) => (await fetch(`/assets/${file}`)).arrayBuffer())).then(() => 0),
    names.filter((name) => /\.(js|css)$/.test(name)),
  );
}

/** Another window or other colours, as when a person changes them, and the page drawn in them. */
export async function turn(page: Page, { scheme, width }: Shape): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
  await page.setViewportSize({ width, height: width === 360 ? 740 : 800 });
  await page.waitForFunction(
    (wanted) => document.documentElement.getAttribute("data-mantine-color-scheme") === wanted,
    scheme,
  );
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
  // Colours change over a moment; half-way they are nobody's choice. What turns for ever is not waited for.
  await page
    .waitForFunction(
      () =>
        document
          .getAnimations()
          .every(
            ({ playState, effect }) => playState !== "running" || effect?.getTiming().iterations === Infinity,
          ),
      undefined,
      {
        timeout: 5_000,
      },
    )
    .catch(() => undefined);
}

async function shoot(page: Page, name: string): Promise<void> {
  if (process.env["CI"] !== undefined) return;
  mkdirSync(shotsFolder, { recursive: true });
  await page.screenshot({ path: join(shotsFolder, `${name}.png`) });
}

/** What does not fit once the page has settled: a turned window is laid out again over a few frames. */
export async function overflowOf(page: Page): Promise<readonly string[]> {
  let found = await overflowNow(page);
  for (let tries = 0; found.length > 0 && tries < 20; tries += 1) {
    await page.waitForTimeout(150);
    found = await overflowNow(page);
  }
  return found;
}

/** A page wider than its window, and words cut off without a title that says them whole. */
function overflowNow(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth)
      found.push(`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth}`);
    const main = document.querySelector("main");
    if (main !== null && main.scrollWidth > main.clientWidth)
      found.push(`the content is ${main.scrollWidth} px wide where ${main.clientWidth} fit`);
    const scrolls = (overflow: string): boolean => overflow === "auto" || overflow === "scroll";
    const cuts = (overflow: string): boolean => overflow === "hidden" || overflow === "clip";
    /** Whether a box around the words lets a part of them not be seen, and can't be scrolled to it. */
    const isCutAbove = (element: HTMLElement, words: DOMRect): boolean => {
      let isAcross = true;
      let isDown = true;
      for (
        let box: HTMLElement | null = element;
        box !== null && box !== document.body && (isAcross || isDown);
        box = box.parentElement
      ) {
        const { overflowX, overflowY, display } = getComputedStyle(box);
        if (display === "inline" || display === "contents") continue;
        const place = box.getBoundingClientRect();
        // A clip for screen readers is a pixel wide.
        if (place.width <= 1 || place.height <= 1) return false;
        if (scrolls(overflowX)) isAcross = false;
        if (scrolls(overflowY)) isDown = false;
        // Letters may stand a little out of their line.
        if (isAcross && cuts(overflowX) && (words.right > place.right + 1 || words.left < place.left - 1))
          return true;
        if (isDown && cuts(overflowY) && (words.bottom > place.bottom + 4 || words.top < place.top - 4))
          return true;
      }
      return false;
    };
    for (const element of document.querySelectorAll<HTMLElement>("body *")) {
      const style = getComputedStyle(element);
      if (style.visibility === "hidden" || style.clipPath !== "none" || element.clientWidth === 1) continue;
      const own = [...element.childNodes].filter(
        (node) => node.nodeType === Node.TEXT_NODE && (node.textContent ?? "").trim() !== "",
      );
      if (own.length === 0) continue;
      // Cut words are whole in a title here or above.
      if (element.closest("[title], [aria-hidden=true], .mantine-VisuallyHidden-root") !== null) continue;
      const range = document.createRange();
      const isCut = own.some((node) => {
        range.selectNodeContents(node);
        const words = range.getBoundingClientRect();
        return words.width > 0 && isCutAbove(element, words);
      });
      const isTooWide =
        element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && !scrolls(style.overflowX);
      if (isCut || isTooWide) found.push(`“${(element.textContent ?? "").slice(0, 60)}” is cut off`);
    }
    return found;
  });
}

/** English texts of the console that are others in Chinese; those with parameters aside. */
const englishOnly: readonly string[] = Object.entries(catalogues.en).flatMap(([key, english]) => {
  const isOurs = key.startsWith("ui.") && !/[{}]/.test(english) && /[A-Za-z]{3}/.test(english);
  return isOurs && catalogues.zh[key as MessageKey] !== english && key !== "ui.search.action.language"
    ? [english]
    : [];
});

/** Words on a Chinese page that the catalogue has in English: what is read, and what a screen reader says. */
export function untranslatedOn(page: Page): Promise<readonly string[]> {
  return page.evaluate((english) => {
    const known = new Set(english);
    const found: string[] = [];
    const judge = (words: string | null): void => {
      const trimmed = (words ?? "").trim();
      if (known.has(trimmed)) found.push(`“${trimmed}” is English`);
    };
    for (const element of document.querySelectorAll("body *")) {
      for (const name of ["aria-label", "title", "placeholder", "alt"]) judge(element.getAttribute(name));
      // Names that programs gave are nobody's words.
      if (element.closest("code, pre, .mono, .cm-editor, [role=log], [lang=en]") !== null) continue;
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) judge(node.textContent);
    }
    return found;
  }, englishOnly);
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds; nothing is excused. */
async function violationsOf(page: Page): Promise<readonly string[]> {
  // Evaluated, not added as a script: the policy allows none of others, and a debugger is not bound by it.
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axeSource);
  const results = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults;
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary ?? ""}`),
  );
}
