/**
 * Preloaded (`node --import`) into every process of a cluster, its threads too: their wall clock differs from the machine's by
 * as many ms as a file says, now and later. The monotonic clock and timers are those of the machine, as when a clock is set.
 */
import { readFileSync } from "node:fs";

const path = process.env["KEELSON_TEST_CLOCK"] ?? "";
const Machine = Date;
let offsetMs = 0;
let readAt = Number.NEGATIVE_INFINITY;

function now(): number {
  const atMachine = Machine.now();
  if (atMachine - readAt > 100) {
    offsetMs = Number(readFileSync(path, "utf8"));
    readAt = atMachine;
  }
  return atMachine + offsetMs;
}

globalThis.Date = new Proxy(Machine, {
  construct: (_target, given: []) => Reflect.construct(Machine, given.length === 0 ? [now()] : given),
  apply: () => new Machine(now()).toString(),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});
