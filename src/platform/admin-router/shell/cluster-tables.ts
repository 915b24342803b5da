/**
 * What the door knows of the cluster to find services and agents. Each table is fetched and ages on its own; a fetch
 * that fails keeps what was known. Source: contract platform.md section 1.4.
 *
 * Departure: a table is read again a moment after an event said that something changed, not only every 25 s.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { Upstreams } from "../config.ts";
import {
  type FrameworkTable,
  frameworkTable,
  namedEntry,
  type ServiceEntry,
  type ServiceTable,
  serviceTable,
} from "../core/services.ts";

export const cacheTimes = {
  pollMs: 25_000,
  /** Younger is not fetched again, unless an event said so. */
  freshMs: 20_000,
  /** Older is used, and told as stale. */
  staleMs: 75_000,
  /** Older is not used any more. */
  uselessMs: 259_200_000,
  fetchTimeoutMs: 60_000,
  /** After an event, and between two fetches. */
  settleMs: 250,
} as const;

interface Kernel {
  readonly frameworks: FrameworkTable;
  /** By agent id: `host:port`. */
  readonly agents: ReadonlyMap<string, string>;
}

class Table<Value> {
  readonly #fetch: () => Promise<Value>;
  readonly #name: string;
  readonly #log: Logger;
  readonly #now: () => number;
  #known: { readonly value: Value; readonly at: number } | undefined;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, fetch: () => Promise<Value>, { log, now }: { log: Logger; now: () => number }) {
    this.#name = name;
    this.#fetch = fetch;
    this.#log = log;
    this.#now = now;
  }

  /** What is known; the first caller waits for the first fetch, and many at once share it. */
  async value(): Promise<Value | undefined> {
    if (this.#known === undefined) await this.refresh();
    const age = this.#now() - (this.#known?.at ?? 0);
    if (this.#known === undefined || age > cacheTimes.uselessMs) return undefined;
    if (age > cacheTimes.staleMs) this.#log.warn("door.tableStale", { table: this.#name, ageMs: age });
    return this.#known.value;
  }

  /** Something changed: read again in a moment. */
  touch(): void {
    this.#isDirty = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isDirty) void this.refresh();
    }, cacheTimes.settleMs);
  }

  /** For what must be there, and was not found: a fetch that is not older than the question. */
  async renewed(): Promise<Value | undefined> {
    if (this.#known === undefined || this.#isDirty || this.#now() - this.#known.at > cacheTimes.settleMs)
      await this.refresh();
    return this.value();
  }

  poll(): void {
    if (this.#known === undefined || this.#now() - this.#known.at > cacheTimes.freshMs) void this.refresh();
  }

  refresh(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#isDirty = false;
    try {
      this.#known = { value: await this.#fetch(), at: this.#now() };
    } catch (error) {
      this.#log.warn("door.tableNotRead", { table: this.#name, error: String(error) });
    }
  }
}

export interface ClusterTablesOptions {
  readonly client: HttpClient;
  readonly upstreams: Pick<Upstreams, "kernel" | "services">;
  readonly log: Logger;
  readonly now: () => number;
}

const hostsMax = 1_000;
const hostLifeMs = 1_000;
const userAgent = { "user-agent": "Master Admin Router" };

export class ClusterTables {
  readonly #options: ClusterTablesOptions;
  readonly #services: Table<ServiceTable>;
  readonly #kernel: Table<Kernel>;
  readonly #hosts = new Map<
    string,
    { readonly at: number; readonly entry: Promise<ServiceEntry | undefined> }
  >();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ClusterTablesOptions) {
    this.#options = options;
    const { upstreams } = options;
    this.#services = new Table(
      "services",
      async () =>
        serviceTable(
          await this.#read(`${upstreams.services}/v2/apps?embed=apps.tasks&label=DCOS_SERVICE_NAME`),
        ),
      options,
    );
    this.#kernel = new Table(
      "kernel",
      async () => kernelFacts(await this.#read(`${upstreams.kernel}/master/state-summary`)),
      options,
    );
    this.#timer = setInterval(() => {
      this.#services.poll();
      this.#kernel.poll();
    }, cacheTimes.pollMs);
    this.#timer.unref();
  }

  async services(): Promise<ServiceTable | undefined> {
    return this.#services.value();
  }

  async frameworks(): Promise<FrameworkTable | undefined> {
    return (await this.#kernel.value())?.frameworks;
  }

  /** `host:port` of an agent; "unknown" is there is none, undefined that the kernel can't be asked. */
  async agent(id: string): Promise<string | "unknown" | undefined> {
    const known = (await this.#kernel.value())?.agents.get(id);
    if (known !== undefined) return known;
    const kernel = await this.#kernel.renewed();
    return kernel === undefined ? undefined : (kernel.agents.get(id) ?? "unknown");
  }

  /** A service by its id, for its named host. Throws when services do not answer. */
  async named(serviceId: string): Promise<ServiceEntry | undefined> {
    const now = this.#options.now();
    const known = this.#hosts.get(serviceId);
    if (known !== undefined && now - known.at < hostLifeMs) return known.entry;
    const entry = this.#lookUp(serviceId);
    this.#hosts.delete(serviceId);
    this.#hosts.set(serviceId, { at: now, entry });
    entry.catch(() => this.#hosts.delete(serviceId));
    const oldest = this.#hosts.size > hostsMax ? this.#hosts.keys().next().value : undefined;
    if (oldest !== undefined) this.#hosts.delete(oldest);
    return entry;
  }

  servicesChanged(): void {
    this.#hosts.clear();
    this.#services.touch();
  }

  kernelChanged(): void {
    this.#kernel.touch();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#services.close();
    this.#kernel.close();
  }

  async #lookUp(serviceId: string): Promise<ServiceEntry | undefined> {
    const path = serviceId.split("/").map(encodeURIComponent).join("/");
    const { client, upstreams } = this.#options;
    const { status, body } = await client.send(
      { method: "GET", url: `${upstreams.services}/v2/apps${path}?embed=app.tasks`, headers: userAgent },
      cacheTimes.fetchTimeoutMs,
    );
    if (status === 404) return undefined;
    const answer = JSON.parse(body.toString("utf8")) as JsonValue;
    const app = isJsonObject(answer) ? answer["app"] : undefined;
    return isJsonObject(app) ? namedEntry(app) : undefined;
  }

  async #read(url: string): Promise<JsonValue> {
    const { status, body } = await this.#options.client.send(
      { method: "GET", url, headers: userAgent },
      cacheTimes.fetchTimeoutMs,
    );
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return JSON.parse(body.toString("utf8")) as JsonValue;
  }
}

function kernelFacts(summary: JsonValue): Kernel {
  const slaves = isJsonObject(summary) ? summary["slaves"] : undefined;
  const agents = new Map<string, string>();
  for (const each of Array.isArray(slaves) ? (slaves as JsonObject[]) : []) {
    const pid = String(each["pid"] ?? "");
    agents.set(String(each["id"]), pid.slice(pid.indexOf("@") + 1));
  }
  return { frameworks: frameworkTable(summary), agents };
}
