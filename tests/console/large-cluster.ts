/**
 * How the console does on 10,000 tasks of 1,200 services on 1,000 nodes: how soon each list is usable, how evenly it
 * scrolls, what an hour of events leaves behind.
 *
 * `node tests/console/large-cluster.ts` prints the figures and fails when one is over its limit; run it on an idle machine.
 */
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { startBrowser } from "./browser.ts";
import { type ScenarioServer, startScenarioServer } from "./scenario-server.ts";
import { manyScenario } from "./scenarios/many.ts";

export interface ListFigures {
  readonly list: string;
  /** From the click to rows on the screen; the page's code is loaded in it. */
  readonly usableMs: number;
  /** Between frames while it scrolls by a third of a screen each frame. */
  readonly frameP95Ms: number;
  readonly rowsMax: number;
}

export interface LargeFigures {
  readonly lists: readonly ListFigures[];
  /** From a key in the palette to objects of the cluster on the screen. */
  readonly paletteMs: number;
  readonly events: number;
  /** Reads that those events caused. */
  readonly reads: number;
  /** Of the page, after a collection. */
  readonly heapMib: number;
}

/** An hour at ten a second. */
export const hourOfEvents = 36_000;
const lists = ["services", "tasks", "nodes", "deployments", "audit"] as const;

export async function measureLarge(browser: Browser, events = hourOfEvents): Promise<LargeFigures> {
  const server = await startScenarioServer(manyScenario);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  try {
    await page.goto(`${server.url}#/settings`);
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    const figures: ListFigures[] = [];
    for (const list of lists) figures.push(await measureList(page, list));
    const paletteMs = await measurePalette(page);
    const burst = await measureBurst(page, server, events);
    return { lists: figures, paletteMs, events, ...burst };
  } finally {
    await context.close();
    await server.close();
  }
}

async function measureList(page: Page, list: string): Promise<ListFigures> {
  await page.evaluate("location.hash = '#/settings'");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  const usableMs = await page.evaluate(async (name) => {
    const started = performance.now();
    location.hash = `#/${name}`;
    while (document.querySelector('[role=row][aria-rowindex="2"]') === null)
      await new Promise(requestAnimationFrame);
    // Drawn, not only there.
    await new Promise(requestAnimationFrame);
    return performance.now() - started;
  }, list);
  const scrolled = await page.evaluate(async () => {
    const table = document.querySelector("[role=table]");
    if (table === null) throw new Error("there is no table");
    const frames: number[] = [];
    let rowsMax = 0;
    let before = await new Promise<number>(requestAnimationFrame);
    for (let frame = 0; frame < 240; frame += 1) {
      table.scrollTop += 200;
      const now = await new Promise<number>(requestAnimationFrame);
      frames.push(now - before);
      before = now;
      rowsMax = Math.max(rowsMax, document.querySelectorAll("[role=row]").length);
    }
    frames.sort((one, other) => one - other);
    return { frameP95Ms: frames[Math.floor(frames.length * 0.95)] ?? 0, rowsMax };
  });
  return { list, usableMs, ...scrolled };
}

async function measurePalette(page: Page): Promise<number> {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.getByRole("combobox").fill("service-0700");
  await page.getByRole("option", { name: "service-0700" }).first().waitFor();
  // The second search finds everything loaded, as any but the first does.
  return page.evaluate(async () => {
    const field = document.querySelector<HTMLInputElement>("[role=combobox]");
    if (field === null) throw new Error("there is no palette");
    const started = performance.now();
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
    set?.call(field, "service-1111");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    while (!(document.querySelector("[role=listbox]")?.textContent ?? "").includes("service-1111"))
      await new Promise(requestAnimationFrame);
    return performance.now() - started;
  });
}

async function measureBurst(
  page: Page,
  server: ScenarioServer,
  events: number,
): Promise<Pick<LargeFigures, "reads" | "heapMib">> {
  await page.keyboard.press("Escape");
  await page.evaluate("location.hash = '#/tasks'");
  await page.locator('[role=row][aria-rowindex="2"]').waitFor();
  let reads = 0;
  page.on("request", () => {
    reads += 1;
  });
  const tasks = manyScenario.tasks;
  for (let at = 0; at < events; at += 1) {
    const task = tasks[at % tasks.length];
    const event: ClusterEvent = {
      id: String(1_000 + at),
      at: Date.now(),
      kind: "task",
      change: "TASK_RUNNING",
      object: task?.id ?? "",
      service: `/team-${at % 40}/service-${at % 1_200}`,
      detail: { host: task?.hostname ?? "" },
    };
    server.send(event);
    // The hour is played in about a minute and a half.
    if (at % 400 === 399) await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return { reads, heapMib: usedSize / 1_048_576 };
}

/** What the figures must keep to. */
export function overLimit(figures: LargeFigures): readonly string[] {
  return [
    ...figures.lists.flatMap(({ list, usableMs, frameP95Ms }) => [
      ...(usableMs > 1_500 ? [`${list}: usable after ${usableMs.toFixed(0)} ms, wanted 1500`] : []),
      ...(frameP95Ms > 32 ? [`${list}: a frame takes ${frameP95Ms.toFixed(1)} ms at p95, wanted 32`] : []),
    ]),
    ...(figures.paletteMs > 100 ? [`palette: ${figures.paletteMs.toFixed(0)} ms, wanted 100`] : []),
    ...(figures.heapMib > 300 ? [`heap: ${figures.heapMib.toFixed(0)} MiB, wanted 300`] : []),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const browser = await startBrowser();
  const figures = await measureLarge(browser);
  await browser.close();
  for (const { list, usableMs, frameP95Ms, rowsMax } of figures.lists)
    console.log(
      `${list.padEnd(12)} usable after ${usableMs.toFixed(0)} ms, frame p95 ${frameP95Ms.toFixed(1)} ms, at most ${rowsMax} rows`,
    );
  console.log(`palette      ${figures.paletteMs.toFixed(0)} ms`);
  console.log(
    `${figures.events} events: ${figures.reads} reads, heap ${figures.heapMib.toFixed(0)} MiB afterwards`,
  );
  const problems = overLimit(figures);
  for (const problem of problems) console.log(`over: ${problem}`);
  process.exit(problems.length === 0 ? 0 : 1);
}
