import { describe, expect, it } from "vitest";
import { agentsMax } from "./options.ts";
import { type PortSpan, planPorts } from "./ports.ts";

const wish = {
  agents: agentsMax,
  port: undefined,
  portOffset: undefined,
  taskPorts: undefined,
  lastOffset: 0,
};
const isIn = (span: PortSpan, port: number): boolean => span.begin <= port && port <= span.end;
const overlap = (one: PortSpan, other: PortSpan): boolean => one.begin <= other.end && other.begin <= one.end;

/** Those of the processes. */
function ownPorts(offset: number): readonly number[] {
  const { tasks: _tasks, agents, ...others } = planPorts(wish, offset);
  return [...Object.values(others), ...agents];
}

describe("the ports that tasks get", () => {
  const blocks = Array.from({ length: 20 }, (_, index) => index * 1_000);
  const spans = blocks.map((offset) => planPorts(wish, offset).tasks ?? { begin: 31_000, end: 32_000 });

  it("are the agent's default ones in the default block", () => {
    expect(planPorts(wish, 0).tasks).toBeUndefined();
  });

  it("are others in each block, and nobody's own", () => {
    for (const [index, span] of spans.entries()) {
      for (const other of spans.slice(index + 1)) expect(overlap(span, other)).toBe(false);
      for (const offset of blocks) expect(ownPorts(offset).filter((port) => isIn(span, port))).toEqual([]);
    }
  });

  it("are never the cluster's own nor those of whoever connects, whatever the offset", () => {
    for (let offset = 1; offset <= 56_000; offset += 7) {
      const span = planPorts(wish, offset).tasks as PortSpan;
      expect(ownPorts(offset).filter((port) => isIn(span, port))).toEqual([]);
      expect(overlap(span, { begin: 31_000, end: 60_999 })).toBe(false);
    }
  });

  it("are those that were asked for", () => {
    const taskPorts = { begin: 20_000, end: 20_999 };
    expect(planPorts({ ...wish, taskPorts }, 0).tasks).toEqual(taskPorts);
    expect(planPorts({ ...wish, taskPorts }, 3_000).tasks).toEqual(taskPorts);
  });
});
