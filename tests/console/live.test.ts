/** The console follows a real cluster: soon after the kernel knows, and over a minute without a connection. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeEventsPath } from "#contracts/kernel/node-events.ts";
import { RecordDecoder } from "#foundation/http/recordio.ts";
import { EventDecoder } from "#foundation/http/sse.ts";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { type CuttableLine, startCuttableLine } from "../harness/cuttable-line.ts";
import { browserPath, startBrowser } from "./browser.ts";

const onScreenMaxMs = 1_000;
const rounds = 3;
const outageMs = 60_000;

describe.skipIf(browserPath === undefined)("the console follows the cluster", { timeout: 240_000 }, () => {
  let cluster: TestCluster;
  let browser: Browser;
  let line: CuttableLine;
  beforeAll(async () => {
    [cluster, browser] = await Promise.all([startCluster(), startBrowser()]);
    line = await startCuttableLine(Number(new URL(cluster.info.url).port));
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await line?.close();
    await cluster?.purge();
  });

  const headers = (): Record<string, string> => ({
    authorization: `token=${cluster.info.token}`,
    "content-type": "application/json",
  });
  const change = async (method: string, path: string, body?: object): Promise<void> => {
    const url = `${cluster.info.url}/service/marathon${path}`;
    const answer = await ask(url, { method, headers: headers(), ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBeLessThan(300);
  };
  const create = (id: string): Promise<void> =>
    change("POST", "/v2/apps", { id, cmd: "sleep 3600", cpus: 0.1, mem: 32, instances: 1 });
  const scale = (id: string, instances: number): Promise<void> =>
    change("PUT", `/v2/apps${id}?force=true`, { instances });

  async function open(path: string, prepare?: (page: Page) => Promise<void>): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
    page.setDefaultTimeout(90_000);
    await prepare?.(page);
    const { body } = await ask(`${cluster.info.url}/keelson/v1/login-links`, {
      method: "POST",
      headers: headers(),
      body: {},
    });
    await page.goto(`http://127.0.0.1:${line.port}${(body as { readonly path: string }).path}`);
    await page.getByRole("heading", { name: "Dashboard" }).waitFor();
    // What a reload would lose.
    await page.evaluate(`window.openedOnce = true; location.hash = ${JSON.stringify(`#${path}`)}`);
    return page;
  }

  it("ux.md§6#12 a change is on the screen a second after the kernel knows it: tasks that start and end, nodes that go and come", async () => {
    const kernel = await followKernel(cluster);
    await create("/live");
    const services = await open("/services");
    const tasks = await open("/tasks");
    const nodes = await open("/nodes");
    await services.getByRole("img", { name: runningOf(1) }).waitFor();
    await tasks.locator('[role=table][aria-rowcount="2"]').waitFor();
    await nodes.locator('[role=table][aria-rowcount="3"]').waitFor();
    const lateMs: Record<string, number[]> = {};
    const measure = async (what: string, page: Page, selector: string, act: () => Promise<void>) => {
      // The first is that of the kernel after the act, the second of the page's own script: one machine, one clock.
      const shown = page.evaluate(whenShown, selector);
      const known = kernel.next(what);
      await act();
      const [at, knownAt] = await Promise.all([shown, known]);
      lateMs[what] = [...(lateMs[what] ?? []), at - knownAt];
    };
    for (let round = 1; round <= rounds; round += 1) {
      await measure("TASK_RUNNING", services, `[aria-label^="${1 + round} of ${1 + round} running"]`, () =>
        scale("/live", 1 + round),
      );
    }
    await tasks.locator(`[role=table][aria-rowcount="${rounds + 2}"]`).waitFor();
    for (let round = rounds; round >= 1; round -= 1) {
      await measure("TASK_KILLED", tasks, `[role=table][aria-rowcount="${1 + round}"]`, () =>
        scale("/live", round),
      );
    }
    for (let round = 1; round <= rounds; round += 1) {
      await measure("disconnected", nodes, "[class*=badge][data-tone=wait]", async () =>
        cluster.kill("agent-1"),
      );
      await measure(
        "active",
        nodes,
        ":root:not(:has([class*=badge][data-tone=wait]))",
        async () => undefined,
      );
    }
    kernel.close();
    for (const [what, times] of Object.entries(lateMs)) {
      console.log(`${what}: on screen after ${times.map((ms) => Math.round(ms)).join(", ")} ms`);
      expect(times).toHaveLength(rounds);
      expect({ what, medianMs: median(times) }).toSatisfy(() => median(times) <= onScreenMaxMs);
    }
    await Promise.all([services, tasks, nodes].map((page) => page.close()));
  });

  it.each(["cut", "stall"] as const)(
    "ux.md§6#12 a minute of lost connection (%s) heals without a reload and without stale rows",
    async (how) => {
      const [stays, goes, comes] = [`/${how}/stays`, `/${how}/goes`, `/${how}/comes`];
      await create(stays);
      await create(goes);
      // The page's minute is played; what happens to the cluster in it is real.
      const page = await open(`/services?filter=${how}`, (fresh) => fresh.clock.install());
      await shows(page, { [stays]: 1, [goes]: 1 });
      line[how]();
      await Promise.all([scale(stays, 3), change("DELETE", `/v2/apps${goes}`), create(comes)]);
      await eventually("the cluster is as wished", async () => {
        const { body } = await ask(`${cluster.info.url}/service/marathon/v2/apps`, { headers: headers() });
        const { apps } = body as { readonly apps: readonly { id: string; tasksRunning: number }[] };
        const running = new Map(apps.map(({ id, tasksRunning }) => [id, tasksRunning]));
        return running.get(stays) === 3 && running.get(comes) === 1 && !running.has(goes);
      });
      for (let passed = 0; passed < outageMs; passed += 5_000) {
        await page.clock.runFor(5_000);
        // Answers, or that there are none, come in real time.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await page.getByText("Connection lost, reconnecting…").waitFor();
      expect(await page.getByRole("link", { name: goes }).count()).toBe(1);
      line.mend();
      await shows(page, { [stays]: 3, [comes]: 1 });
      await page.getByText("Connection lost, reconnecting…").waitFor({ state: "detached" });
      expect(await page.evaluate("window.openedOnce")).toBe(true);
      await page.close();
    },
  );
});

const runningOf = (count: number): string => `${count} of ${count} running, 0 unhealthy, 0 starting`;

/** These services with so many running instances each, and no other row. */
async function shows(page: Page, services: Readonly<Record<string, number>>): Promise<void> {
  await page.locator(`[role=table][aria-rowcount="${Object.keys(services).length + 1}"]`).waitFor();
  for (const [id, running] of Object.entries(services))
    await page
      .getByRole("row")
      .filter({ has: page.getByRole("link", { name: id, exact: true }) })
      .getByRole("img", { name: runningOf(running) })
      .waitFor();
}

