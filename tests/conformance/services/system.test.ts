/** Events to slow readers and to those who come back, the bound on requests, levels of logging. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";
import { Listener } from "./event-listener.ts";

const requestsMax = 20;
let kernel: KernelProcesses;
let services: RunningServices;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-system-"));

beforeAll(async () => {
  kernel = await KernelProcesses.start();
  services = await start({ host: "127.0.0.1", port: 0, dataDir, masterUrl: kernel.masterUrl, requestsMax });
}, 240_000);
afterAll(async () => {
  await services.close();
  await kernel.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 240_000);

const listen = (query = "", options: ConstructorParameters<typeof Listener>[2] = {}): Listener =>
  new Listener(services.info.url, query, options);

let made = 0;
/** An app without instances: three events and nothing to wait for. */
async function makeApp(labels: object = {}): Promise<string> {
  made += 1;
  const id = `/made-${made}`;
  const { status } = await ask(`${services.info.url}/v2/apps`, {
    method: "POST",
    body: { id, cmd: "sleep 1", instances: 0, labels },
  });
  expect(status).toBe(201);
  return id;
}

async function running(id: string): Promise<number> {
  const { body } = await ask(`${services.info.url}/v2/apps${id}`);
  return (body as { readonly app: { readonly tasksRunning: number } }).app.tasksRunning;
}

/** Agents are not ended with tasks on them. */
async function nothingRuns(): Promise<void> {
  const isQuiet = async (): Promise<boolean> => {
    const { body } = await ask(`${kernel.masterUrl}/metrics/snapshot`);
    return (body as Readonly<Record<string, number>>)["master/tasks_running"] === 0;
  };
  await eventually("nothing runs", isQuiet, 60_000);
}

const appsOf = (listener: Listener): readonly unknown[] =>
  listener.of("api_post_event").map(({ data }) => (data["appDefinition"] as { readonly id: string }).id);

describe("events", () => {
  it("come attached first, by their filter, and without ids unless asked for", async () => {
    const [all, some] = [listen(), listen("?event_type=deployment_success&event_type=nothing_like_it")];
    await eventually("both listen", () => all.heard.length > 0);
    expect(all.heard[0]?.event).toBe("event_stream_attached");
    await makeApp();
    await eventually(
      "the end of it",
      () => all.of("deployment_success").length === 1 && some.heard.length === 1,
    );
    expect(new Set(some.heard.map(({ event }) => event))).toEqual(new Set(["deployment_success"]));
    expect(all.heard.map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        "api_post_event",
        "group_change_success",
        "deployment_info",
        "deployment_success",
      ]),
    );
    expect(all.heard.every(({ id }) => id === undefined)).toBe(true);
    for (const each of [all, some]) each.close();
  });

  it("go on where a client was that comes back with the id it saw last", async () => {
    const first = listen("?ids=true&event_type=api_post_event");
    const whole = listen("?event_type=api_post_event&event_type=event_stream_attached");
    await eventually("both listen", () => whole.heard.length > 0);
    await makeApp();
    await eventually("one is heard", () => first.heard.length === 1);
    first.close();
    const missed = [await makeApp(), await makeApp()];
    const lastId = first.heard[0]?.id ?? "";
    const again = listen("?event_type=api_post_event", { headers: { "last-event-id": lastId } });
    const next = await makeApp();
    await eventually("all are heard", () => again.heard.length === 3);
    expect(appsOf(again)).toEqual([...missed, next]);
    await eventually("the other heard the same", () => appsOf(whole).length === 4);

    const lost = listen("?event_type=api_post_event", { headers: { "last-event-id": "another-life-7" } });
    await eventually("it is told", () => lost.heard.length > 0);
    expect(lost.heard[0]).toMatchObject({
      event: "event_stream_missed",
      data: { lastEventId: "another-life-7" },
    });
    for (const each of [again, whole, lost]) each.close();
  });

  it("marathon.md§24#88 reliability.md§4#F15 a client that does not read is cut off, and the others hear everything", async () => {
    const listening = async (): Promise<number> => {
      const { body } = await ask(`${services.info.url}/metrics`);
      const { gauges } = body as { readonly gauges: Readonly<Record<string, { readonly value: number }>> };
      return gauges["marathon.http.event-streams.active.gauge"]?.value ?? -1;
    };
    await eventually("nobody listens", async () => (await listening()) === 0);
    const slow = listen("", { reads: false });
    const quick = listen();
    await eventually("both listen", async () => (await listening()) === 2);
    const labels = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`l${index}`, "x".repeat(1_000)]),
    );
    let count = 0;
    await eventually(
      "the slow one is cut off",
      async () => {
        await makeApp(labels);
        count += 1;
        await eventually("the quick one heard it", () => quick.of("api_post_event").length === count);
        return (await listening()) === 1;
      },
      60_000,
    );
    expect(quick.isClosed).toBe(false);
    for (const each of [slow, quick]) each.close();
  }, 240_000);
});

