/**
 * Users who do not wait: they restart services, stop what is being deployed and bring back earlier versions, with force and
 * without. What that takes from anybody's wish is wished again a little later.
 */
import type { Random } from "#foundation/base/random.ts";
import type { ServicesCore, ServicesEvent } from "#frameworks/services/core/index.ts";
import { between, type World } from "../engine/index.ts";

type Request = Extract<ServicesEvent, { readonly request: number }>;
type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;

export interface RestlessPorts {
  readonly isRough: () => boolean;
  /** Undefined while it is down. */
  readonly core: () => ServicesCore | undefined;
  readonly request: (request: WithoutRequest<Request>) => void;
  /** All that was wished is asked for once more. */
  readonly wishAgain: () => void;
}

const everyMs = { min: 1_500, max: 6_000 };
const wishAgainMs = { min: 500, max: 9_000 };

export class RestlessUsers {
  readonly #world: World;
  readonly #ports: RestlessPorts;
  readonly #random: Random;

  constructor(world: World, ports: RestlessPorts) {
    this.#world = world;
    this.#ports = ports;
    this.#random = world.fork("restless users");
  }

  drive(): void {
    this.#world.schedule(between(this.#random, everyMs.min, everyMs.max), () => {
      if (!this.#ports.isRough()) return;
      const core = this.#ports.core();
      if (core !== undefined) this.#act(core);
      this.drive();
    });
  }

  #act({ queries }: ServicesCore): void {
    const force = this.#random.below(2) === 0;
    const deployments = queries.deployments();
    const deployment = deployments[this.#random.below(Math.max(1, deployments.length))];
    const apps = queries.appsBelow("/") ?? [];
    const appId = apps[this.#random.below(Math.max(1, apps.length))]?.definition.id;
    const deed = this.#random.below(4);
    if (deed === 0 && deployment !== undefined) {
      this.#ports.request({ kind: "cancelDeployment", deploymentId: deployment.id, force });
      this.#wishAgain();
    } else if (deed === 1 && appId !== undefined) {
      this.#ports.request({ kind: "rollBack", appId, withInstances: this.#random.below(2) === 0, force });
      this.#wishAgain();
    } else if (appId !== undefined) {
      this.#ports.request({ kind: "restartApp", appId, force });
      // A change that it broke off is not gone on with, however far it came.
      if (force) this.#wishAgain();
    }
  }

  #wishAgain(): void {
    this.#world.schedule(between(this.#random, wishAgainMs.min, wishAgainMs.max), () =>
      this.#ports.wishAgain(),
    );
  }
}
