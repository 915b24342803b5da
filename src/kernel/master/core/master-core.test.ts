/** Any order of what can happen. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aTask, linkTask, MasterBench } from "../testing.ts";

describe("any history", () => {
  const step = fc.record({
    what: fc.constantFrom(
      "subscribe",
      "drop",
      "agent",
      "link breaks",
      "back",
      "launch",
      "running",
      "finished",
      "ack",
      "decline",
      "revive",
      "suppress",
      "kill",
      "teardown",
      "time",
      "pong",
    ),
    who: fc.nat(2),
    where: fc.nat(2),
    seconds: fc.constantFrom(1, 5, 20, 100),
  });

  it("keeps every invariant", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const bench = new MasterBench();
        const agents: string[] = ["", "", ""];
        const ids: string[] = ["", "", ""];
        let count = 0;
        for (const { what, who, where, seconds } of steps) {
          const id = ids[who] ?? "";
          const stream = `s${who}`;
          const link = `l${where}-${count}`;
          const agentId = agents[where] ?? "";
          const known = bench.core.state.agents.get(agentId);
          const task = [...(bench.core.state.frameworks.get(id)?.tasks.values() ?? [])][0];
          count += 1;
          if (what === "subscribe") {
            bench.do({ kind: "schedulerDisconnected", connection: stream });
            const known_ = bench.core.state.frameworks.has(id);
            ids[who] = bench.framework(stream, known_ ? { id: { value: id } } : {});
          } else if (what === "drop") bench.do({ kind: "schedulerDisconnected", connection: stream });
          else if (what === "agent" && known === undefined) agents[where] = bench.agent(link);
          else if (what === "link breaks" && known?.connection !== undefined)
            bench.do({ kind: "agentDisconnected", connection: known.connection });
          else if (what === "back" && agentId !== "") {
            const mine =
              known === undefined
                ? []
                : [...known.tasks].map((each) =>
                    linkTask(each.frameworkId, agentId, each.taskId, each.state),
                  );
            bench.reregister(link, agentId, mine);
          } else if (what === "launch") {
            const offer = [...(bench.core.state.frameworks.get(id)?.offers.values() ?? [])][0];
            if (offer !== undefined) {
              bench.call(id, {
                type: "ACCEPT",
                accept: {
                  offer_ids: [{ value: offer.id }],
                  operations: [
                    { type: "LAUNCH", launch: { task_infos: [aTask(`t${count}`, offer.agentId)] } },
                  ],
                  filters: { refuse_seconds: seconds },
                },
              });
            }
          } else if ((what === "running" || what === "finished") && task !== undefined) {
            const connection = bench.core.state.agents.get(task.agentId)?.connection;
            if (connection !== undefined)
              bench.update(
                connection,
                id,
                task.taskId,
                what === "running" ? "TASK_RUNNING" : "TASK_FINISHED",
                `u${count}`,
              );
          } else if (what === "ack" && task?.forwardedUuid !== undefined)
            bench.acknowledge(id, task.agentId, task.taskId, task.forwardedUuid);
          else if (what === "decline") {
            const offers = [...(bench.core.state.frameworks.get(id)?.offers.keys() ?? [])];
            bench.call(id, {
              type: "DECLINE",
              decline: {
                offer_ids: offers.map((value) => ({ value })),
                filters: { refuse_seconds: seconds },
              },
            });
          } else if (what === "revive") bench.call(id, { type: "REVIVE" });
          else if (what === "suppress") bench.call(id, { type: "SUPPRESS" });
          else if (what === "kill" && task !== undefined)
            bench.call(id, { type: "KILL", kill: { task_id: { value: task.taskId } } });
          else if (what === "teardown") bench.call(id, { type: "TEARDOWN" });
          else if (what === "pong" && known?.connection !== undefined)
            bench.do({ kind: "agentSaid", connection: known.connection, message: { kind: "pong" } });
          else if (what === "time") bench.pass(seconds * 1_000);
          expect(bench.core.check()).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});
