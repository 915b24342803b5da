import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { SessionEffect, SessionEvent } from "#frameworks/sdk/core/session.ts";
import type { ServicesCore, ServicesEffect, ServicesEvent } from "#frameworks/services/core/index.ts";
import type { Boot, Either, Program } from "../engine/index.ts";
import { pairCores } from "../engine/index.ts";
import { wiredSession } from "./wired-session.ts";

type ProcessEvent = Either<SessionEvent, ServicesEvent>;
type ProcessEffect = Either<SessionEffect, ServicesEffect>;
export type ServicesProcess = { readonly event: ProcessEvent; readonly effect: ProcessEffect };

export interface ServicesPorts {
  readonly masterName: string;
  /** Sees every update that arrives. */
  readonly saw: (status: TaskStatus) => void;
  /** Whether a task answers its health check now. */
  readonly isHealthy: (taskId: string) => boolean;
  /** Gets every answer to a request of the API. */
  readonly onReply: (effect: Extract<ServicesEffect, { kind: "reply" }>) => void;
}

const probeMs = 10;

/** Services and its session with the master in one process, wired as the daemon wires them. */
export function servicesProgram(
  boot: Boot<ProcessEvent>,
  core: ServicesCore,
  ports: ServicesPorts,
): Program<ProcessEvent, ProcessEffect> {
  const toSession = (it: SessionEvent): void => boot.dispatch({ of: "first", it });
  const toServices = (it: ServicesEvent): void => boot.dispatch({ of: "second", it });
  const session = wiredSession(boot, {
    masterName: ports.masterName,
    frameworkInfo: core.queries.frameworkInfo(),
    saw: ports.saw,
    toSession,
    toFramework: toServices,
  });

  const performServices = (effect: ServicesEffect): void => {
    switch (effect.kind) {
      case "reply":
        return ports.onReply(effect);
      case "call":
        return toSession({ kind: "callAsked", call: effect.call });
      case "publish":
        return;
      case "probe": {
        const { probe } = effect;
        boot.after(probeMs, () => {
          const result = ports.isHealthy(probe.key.taskId)
            ? ({ kind: "success" } as const)
            : ({ kind: "failure", cause: "no answer" } as const);
          toServices({ kind: "probed", probe: probe.key, result });
        });
        return;
      }
      case "askReadiness": {
        const { key } = effect.request;
        boot.after(probeMs, () => {
          const status = ports.isHealthy(key.taskId) ? 200 : 503;
          toServices({ kind: "readinessAnswered", key, answer: { status, contentType: "", body: "" } });
        });
        return;
      }
      case "stop":
        return boot.exit(effect.reason);
    }
  };

  return {
    core: pairCores(session.core, core),
    perform: (effect) => (effect.of === "first" ? session.perform(effect.it) : performServices(effect.it)),
  };
}
