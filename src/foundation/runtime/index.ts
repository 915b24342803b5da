export { type Clock, createSystemClock, systemClock } from "./clock.ts";
export {
  type CoreHost,
  type CoreHostOptions,
  createCoreHost,
  defaultCommitDeadlineMs,
  defaultMaxQueuedSteps,
} from "./core-host.ts";
export { type FatalOrigin, fatalExitCode, guardProcess, type ProcessGuard } from "./process-guard.ts";
export {
  applyWrites,
  createMemoryStorage,
  type MemoryStorage,
  recordsBelow,
  type Storage,
} from "./storage.ts";
export { createSystemRandom, systemRandom } from "./system-random.ts";
export { nodeTimers, type TimerHandle, type Timers } from "./timers.ts";
export { createVirtualTime, type VirtualTime } from "./virtual-time.ts";
