import { beforeEach, describe, expect, it } from "vitest";
import type { RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { AgentBench, aRunTask, kindsOf } from "../testing.ts";
import type { AgentEffect } from "./events.ts";
import { type StandaloneOrder, type StandaloneRequest, standaloneMax } from "./standalone.ts";

let bench: AgentBench;
let requests = 0;
beforeEach(() => {
  bench = new AgentBench();
  bench.register();
});

const aRequest = (containerId = "own", more: Partial<StandaloneRequest> = {}): StandaloneRequest => ({
  containerId,
  command: { shell: true, value: "sleep 1000" },
  resources: [],
  limits: {},
  ...more,
});
function order(asked: StandaloneOrder): readonly AgentEffect[] {
  requests += 1;
  return bench.send({ kind: "standaloneOrdered", request: requests, order: asked });
}
const launch = (request = aRequest()) => order({ kind: "launch", request });
const remove = (containerId = "own") => order({ kind: "remove", containerId });
const answersOf = (effects: readonly AgentEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "answerStandalone" ? [effect.outcome] : []));
const stored = () => [...bench.records.keys()].filter((key) => key.startsWith("standalone/"));

function running(): void {
  launch();
  bench.send({ kind: "containerStarted", containerId: "own", pid: 7 });
}

describe("a standalone container", () => {
  it("is on the disk before it starts, and its launch is answered when it runs", () => {
    const effects = launch();
    expect(kindsOf(effects)).toEqual(["launchContainer"]);
    expect(stored()).toEqual(["standalone/own"]);
    expect(answersOf(bench.send({ kind: "containerStarted", containerId: "own", pid: 7 }))).toEqual([
      { kind: "done" },
    ]);
    expect(answersOf(launch())).toEqual([{ kind: "present" }]);
    expect(bench.core.view().used.isEmpty).toBe(true);
  });

  it("that can't start is answered so, and nothing is left of it", () => {
    launch();
    const failed = {
      kind: "containerLaunchFailed",
      containerId: "own",
      code: "exec",
      message: "no",
    } as const;
    const effects = bench.send(failed);
    expect(answersOf(effects)).toEqual([{ kind: "refused", code: "Internal", message: "no" }]);
    expect([kindsOf(effects), stored()]).toEqual([["removeSandbox", "answerStandalone"], []]);
  });

  it("is remembered with its end until it is removed", () => {
    running();
    expect(answersOf(remove())).toMatchObject([{ kind: "refused", code: "Conflict" }]);
    const effects = bench.exit("own", { kind: "exited", status: 3 }, { waitStatus: 768, message: "over" });
    expect(kindsOf(effects)).toEqual(["removeContainer"]);
    expect(bench.core.view().standalones.get("own")?.end).toEqual({
      waitStatus: 768,
      message: "over",
      isOutOfMemory: false,
    });
    expect(kindsOf(remove())).toEqual(["removeSandbox", "answerStandalone"]);
    expect([stored(), answersOf(remove())]).toEqual([[], [{ kind: "done" }]]);
  });

  it.each<[Partial<StandaloneRequest>, string]>([
    [{ command: {} }, "command.value"],
    [{ container: { type: "DOCKER" } }, "launch_container.container.docker"],
    [{ container: { type: "MESOS", volumes: [{ mode: "RW", container_path: "x" }] } }, "container.volumes"],
    [{ resources: [{ name: "cpus", type: "SCALAR", scalar: { value: -1 } }] }, "resources"],
  ])("%j is refused", (more, problem) => {
    const [answer] = answersOf(launch(aRequest("own", more)));
    expect(answer).toMatchObject({
      kind: "refused",
      code: "InvalidRequest",
      message: expect.stringContaining(problem),
    });
  });

  it("takes no name of a task's container, and there are not more than so many", () => {
    const containerId = bench.running(aRunTask());
    expect(answersOf(launch(aRequest(containerId)))).toMatchObject([{ code: "InvalidRequest" }]);
    for (let index = 0; index < standaloneMax; index += 1) launch(aRequest(`c${index}`));
    expect(answersOf(launch())).toMatchObject([{ code: "TooManyRequests" }]);
  });

  const over = { containerId: "own", exit: { kind: "exited", status: 0 }, message: "well" } as const;
  it.each<[string, RecoveredContainer | undefined, string | undefined]>([
    ["goes on", { kind: "running", containerId: "own", pid: 7 }, undefined],
    ["has ended as it did", { kind: "ended", containerId: "own", report: over }, "well"],
    ["never started", { kind: "neverStarted", containerId: "own", message: "no trace" }, "no trace"],
    ["is gone", undefined, "gone when the agent came back"],
  ])("after a restart of the agent %s", (_what, found, message) => {
    running();
    bench.restart();
    const effects = bench.register(found === undefined ? [] : [found]);
    expect(kindsOf(effects).filter((kind) => kind === "destroyContainer")).toEqual([]);
    const { end } = bench.core.view().standalones.get("own") ?? {};
    if (message === undefined) expect(end).toBeUndefined();
    else expect(end?.message).toContain(message);
  });

  it("does not outlive the machine", () => {
    running();
    bench.restart({ bootId: "boot-2" });
    bench.register([{ kind: "ended", containerId: "own", report: { ...over, exit: { kind: "unknown" } } }]);
    expect(bench.core.view().standalones.get("own")?.end?.message).toBe("The machine was restarted");
  });
});