/** In the page: ms UTC when something that fits `selector` was first on the screen. */
function whenShown(selector: string): Promise<number> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.querySelector(selector) === null) return void requestAnimationFrame(look);
      // Drawn, not only there.
      requestAnimationFrame(() => resolve(Date.now()));
    };
    look();
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.POSITIVE_INFINITY;

/** When the kernel itself said what: task states and node states, as subscribers of its own streams hear them. */
async function followKernel(cluster: TestCluster): Promise<{
  /** ms UTC of the next time it says so. */
  next(what: string): Promise<number>;
  close(): void;
}> {
  const { kernel } = cluster.info.services;
  const waiting = new Map<string, (at: number) => void>();
  const said = (what: unknown): void => {
    if (typeof what !== "string") return;
    waiting.get(what)?.(Date.now());
    waiting.delete(what);
  };
  const ending = new AbortController();
  const { signal } = ending;
  const listen = async (answer: Response, push: (piece: Buffer) => void): Promise<void> => {
    try {
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) push(Buffer.from(piece));
    } catch {
      // Closed.
    }
  };
  const nodes = new EventDecoder();
  const tasks = new RecordDecoder(67_108_864);
  void listen(await fetch(`${kernel}${nodeEventsPath}`, { signal }), (piece) => {
    for (const { data } of nodes.push(piece)) said((JSON.parse(data) as { state?: unknown }).state);
  });
  const subscribed = await fetch(`${kernel}/api/v1`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ type: "SUBSCRIBE" }),
    signal,
  });
  void listen(subscribed, (piece) => {
    for (const record of tasks.push(piece))
      said((JSON.parse(record.toString()) as { task_updated?: { state?: unknown } }).task_updated?.state);
  });
  return {
    next: (what) => new Promise((resolve) => waiting.set(what, resolve)),
    close: () => ending.abort(),
  };
}