it("marathon.md§24#100 requests beyond the cap are answered with 503 at once, and served again afterwards", async () => {
  // How many come at once is the machine's affair: rounds go on until more came than may.
  let round = 0;
  await eventually(
    "some are refused, and all others made",
    async () => {
      round += 1;
      const answers = await Promise.all(
        Array.from({ length: 400 }, async (_, index) => {
          const body = { id: `/many-${round}-${index}`, cmd: "sleep 1", instances: 0 };
          return (await ask(`${services.info.url}/v2/apps`, { method: "POST", body })).status;
        }),
      );
      const refused = answers.filter((status) => status === 503).length;
      expect(answers.filter((status) => status === 201).length).toBe(answers.length - refused);
      return refused > 0;
    },
    60_000,
  );
  expect((await ask(`${services.info.url}/v2/info`)).status).toBe(200);
}, 240_000);

it.each(["/v2/apps", "/v2/groups", "/v2/pods", "/v2/tasks", "/v2/deployments", "/v2/queue", "/v2/info"])(
  "%s is answered with a slash at its end too, as Prometheus asks",
  async (path) => {
    const plain = await ask(`${services.info.url}${path}`);
    expect(plain.status).toBe(200);
    expect(await ask(`${services.info.url}${path}/?embed=apps.tasks`)).toMatchObject({ status: 200 });
    expect((await ask(`${services.info.url}${path}x/`)).status).toBe(404);
  },
);

it("marathon.md§24#96 an agent with GPUs is kept for who needs them, unless an app says otherwise", async () => {
  await kernel.startAgent("gpus", { resources: "cpus:4;mem:2048;disk:1000;gpus:2;ports:[31000-31099]" });
  const app = { cmd: "exec sleep 100000", cpus: 0.1, mem: 16 };
  const labels = { GPU_SCHEDULING_BEHAVIOR: "unrestricted" };
  for (const each of [
    { id: "/modest", ...app },
    { id: "/bold", ...app, labels },
  ])
    expect((await ask(`${services.info.url}/v2/apps`, { method: "POST", body: each })).status).toBe(201);
  await eventually("the bold one runs", async () => (await running("/bold")) === 1);
  interface Queued {
    readonly app: { readonly id: string };
    readonly processedOffersSummary: {
      readonly rejectSummaryLastOffers: readonly { readonly reason: string; readonly declined: number }[];
    };
  }
  const declined = await eventually("the modest one was offered it", async () => {
    const { body } = await ask(`${services.info.url}/v2/queue`);
    const [item] = (body as { readonly queue: readonly Queued[] }).queue.filter(
      ({ app: queued }) => queued.id === "/modest",
    );
    const all = item?.processedOffersSummary.rejectSummaryLastOffers.filter((entry) => entry.declined > 0);
    return all !== undefined && all.length > 0 && all;
  });
  expect(declined).toMatchObject([{ reason: "DeclinedScarceResources", declined: 1 }]);
  expect(await running("/modest")).toBe(0);
  await kernel.startAgent("plain");
  await eventually("the modest one runs elsewhere", async () => (await running("/modest")) === 1);
  await ask(`${services.info.url}/v2/groups?force=true`, { method: "DELETE" });
  await nothingRuns();
}, 240_000);

