/** The judges of pages see what they are there for. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { openLook, overflowOf, untranslatedOn } from "./look.ts";

const box = (style: string, inside: string): string => `<div style="width:80px;${style}">${inside}</div>`;
const long = "<span>words that need far more than eighty pixels</span>";

describe.skipIf(browserPath === undefined)("a look", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 120_000);
  afterAll(() => browser?.close());

  it.each([
    ["words cut at the side by a box around them", box("overflow:hidden;white-space:nowrap", long), 1],
    ["words cut below", box("overflow:hidden;height:20px", long), 1],
    [
      "words that a title has whole",
      box("overflow:hidden;white-space:nowrap", `<b title="words">${long}</b>`),
      0,
    ],
    ["words one can scroll to", box("overflow:auto;white-space:nowrap", long), 0],
    ["words that fit", box("overflow:hidden", long), 0],
  ])("at %s", async (_name, html, found) => {
    const { page, context } = await openLook(browser, "zh");
    await page.setContent(`<main>${html}</main>`);
    expect(await overflowOf(page)).toHaveLength(found);
    await context.close();
  });

  it("sees English in a Chinese page, in labels too, and leaves names of programs alone", async () => {
    const { page, context } = await openLook(browser, "zh");
    await page.setContent(
      '<p>Running</p><button aria-label="Cancel">取消</button><code>Running</code><p>运行中</p>',
    );
    expect(await untranslatedOn(page)).toEqual(["“Running” is English", "“Cancel” is English"]);
    await context.close();
  });
});
