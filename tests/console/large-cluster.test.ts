/**
 * The console on a large cluster, by what does not depend on how busy the machine is: how many rows exist, how often
 * events make it read, what it keeps. Times are measured by `large-cluster.ts`, in `npm run test:long`.
 */
import { expect, it } from "vitest";
import { browserPath, startBrowser } from "./browser.ts";
import { measureLarge } from "./large-cluster.ts";

it.skipIf(browserPath === undefined)(
  "10,000 tasks on 1,000 nodes: few rows exist, a burst of events makes few reads, and little stays in memory",
  async () => {
    const browser = await startBrowser();
    try {
      const figures = await measureLarge(browser, { events: 8_000 });
      for (const { rowsMax } of figures.lists) expect(rowsMax).toBeLessThan(80);
      // 8,000 events in about 20 s; a page that read at each would have made tens of thousands.
      expect(figures.reads).toBeLessThan(1_500);
      expect(figures.heapMib).toBeLessThan(300);
    } finally {
      await browser.close();
    }
  },
  300_000,
);
