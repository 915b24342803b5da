import type { DrainOrder } from "../link/messages.ts";
import type { DrainConfig } from "./messages.gen.ts";

/** An order to drain as Mesos' APIs show it. */
export const drainConfig = ({ maxGraceMs, markGone }: DrainOrder): DrainConfig => ({
  ...(maxGraceMs === undefined ? {} : { max_grace_period: { nanoseconds: maxGraceMs * 1_000_000 } }),
  mark_gone: markGone,
});
