/** A scheduler as a stranger writes one: `node:http`, framing of its own, and nothing of the product but message types. */
import { Agent, type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import type {
  Offer,
  OfferOperation,
  SchedulerEvent,
  SchedulerOfferConstraints,
  TaskInfo,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";

const waitMs = 60_000;
const calls = new Agent({ keepAlive: true, maxSockets: 16 });

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What a client shows and believes, as `node:https` takes it. */
export interface ClientCertificate {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

const isHttps = (url: string): boolean => url.startsWith("https:");

/** One request with exactly these headers, and its whole answer. */
export function send(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly tls?: ClientCertificate;
  } = {},
): Promise<Reply> {
  const { method = "POST", headers = {}, body, tls } = options;
  const [open, agent] = isHttps(url) ? [httpsRequest, undefined] : [httpRequest, calls];
  return new Promise((resolve, reject) => {
    const request = open(url, { ...tls, method, headers, agent, timeout: waitMs }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(pieces).toString(),
        }),
      );
    });
    request.once("timeout", () => request.destroy(new Error(`${method} ${url}: no answer`)));
    request.once("error", reject);
    request.end(body);
  });
}

export const postJson = (url: string, body: unknown): Promise<Reply> =>
  send(url, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export async function getJson<Answer>(url: string, tls: ClientCertificate = {}): Promise<Answer> {
  const { status, text } = await send(url, { method: "GET", tls });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text}`);
  return JSON.parse(text) as Answer;
}

/** Reads records byte by byte as the framing says, and forgives nothing. */
export class StrictRecords {
  #rest: Buffer = Buffer.alloc(0);

  push(piece: Buffer): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const records: Buffer[] = [];
    for (;;) {
      const end = this.#rest.indexOf(0x0a);
      const length = this.#rest.toString("latin1", 0, end === -1 ? undefined : end);
      if (length !== "" && !/^[1-9][0-9]*$/.test(length))
        throw new Error(`not the length of a record: ${JSON.stringify(length.slice(0, 40))}`);
      if (end === -1) return records;
      const stop = end + 1 + Number(length);
      if (this.#rest.length < stop) return records;
      records.push(this.#rest.subarray(end + 1, stop));
      this.#rest = this.#rest.subarray(stop);
    }
  }

  /** Whether the stream stands between two records. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }
}

export interface SubscribeOptions {
  readonly suppressed?: readonly string[];
  /** Subscribes again as this framework. */
  readonly frameworkId?: string;
  /** Resolves with whatever event comes first, ERROR as well. */
  readonly mayBeRefused?: boolean;
  readonly constraints?: SchedulerOfferConstraints;
  /** With every request, such as a credential. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: ClientCertificate;
}

export class SchedulerClient {
  readonly url: string;
  readonly events: SchedulerEvent[] = [];
  readonly records = new StrictRecords();
  readonly #waiting = new Set<() => void>();
  #stream: ClientRequest | undefined;
  head: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined;
  streamId = "";
  frameworkId = "";
  /** The master ended the stream, or this client did. */
  isClosed = false;
  /** Updates with a uuid are acknowledged as they come. */
  acknowledges = true;
  readonly #taken = new Set<string>();
  #badRecord: Error | undefined;
  /** With every request; a test may change them. */
  headers: Readonly<Record<string, string>> = {};
  #tls: ClientCertificate = {};

  private constructor(masterUrl: string) {
    this.url = `${masterUrl}/api/v1/scheduler`;
  }

  static async subscribe(
    masterUrl: string,
    info: object = {},
    options: SubscribeOptions = {},
  ): Promise<SchedulerClient> {
    const client = new SchedulerClient(masterUrl);
    client.headers = options.headers ?? {};
    client.#tls = options.tls ?? {};
    client.#open(info, options);
    const first = await client.until("the first event", () => client.events[0]);
    if (options.mayBeRefused !== true && first.type !== "SUBSCRIBED")
      throw new Error(`the subscription was refused: ${first.error?.message}`);
    client.frameworkId = first.subscribed?.framework_id.value ?? "";
    return client;
  }

  #open(info: object, { suppressed = [], frameworkId, constraints }: SubscribeOptions): void {
    const id = frameworkId === undefined ? undefined : { value: frameworkId };
    const body = JSON.stringify({
      type: "SUBSCRIBE",
      ...(id === undefined ? {} : { framework_id: id }),
      subscribe: {
        framework_info: { ...frameworkInfo(info), ...(id === undefined ? {} : { id }) },
        ...(suppressed.length === 0 ? {} : { suppressed_roles: suppressed }),
        ...(constraints === undefined ? {} : { offer_constraints: constraints }),
      },
    });
    const close = (): void => {
      this.isClosed = true;
      this.#look();
    };
    const headers = { ...this.headers, "content-type": "application/json" };
    this.#stream = (isHttps(this.url) ? httpsRequest : httpRequest)(
      this.url,
      { ...this.#tls, method: "POST", headers, agent: false },
      (response) => {
        const { statusCode = 0, headers } = response;
        this.head = { status: statusCode, headers };
        this.streamId = String(headers["mesos-stream-id"] ?? "");
        response.on("data", (piece: Buffer) => this.#take(piece));
        response.once("error", close);
        response.once("close", close);
      },
    );
    this.#stream.once("error", close);
    this.#stream.end(body);
  }

  /** The network between the scheduler and its master is gone. */
  drop(): void {
    this.#stream?.destroy();
  }

  /** A call of this framework, as any client may send it. */
  async send(type: string, fields: object = {}, streamId = this.streamId): Promise<Reply> {
    return send(this.url, {
      tls: this.#tls,
      headers: { ...this.headers, "content-type": "application/json", "mesos-stream-id": streamId },
      body: JSON.stringify({ framework_id: { value: this.frameworkId }, type, ...fields }),
    });
  }

  async call(type: string, fields: object = {}): Promise<void> {
    const { status, text } = await this.send(type, fields);
    if (status !== 202) throw new Error(`${type} was answered with ${status}: ${text}`);
  }

  accept(
    offers: readonly Offer[],
    operations: readonly OfferOperation[],
    refuseSeconds?: number,
  ): Promise<void> {
    const filters = refuseSeconds === undefined ? {} : { filters: { refuse_seconds: refuseSeconds } };
    const offer_ids = this.#answered(offers);
    return this.call("ACCEPT", { accept: { offer_ids, operations, ...filters } });
  }

  /** Launches on an offer and wants what is left offered again at once. */
  launch(offer: Offer, ...tasks: readonly TaskInfo[]): Promise<void> {
    return this.accept([offer], [{ type: "LAUNCH", launch: { task_infos: tasks } }], 0);
  }

  decline(offer: Offer, refuseSeconds?: number): Promise<void> {
    const filters = refuseSeconds === undefined ? {} : { filters: { refuse_seconds: refuseSeconds } };
    return this.call("DECLINE", { decline: { offer_ids: this.#answered([offer]), ...filters } });
  }

  #answered(offers: readonly Offer[]): readonly Offer["id"][] {
    for (const { id } of offers) this.#taken.add(id.value);
    return offers.map(({ id }) => id);
  }

  /** Wants no offers until REVIVE, and gives back those it has. */
  async rest(): Promise<void> {
    await this.call("SUPPRESS");
    // An answer on the stream: no offer from before is still on its way.
    const taskId = `rest-${this.events.length}`;
    await this.reconcile({ taskId });
    await this.until("the answer", () => this.statuses(taskId)[0]);
    for (const offer of this.offers()) await this.decline(offer, 0);
  }

  kill(taskId: string, agentId?: string): Promise<void> {
    const agent = agentId === undefined ? {} : { agent_id: { value: agentId } };
    return this.call("KILL", { kill: { task_id: { value: taskId }, ...agent } });
  }

  reconcile(...tasks: readonly { readonly taskId: string; readonly agentId?: string }[]): Promise<void> {
    return this.call("RECONCILE", {
      reconcile: {
        tasks: tasks.map(({ taskId, agentId }) => ({
          task_id: { value: taskId },
          ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
        })),
      },
    });
  }

  acknowledge({ agent_id, task_id, uuid }: TaskStatus): Promise<void> {
    return this.call("ACKNOWLEDGE", { acknowledge: { agent_id, task_id, uuid } });
  }

  async teardown(): Promise<void> {
    await this.call("TEARDOWN");
    await this.untilClosed();
  }

  /** Offers that came and were neither taken by a test nor rescinded. */
  offers(): readonly Offer[] {
    const rescinded = new Set(this.events.map(({ rescind }) => rescind?.offer_id.value));
    return this.events
      .flatMap(({ offers }) => offers?.offers ?? [])
      .filter(({ id }) => !rescinded.has(id.value) && !this.#taken.has(id.value));
  }

  /** Takes the first offer that suits, now or when it comes. */
  async offer(suits: (offer: Offer) => boolean = () => true): Promise<Offer> {
    const offer = await this.until("an offer that suits", () => this.offers().find(suits));
    this.#taken.add(offer.id.value);
    return offer;
  }

  statuses(taskId: string): readonly TaskStatus[] {
    return this.events.flatMap(({ update }) =>
      update?.status.task_id.value === taskId ? [update.status] : [],
    );
  }

  /** The first status of the task, from the `since`th on, that is in one of these states. */
  status(taskId: string, states: string | readonly string[], since = 0): Promise<TaskStatus> {
    return this.until(`${taskId} in ${states}`, () =>
      this.statuses(taskId)
        .slice(since)
        .find(({ state }) => (typeof states === "string" ? state === states : states.includes(state))),
    );
  }

  untilClosed(): Promise<true> {
    return this.until("the end of the stream", () => (this.isClosed ? true : undefined));
  }

  /** Looks again whenever something came, up to a deadline that is only there to end a failing test. */
  until<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
      };
      const check = (): void => {
        if (this.#badRecord !== undefined) {
          stop();
          reject(this.#badRecord);
          return;
        }
        const found = look();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const timer = setTimeout(() => {
        stop();
        reject(
          new Error(`never came: ${what}; there was: ${this.events.slice(-40).map(describe).join("; ")}`),
        );
      }, waitMs);
      this.#waiting.add(check);
      check();
    });
  }

  #take(piece: Buffer): void {
    try {
      for (const record of this.records.push(piece)) {
        const event = JSON.parse(record.toString()) as SchedulerEvent;
        this.events.push(event);
        const status = event.update?.status;
        if (this.acknowledges && status?.uuid !== undefined)
          void this.acknowledge(status).catch(() => undefined);
      }
    } catch (error) {
      this.#badRecord = error as Error;
    }
    this.#look();
  }

  #look(): void {
    for (const check of [...this.#waiting]) check();
  }
}

function describe({ type, update, error, offers }: SchedulerEvent): string {
  const { state, reason, message } = update?.status ?? {};
  return [type, update?.status.task_id.value, state, reason, message, error?.message, offers?.offers?.length]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** A whole FrameworkInfo of which tests say what differs. */
export function frameworkInfo(info: object = {}): object {
  return {
    user: "",
    name: "conformance",
    roles: ["*"],
    checkpoint: true,
    failover_timeout: 600,
    capabilities: [{ type: "MULTI_ROLE" }],
    ...info,
  };
}

/** A task that runs until it is killed, unless told otherwise. */
export function aTask(
  taskId: string,
  offer: Offer,
  {
    command = "sleep 1000",
    cpus = 0.1,
    mem = 32,
    more = {},
  }: {
    readonly command?: string;
    readonly cpus?: number;
    readonly mem?: number;
    readonly more?: Partial<TaskInfo>;
  } = {},
): TaskInfo {
  const scalar = (name: string, value: number) => ({ name, type: "SCALAR" as const, scalar: { value } });
  return {
    name: taskId,
    task_id: { value: taskId },
    agent_id: offer.agent_id,
    command: { shell: true, value: command },
    resources: [scalar("cpus", cpus), scalar("mem", mem)],
    ...more,
  };
}

export function scalarOf(resources: Offer["resources"], name: string): number {
  return (resources ?? [])
    .filter((each) => each.name === name)
    .reduce((sum, { scalar }) => sum + (scalar?.value ?? 0), 0);
}
