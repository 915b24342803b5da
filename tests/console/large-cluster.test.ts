/**
 * The console on a large cluster: how many rows exist, how often events make it read, what it keeps; how soon a list is
 * usable; and how evenly it scrolls, where a page on which nothing happens draws evenly. `npm run test:long` has the whole.
 */
import { expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { measureLarge, overLimit } from "./large-cluster.ts";

it.skipIf(browserPath === undefined)(
  "ux.md§6#11 10,000 tasks on 1,000 nodes: lists are quick, few rows exist, a burst of events makes few reads, and little stays in memory",
  async () => {
    const browser = await startBrowser();
    try {
      const figures = await measureLarge(browser, { events: 8_000 });
      for (const { rowsMax } of figures.lists) expect(rowsMax).toBeLessThan(80);
      // 8,000 events in about 20 s; a page that read at each would have made tens of thousands.
      expect(figures.reads).toBeLessThan(1_500);
      // The palette's tenth of a second is held by `palette.test.ts`, over several searches.
      expect(overLimit({ ...figures, paletteMs: 0 })).toEqual([]);
    } finally {
      await browser.close();
    }
  },
  300_000,
);
