/** How states of services and instances look, and the addresses of a service. */
import type { InstanceItem, ServiceItem, ServiceStatus } from "#contracts/services/own-endpoints.ts";
import type { Tone } from "../../components/state-badge.tsx";
import type { TextKey } from "../../i18n/catalogue.ts";

export const statusTones: Readonly<Record<ServiceStatus, Tone>> = {
  running: "good",
  deploying: "busy",
  waiting: "wait",
  failing: "bad",
  unhealthy: "bad",
  stopped: "idle",
};

const conditions: Readonly<Record<string, { readonly tone: Tone; readonly text: TextKey }>> = {
  Scheduled: { tone: "wait", text: "ui.instance.condition.Scheduled" },
  Provisioned: { tone: "busy", text: "ui.instance.condition.Provisioned" },
  Staging: { tone: "busy", text: "ui.instance.condition.Staging" },
  Starting: { tone: "busy", text: "ui.instance.condition.Starting" },
  Running: { tone: "good", text: "ui.instance.condition.Running" },
  Unreachable: { tone: "bad", text: "ui.instance.condition.Unreachable" },
  UnreachableInactive: { tone: "bad", text: "ui.instance.condition.Unreachable" },
  Killing: { tone: "wait", text: "ui.instance.condition.Killing" },
  Failed: { tone: "bad", text: "ui.instance.condition.Failed" },
  Finished: { tone: "idle", text: "ui.instance.condition.Finished" },
  Killed: { tone: "idle", text: "ui.instance.condition.Killed" },
  Error: { tone: "bad", text: "ui.instance.condition.Error" },
  Gone: { tone: "bad", text: "ui.instance.condition.Gone" },
  Dropped: { tone: "bad", text: "ui.instance.condition.Dropped" },
  Unknown: { tone: "idle", text: "ui.instance.condition.Unknown" },
};

/** Tone and words of an instance's state; health is part of it while it runs. */
export function instanceState(instance: InstanceItem): { readonly tone: Tone; readonly text: TextKey } {
  if (instance.condition === "Running" && instance.healthy === false)
    return { tone: "bad", text: "ui.instance.unhealthy" };
  if (instance.condition === "Running" && instance.ready === false)
    return { tone: "busy", text: "ui.instance.notReady" };
  if (instance.condition === "Running" && instance.healthy === true)
    return { tone: "good", text: "ui.instance.healthy" };
  return conditions[instance.condition] ?? { tone: "idle", text: "ui.instance.condition.Unknown" };
}

export interface InstanceCounts {
  readonly healthy: number;
  /** Running, with nothing said about their health. */
  readonly running: number;
  readonly unhealthy: number;
  readonly staged: number;
  /** Wished and not there. */
  readonly missing: number;
}

export function instanceCounts({ instances }: Pick<ServiceItem, "instances">): InstanceCounts {
  const { wanted, running, staged, healthy, unhealthy } = instances;
  return {
    healthy,
    running: Math.max(0, running - healthy - unhealthy),
    unhealthy,
    staged,
    missing: Math.max(0, wanted - running - staged),
  };
}

/** Running ones first, then by the time they began, newest first. A task that is listed twice is told once. */
export function sortInstances(instances: readonly InstanceItem[]): readonly InstanceItem[] {
  const began = (instance: InstanceItem): number => instance.startedAt ?? instance.stagedAt ?? 0;
  const byTask = new Map<string, InstanceItem>();
  for (const instance of instances) {
    const key = instance.taskId ?? instance.id;
    // An instance that waits for its next task still tells of its last one, and so does the memory of that task.
    if (byTask.get(key)?.endedAt === undefined) byTask.set(key, instance);
  }
  return [...byTask.values()].toSorted(
    (left, right) => Number(right.isActive) - Number(left.isActive) || began(right) - began(left),
  );
}

/** `/shop/cart` is `cart.shop`. */
export const hostLabels = (id: string): string =>
  id
    .split("/")
    .filter((part) => part !== "")
    .reverse()
    .join(".");

/**
 * The service's own name at this door, for browsers: `http://cart.shop.localhost:8800/`. Only where the console itself
 * is reached on this machine; `.localhost` leads to the reader's own.
 */
export function localAddress(
  id: string,
  page: { readonly protocol: string; readonly hostname: string; readonly port: string },
): string | undefined {
  const isLocal =
    page.hostname === "localhost" ||
    page.hostname === "127.0.0.1" ||
    page.hostname === "[::1]" ||
    page.hostname.endsWith(".localhost");
  if (!isLocal) return undefined;
  return `${page.protocol}//${hostLabels(id)}.localhost${page.port === "" ? "" : `:${page.port}`}/`;
}

/** The part of an instance's id that tells it from its siblings, and which of its tasks it is when it has had several. */
export function shortInstanceId({ id, taskId }: Pick<InstanceItem, "id" | "taskId">): string {
  const last = (id.split(".").at(-1) ?? id).replace(/^(instance|_app)-/, "").slice(0, 13);
  const count = /\.(\d+)$/.exec(taskId ?? "")?.[1] ?? "1";
  return count === "1" ? last : `${last} #${count}`;
}
