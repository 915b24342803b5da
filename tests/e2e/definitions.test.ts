/** Every definition that is taken runs unchanged on a real cluster, or says why it does not. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppDefinition, GroupTree } from "#domain/definitions/index.ts";
import { type DefinitionFile, judge, ownDefinitions, sharedDefinitions } from "../definitions/definitions.ts";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { type App, getApp } from "../harness/services.ts";

let cluster: TestCluster;
const settleMs = 3_000;

beforeAll(async () => {
  // Definitions name ports of the usual range.
  cluster = await startCluster({ flags: ["--task-ports", "31000-32000"] });
}, 240_000);
afterAll(() => cluster.purge());

/** The better first. */
const outcomes = ["dormant", "ran", "ended", "waits"] as const;
type Outcome = (typeof outcomes)[number];

interface Runnable {
  readonly file: DefinitionFile;
  /** Where its like is made, and its path there. */
  readonly kind: "apps" | "groups" | "pods";
  readonly id: string;
  readonly apps: readonly AppDefinition[];
}

/** Posts one definition as it is and sees what becomes of it: of a group, what the worst of its apps comes to. */
async function tryOut(
  { file, kind, id, apps }: Runnable,
  waitsMs: number,
): Promise<{ readonly outcome: Outcome; readonly reason: string }> {
  const url = `${cluster.info.services.services}/v2/${kind}`;
  const created = await ask(url, { method: "POST", body: file.body });
  if (created.status !== 201) throw new Error(`answered ${created.status}: ${JSON.stringify(created.body)}`);
  const started = performance.now();
  try {
    let worst: { readonly outcome: Outcome; readonly reason: string } = { outcome: "dormant", reason: "" };
    for (const app of apps) {
      // The first refusal is not the last word: other agents are offered too.
      const waiting = async (): Promise<string> =>
        performance.now() - started > waitsMs ? await queueReason(app.id) : "";
      const result = await eventually(
        `${app.id} comes to something`,
        async () =>
          kind === "pods"
            ? judgePod(app.id, await waiting())
            : judgeRun(await getApp(cluster, app.id), await waiting()),
        120_000,
      );
      if (outcomes.indexOf(result.outcome) > outcomes.indexOf(worst.outcome)) worst = result;
    }
    return worst;
  } finally {
    await ask(`${url}${id}?force=true`, { method: "DELETE" });
    await eventually(`${id} is gone`, async () => {
      const deployments = await ask(`${cluster.info.services.services}/v2/deployments`);
      return (
        (await ask(`${url}${id}`)).status === 404 && (deployments.body as readonly unknown[]).length === 0
      );
    });
  }
}

function judgeRun(
  app: App,
  waiting: string,
): { readonly outcome: Outcome; readonly reason: string } | undefined {
  if (app.instances === 0) return { outcome: "dormant", reason: "" };
  if (app.tasks.some(({ state }) => state === "TASK_RUNNING")) return { outcome: "ran", reason: "" };
  if (app.lastTaskFailure !== undefined)
    return { outcome: "ended", reason: `${app.lastTaskFailure.state}: ${app.lastTaskFailure.message}` };
  return waiting === "" ? undefined : { outcome: "waits", reason: waiting };
}

async function judgePod(id: string, waiting: string): Promise<ReturnType<typeof judgeRun>> {
  const { body } = await ask(`${cluster.info.services.services}/v2/pods${id}::status`);
  if ((body as { readonly status: string }).status === "STABLE") return { outcome: "ran", reason: "" };
  return waiting === "" ? undefined : { outcome: "waits", reason: waiting };
}

async function queueReason(id: string): Promise<string> {
  const { body } = await ask(`${cluster.info.services.services}/v2/queue`);
  const { queue } = body as {
    readonly queue: readonly {
      readonly app?: { readonly id: string };
      readonly pod?: { readonly id: string };
      readonly processedOffersSummary: {
        readonly rejectSummaryLastOffers: readonly { readonly reason: string; readonly declined: number }[];
      };
    }[];
  };
  const item = queue.find(({ app, pod }) => (app ?? pod)?.id === id);
  const reasons =
    item?.processedOffersSummary.rejectSummaryLastOffers.filter(({ declined }) => declined > 0) ?? [];
  return reasons.map(({ reason }) => reason).join(", ");
}

/**
 * Tests stay on this machine and leave its interfaces alone: what would be downloaded from elsewhere, or needs a network of
 * containers, is not tried here. Images and networks have tests with a registry and a network of their own.
 */
const needsNetwork = ({ fetch: artifacts = [], container, networks, pod }: AppDefinition): boolean =>
  artifacts.some(({ uri }) => !uri.startsWith("file://")) ||
  networks.some(({ mode }) => mode !== "host") ||
  container?.docker !== undefined ||
  pod?.containers.some(({ image }) => image !== undefined) === true;

const accepted = (files: readonly DefinitionFile[]): readonly Runnable[] =>
  files.flatMap((file): readonly Runnable[] => {
    const verdict = judge(file.body);
    // Jobs are tried where Jobs are.
    if (verdict.kind !== "accepted" || "job" in verdict) return [];
    if ("app" in verdict) {
      const { app } = verdict;
      return [{ file, kind: app.pod === undefined ? "apps" : "pods", id: app.id, apps: [app] }];
    }
    // The root is there already and can't be made.
    const { group } = verdict;
    if (group.kind !== "define" || group.groupId === "/") return [];
    return [{ file, kind: "groups", id: group.groupId, apps: appsOf(group.tree) }];
  });

function appsOf({ apps = [], groups = [] }: GroupTree): readonly AppDefinition[] {
  return [...apps, ...groups.flatMap(appsOf)];
}

describe("definitions on a real cluster", () => {
  it("our own all run", async () => {
    const results: string[] = [];
    // What one of them names.
    expect(await cluster.cli("secret", "create", "yard/pw", "--value", "x")).toMatchObject({ code: 0 });
    for (const runnable of accepted(ownDefinitions())) {
      if (runnable.apps.some(needsNetwork)) continue;
      const { outcome, reason } = await tryOut(runnable, 60_000);
      if (outcome !== "ran" && outcome !== "dormant")
        results.push(`${runnable.file.name}: ${outcome} (${reason})`);
    }
    expect(results).toEqual([]);
  }, 180_000);

  it("those that users wrote run, end by their own doing, or wait for a reason that is told", async () => {
    const counts = new Map<Outcome, number>();
    for (const runnable of accepted(sharedDefinitions())) {
      const { file, apps } = runnable;
      if (apps.some(needsNetwork)) {
        console.log(`  ${file.name}: not tried, it needs more than this machine`);
        continue;
      }
      const { outcome, reason } = await tryOut(runnable, settleMs);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (outcome !== "ran") console.log(`  ${file.name}: ${outcome} ${reason}`);
      if (outcome === "waits" || outcome === "ended") expect(reason).not.toBe("");
    }
    console.log(
      `users' definitions that were taken: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ")}`,
    );
  }, 240_000);
});
