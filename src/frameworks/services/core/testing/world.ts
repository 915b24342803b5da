/** A services core in a world of its own; see `FrameworkWorld`. */

import { seededRandom } from "#foundation/base/random.ts";
import type { CallEffect } from "#frameworks/base/core/core-turn.ts";
import { FrameworkWorld } from "#frameworks/base/core/testing/framework-world.ts";
import { MiniMaster } from "#frameworks/base/core/testing/mini-master.ts";
import type {
  ProbeRequest,
  ReadinessRequest,
  RequestResult,
  ServicesEffect,
  StreamEvent,
} from "../effects.ts";
import type { ServicesEvent } from "../events.ts";
import { parseTaskId } from "../ids.ts";
import type { ServicesPolicy } from "../policy.ts";
import { createServicesCore, type ServicesCore } from "../services-core.ts";
import { aPolicy } from "./builders.ts";

export interface WorldOptions {
  readonly agents?: number;
  readonly cpusEach?: number;
  readonly policy?: Partial<ServicesPolicy>;
  readonly seed?: number;
}

export class World extends FrameworkWorld<ServicesEvent, ServicesEffect, ServicesCore> {
  readonly replies: Map<number, RequestResult>;
  readonly published: StreamEvent[];
  readonly probes: ProbeRequest[];
  readonly readiness: ReadinessRequest[];
  readonly stops: string[];

  constructor(options: WorldOptions = {}) {
    const { seed = 1 } = options;
    const policy = aPolicy(options.policy);
    const told = {
      replies: new Map<number, RequestResult>(),
      published: [] as StreamEvent[],
      probes: [] as ProbeRequest[],
      readiness: [] as ReadinessRequest[],
      stops: [] as string[],
    };
    super({
      master: new MiniMaster(options.agents ?? 2, options.cpusEach ?? 8, (taskId) => {
        const parsed = parseTaskId(taskId);
        return parsed === undefined ? undefined : { of: parsed.instanceId, number: parsed.incarnation };
      }),
      makeCore: (records, life) =>
        createServicesCore({ records, random: seededRandom(seed * 1_000 + life), policy }),
      perform: (effect) => perform(effect, told),
      forget: () => told.replies.clear(),
    });
    this.master.subscribedRoles = () => this.core.queries.frameworkInfo().roles ?? [];
    this.replies = told.replies;
    this.published = told.published;
    this.probes = told.probes;
    this.readiness = told.readiness;
    this.stops = told.stops;
  }

  /** Connected, with nothing on the way. */
  static started(options: WorldOptions = {}): World {
    const world = new World(options);
    world.master.connect();
    world.drain();
    return world;
  }

  ofType(eventType: string): readonly StreamEvent[] {
    return this.published.filter((event) => event.eventType === eventType);
  }
}

function perform(
  effect: Exclude<ServicesEffect, CallEffect>,
  told: Pick<World, "replies" | "published" | "probes" | "readiness" | "stops">,
): void {
  switch (effect.kind) {
    case "reply":
      told.replies.set(effect.request, effect.result);
      return;
    case "publish":
      told.published.push(effect.event);
      return;
    case "probe":
      told.probes.push(effect.probe);
      return;
    case "askReadiness":
      told.readiness.push(effect.request);
      return;
    case "stop":
      told.stops.push(effect.reason);
  }
}