describe("logging", () => {
  const level = async (): Promise<unknown> =>
    ((await ask(`${services.info.url}/logging`)).body as { readonly ROOT: unknown }).ROOT;
  const post = async (body: object) => ask(`${services.info.url}/logging`, { method: "POST", body });

  it("marathon.md§24#104 a level with a duration falls back by itself", async () => {
    const before = await level();
    const asked = { logger: "mesosphere.marathon", level: "warn", durationSeconds: 0.5 };
    expect(await post(asked)).toMatchObject({ status: 200, body: asked });
    expect(await level()).toBe("warn");
    await eventually("as before", async () => (await level()) === before);
  });

  it.each([
    [{ logger: "ROOT", level: "loud" }, "/level", "error.unknown.enum.literal"],
    [{ level: "info" }, "/logger", "error.path.missing"],
    [{ logger: "ROOT", level: "info", durationSeconds: -1 }, "/durationSeconds", "error.min"],
  ])("marathon.md§1.1 %j is refused with the field named", async (asked, path, code) => {
    expect(await post(asked)).toMatchObject({
      status: 422,
      body: { message: "Invalid JSON", details: [{ path, errors: [code] }] },
    });
  });
});

it("says what it goes by, and that there are no plug-ins", async () => {
  expect((await ask(`${services.info.url}/config`)).body).toMatchObject({ declineMs: 120_000, requestsMax });
  expect((await ask(`${services.info.url}/v2/plugins`)).body).toEqual({ plugins: [] });
});

it("marathon.md§24#103 metrics come in both forms, and move with what is done", async () => {
  await kernel.startAgent("measured");
  const counters = [
    "deployments.counter",
    "tasks.launched.counter",
    "mesos.offers.incoming.counter",
    "mesos.offers.used.counter",
    "mesos.offer-operations.launch.counter",
    "mesos.task-updates.task-running.counter",
    "http.requests.size.counter.bytes",
    "http.responses.size.counter.bytes",
  ];
  const timer = "http.requests.post.duration.timer.seconds";
  const meter = "http.responses.2xx.rate.meter";
  const inJson = async (): Promise<readonly (number | undefined)[]> => {
    type Kind = Readonly<Record<string, { readonly count: number }>>;
    const { body } = await ask(`${services.info.url}/metrics`);
    const { counters: told, timers, meters } = body as Readonly<Record<string, Kind>>;
    return [
      ...counters.map((name) => told?.[`marathon.${name}`]?.count),
      timers?.[`marathon.${timer}`]?.count,
      meters?.[`marathon.${meter}`]?.count,
    ];
  };
  const inText = async (): Promise<readonly (number | undefined)[]> => {
    const answer = await fetch(`${services.info.url}/metrics/prometheus`);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
    const lines = new Map(
      (await answer.text()).split("\n").map((line) => line.split(" ") as [string, string]),
    );
    return [...counters, `${timer}_count`, meter].map((name) => {
      const value = lines.get(`marathon_${name.replaceAll(/[.-]/g, "_")}`);
      return value === undefined ? undefined : Number(value);
    });
  };
  const before = { json: await inJson(), text: await inText() };
  const measured = { id: "/measured", cmd: "exec sleep 100000", cpus: 0.01, mem: 8 };
  await ask(`${services.info.url}/v2/apps`, { method: "POST", body: measured });
  await eventually("it runs", async () => (await running("/measured")) === 1, 60_000);
  const after = { json: await inJson(), text: await inText() };
  for (const form of ["json", "text"] as const)
    expect(after[form].map((value, index) => (value ?? 0) > (before[form][index] ?? Number.NaN))).toEqual(
      after[form].map(() => true),
    );
  await ask(`${services.info.url}/v2/apps/measured`, { method: "DELETE" });
  await nothingRuns();
}, 180_000);
