import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";

/** A scheduler call without `framework_id`, which the session adds. */
export type FrameworkCall = Omit<SchedulerCall, "framework_id">;
