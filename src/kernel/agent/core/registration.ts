/**
 * Finding a master, registering with it, and noticing when it is gone.
 *
 * Source: contract mesos.md sections 4.3 (ping, backoff) and 4.5 (stale leaders); contracts/link.
 */
import {
  type AgentToMaster,
  linkVersion,
  type MasterHello,
  type MasterToAgent,
} from "#contracts/link/messages.ts";
import type { Random } from "#foundation/base/random.ts";
import type { AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import { recordKeys } from "./task-run.ts";
import type { AgentTimers } from "./timers.ts";

type Phase =
  | { readonly kind: "off" }
  /** Until the link timer fires. */
  | { readonly kind: "waiting" }
  | { readonly kind: "opening"; readonly link: number }
  | { readonly kind: "greeting"; readonly link: number }
  | { readonly kind: "registering"; readonly link: number }
  | { readonly kind: "registered"; readonly link: number };

export interface EpochRecord {
  readonly formatVersion: 1;
  readonly epoch: number;
}

export interface RegistrationPorts {
  readonly bootId: string;
  readonly agentId: () => string | undefined;
  /** `register` or `reregister`, with everything the master is to know. */
  readonly describe: () => AgentToMaster;
  readonly onRegistered: (step: Step, agentId: string) => void;
  readonly onLost: () => void;
}

const initialPingTimeoutMs = 75_000;
/** 2^n has long passed the cap then. */
const attemptsMax = 30;

export class Registration {
  readonly #policy: AgentPolicy;
  readonly #random: Random;
  readonly #timers: AgentTimers;
  readonly #ports: RegistrationPorts;
  #phase: Phase = { kind: "off" };
  #nextLink = 1;
  /** Attempts since the last success. */
  #attempts = 0;
  #pingTimeoutMs = initialPingTimeoutMs;
  #epoch: number;
  #masterId: string | undefined;

  constructor(
    policy: AgentPolicy,
    random: Random,
    timers: AgentTimers,
    epoch: number,
    ports: RegistrationPorts,
  ) {
    this.#policy = policy;
    this.#random = random;
    this.#timers = timers;
    this.#epoch = epoch;
    this.#ports = ports;
  }

  get isRegistered(): boolean {
    return this.#phase.kind === "registered";
  }

  /** Its epoch was judged, and this agent has asked it for its registration or has it. */
  get hearsMaster(): boolean {
    return this.#phase.kind === "registering" || this.#phase.kind === "registered";
  }

  get epoch(): number {
    return this.#epoch;
  }

  get masterId(): string | undefined {
    return this.#masterId;
  }

  describePhase(): string {
    return this.#phase.kind;
  }

  /** Whether a frame or an end belongs to the link in use. */
  isCurrent(link: number): boolean {
    return "link" in this.#phase && this.#phase.link === link;
  }

  start(step: Step): void {
    if (this.#phase.kind === "off") this.#open(step);
  }

  stop(step: Step, reason: string): void {
    this.#dropLink(step, reason);
    this.#timers.cancel({ kind: "link" });
    this.#phase = { kind: "off" };
  }

  /** Sends only to a master that took this agent's registration. */
  send(step: Step, message: AgentToMaster): boolean {
    if (this.#phase.kind !== "registered") return false;
    step.emit({ kind: "sendFrame", link: this.#phase.link, message });
    return true;
  }

  linkOpened(step: Step, link: number): void {
    if (this.#phase.kind !== "opening" || this.#phase.link !== link) {
      step.emit({ kind: "closeLink", link, reason: "no longer wanted" });
      return;
    }
    const agentId = this.#ports.agentId();
    this.#phase = { kind: "greeting", link };
    this.#timers.set({ kind: "link" }, step.now + this.#policy.helloTimeoutMs);
    step.emit({
      kind: "sendFrame",
      link,
      message: {
        kind: "hello",
        versions: { min: linkVersion, max: linkVersion },
        bootId: this.#ports.bootId,
        ...(agentId === undefined ? {} : { agentId }),
        masterEpoch: this.#epoch,
      },
    });
  }

  linkClosed(step: Step, link: number, reason: string): void {
    if (!this.isCurrent(link)) return;
    step.log("warn", "master.linkClosed", { reason });
    this.#retry(step);
  }

  /** A former leader is not listened to any more, and the next one is asked soon, however often that was in vain. */
  masterMoved(step: Step): void {
    if (this.#phase.kind === "off") return;
    this.#attempts = 0;
    if ("link" in this.#phase) this.#giveUp(step, "another master leads");
    else this.#retry(step);
  }

  hello(step: Step, hello: MasterHello): void {
    if (this.#phase.kind !== "greeting") return;
    const { link } = this.#phase;
    if (hello.version !== linkVersion) {
      this.#giveUp(step, `the master speaks version ${hello.version} of the link, this agent ${linkVersion}`);
      return;
    }
    if (hello.epoch < this.#epoch) {
      this.#giveUp(
        step,
        `a former master (epoch ${hello.epoch}) answered; this agent obeyed epoch ${this.#epoch}`,
      );
      return;
    }
    if (hello.epoch > this.#epoch) {
      this.#epoch = hello.epoch;
      const record: EpochRecord = { formatVersion: 1, epoch: hello.epoch };
      step.put(recordKeys.epoch, record);
    }
    this.#masterId = hello.masterId;
    this.#phase = { kind: "registering", link };
    this.#register(step, link);
  }

  registered(step: Step, message: Extract<MasterToAgent, { kind: "registered" | "reregistered" }>): boolean {
    if (this.#phase.kind !== "registering") return false;
    const own = this.#ports.agentId();
    if (own !== undefined && own !== message.agentId) {
      this.#giveUp(step, `the master calls this agent ${message.agentId}, but it is ${own}`);
      return false;
    }
    const { link } = this.#phase;
    this.#phase = { kind: "registered", link };
    this.#attempts = 0;
    this.#timers.cancel({ kind: "link" });
    this.#pingTimeoutMs = message.pingTimeoutMs > 0 ? message.pingTimeoutMs : initialPingTimeoutMs;
    this.#timers.set({ kind: "ping" }, step.now + this.#pingTimeoutMs);
    this.#ports.onRegistered(step, message.agentId);
    return true;
  }

  ping(step: Step, connected: boolean): void {
    if (!("link" in this.#phase)) return;
    const { link } = this.#phase;
    step.emit({ kind: "sendFrame", link, message: { kind: "pong" } });
    if (this.#phase.kind !== "registered") return;
    this.#timers.set({ kind: "ping" }, step.now + this.#pingTimeoutMs);
    if (connected) return;
    this.#phase = { kind: "registering", link };
    this.#ports.onLost();
    this.#register(step, link);
  }

  refused(step: Step, reason: string): void {
    this.#giveUp(step, `the master refused this agent: ${reason}`);
  }

  linkTimer(step: Step): void {
    switch (this.#phase.kind) {
      case "waiting":
        return this.#open(step);
      case "greeting":
        return this.#giveUp(step, "the master did not answer the greeting");
      case "registering":
        return this.#register(step, this.#phase.link);
      default:
    }
  }

  pingTimer(step: Step): void {
    this.#giveUp(step, `no ping for ${this.#pingTimeoutMs} ms`);
  }

  #open(step: Step): void {
    const link = this.#nextLink;
    this.#nextLink += 1;
    this.#phase = { kind: "opening", link };
    step.emit({ kind: "openLink", link });
  }

  #register(step: Step, link: number): void {
    step.emit({ kind: "sendFrame", link, message: this.#ports.describe() });
    // Never twice within the factor: the master is about to answer.
    const delayMs = this.#policy.registrationBackoffMs + this.#backoffMs();
    this.#timers.set({ kind: "link" }, step.now + delayMs);
  }

  #giveUp(step: Step, reason: string): void {
    step.log("warn", "master.linkGivenUp", { reason });
    this.#dropLink(step, reason);
    this.#retry(step);
  }

  #dropLink(step: Step, reason: string): void {
    if ("link" in this.#phase) step.emit({ kind: "closeLink", link: this.#phase.link, reason });
    this.#timers.cancel({ kind: "ping" });
    if (this.#phase.kind === "registered") this.#ports.onLost();
  }

  #retry(step: Step): void {
    this.#timers.cancel({ kind: "ping" });
    if (this.#phase.kind === "registered") this.#ports.onLost();
    this.#phase = { kind: "waiting" };
    this.#timers.set({ kind: "link" }, step.now + this.#backoffMs());
  }

  /** Random in [0, factor * 2^n], under a cap. */
  #backoffMs(): number {
    const { registrationBackoffMs, registrationBackoffMaxMs } = this.#policy;
    const bound = Math.min(registrationBackoffMs * 2 ** this.#attempts, registrationBackoffMaxMs);
    this.#attempts = Math.min(this.#attempts + 1, attemptsMax);
    return Math.ceil(this.#random.next() * bound);
  }
}
