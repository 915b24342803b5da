/** A framework of the soak: it wants a number of tasks, which changes, and comes and goes. */
import type {
  Offer,
  OfferOperation,
  SchedulerCall,
  SchedulerEvent,
  TaskInfo,
} from "#contracts/kernel/messages.gen.ts";
import type { Random } from "#foundation/base/random.ts";

/** Eight fill an agent; all frameworks together want more than there is. */
const taskCpus = 8;
const taskMemMib = 8_192;
const resources = [
  { name: "cpus", type: "SCALAR" as const, scalar: { value: taskCpus } },
  { name: "mem", type: "SCALAR" as const, scalar: { value: taskMemMib } },
];
const tasksOfOfferMax = 20;
const reviveEveryMs = 5_000;

export class SoakFramework {
  readonly name: string;
  readonly role: string;
  connection: string | undefined;
  id: string | undefined;
  /** Since when it has asked for offers, and not been offered what a task needs. */
  starvingSince: number | undefined;
  wanted = 0;
  readonly running = new Set<string>();
  readonly #random: Random;
  readonly #killing = new Set<string>();
  #isSuppressed = false;
  #revivedAt = 0;
  #streams = 0;
  #made = 0;

  constructor(name: string, role: string, random: Random) {
    this.name = name;
    this.role = role;
    this.#random = random;
    this.changeMind();
  }

  changeMind(): void {
    this.wanted = this.#random.below(8) === 0 ? 0 : this.#random.below(800);
  }

  subscribe(now: number): {
    readonly connection: string;
    readonly info: object;
    readonly id: string | undefined;
  } {
    this.#streams += 1;
    this.connection = `stream-${this.name}-${this.#streams}`;
    this.#isSuppressed = false;
    this.#look(now);
    const capabilities = ["PARTITION_AWARE", "MULTI_ROLE"].map((type) => ({ type }));
    const id = this.id === undefined ? {} : { id: { value: this.id } };
    const info = {
      user: "nobody",
      name: this.name,
      roles: [this.role],
      failover_timeout: 600,
      checkpoint: true,
    };
    return { connection: this.connection, info: { ...info, ...id, capabilities }, id: this.id };
  }

  /** It ended for good, and comes again as another. */
  forget(): void {
    this.id = undefined;
    this.connection = undefined;
    this.running.clear();
    this.#killing.clear();
    this.starvingSince = undefined;
  }

  disconnected(): void {
    this.connection = undefined;
    this.starvingSince = undefined;
  }

  hear(event: SchedulerEvent, now: number): readonly SchedulerCall[] {
    const { subscribed, offers, update } = event;
    if (subscribed !== undefined) this.id = subscribed.framework_id.value;
    const calls = (offers?.offers ?? []).map((offer) => this.#answer(offer, now));
    if (update !== undefined) calls.push(...this.#updated(update.status));
    return [...calls, ...this.think(now)];
  }

  /** SUPPRESS when it has enough, REVIVE when it wants more again, and kills when it has too much. */
  think(now: number): readonly SchedulerCall[] {
    if (this.connection === undefined || this.id === undefined) return [];
    this.#look(now);
    const calls: SchedulerCall[] = [];
    const isHungry = this.running.size < this.wanted;
    // REVIVE ends every refusal: who sends it for each task that ended is offered everybody's leftovers each time.
    const mayRevive = now - this.#revivedAt >= reviveEveryMs;
    if (isHungry === this.#isSuppressed && (!isHungry || mayRevive)) {
      this.#isSuppressed = !isHungry;
      if (isHungry) this.#revivedAt = now;
      calls.push({ type: isHungry ? "REVIVE" : "SUPPRESS" });
      this.#look(now);
    }
    let surplus = this.running.size - this.#killing.size - this.wanted;
    for (const taskId of surplus > 0 ? this.running : []) {
      if (surplus <= 0) break;
      if (this.#killing.has(taskId)) continue;
      this.#killing.add(taskId);
      surplus -= 1;
      calls.push({ type: "KILL", kill: { task_id: { value: taskId } } });
    }
    return calls;
  }

  #look(now: number): void {
    const asks = this.connection !== undefined && !this.#isSuppressed && this.running.size < this.wanted;
    if (asks) this.starvingSince ??= now;
    else this.starvingSince = undefined;
  }

  #answer(offer: Offer, now: number): SchedulerCall {
    const amount = (name: string): number =>
      (offer.resources ?? []).reduce(
        (sum, each) => sum + (each.name === name ? (each.scalar?.value ?? 0) : 0),
        0,
      );
    const fits = Math.min(Math.floor(amount("cpus") / taskCpus), Math.floor(amount("mem") / taskMemMib));
    const count = Math.max(0, Math.min(fits, this.wanted - this.running.size, tasksOfOfferMax));
    const offer_ids = [offer.id];
    if (count === 0) return { type: "DECLINE", decline: { offer_ids, filters: { refuse_seconds: 5 } } };
    this.starvingSince = undefined;
    const task_infos = Array.from({ length: count }, (): TaskInfo => {
      this.#made += 1;
      const id = `${this.name}-${now}-${this.#made}`;
      this.running.add(id);
      const command = { shell: true, value: "sleep 1000" };
      return { name: this.name, task_id: { value: id }, agent_id: offer.agent_id, command, resources };
    });
    const operations: OfferOperation[] = [{ type: "LAUNCH", launch: { task_infos } }];
    return { type: "ACCEPT", accept: { offer_ids, operations, filters: { refuse_seconds: 0 } } };
  }

  #updated({
    state,
    task_id,
    agent_id,
    uuid,
  }: NonNullable<SchedulerEvent["update"]>["status"]): readonly SchedulerCall[] {
    if (/FINISHED|FAILED|KILLED|LOST|ERROR|DROPPED|GONE|UNKNOWN|UNREACHABLE/.test(state))
      this.#ended(task_id.value);
    else this.running.add(task_id.value);
    return uuid === undefined || agent_id === undefined
      ? []
      : [{ type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid } }];
  }

  #ended(taskId: string): void {
    this.running.delete(taskId);
    this.#killing.delete(taskId);
  }
}
