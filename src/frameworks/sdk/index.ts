/** What frameworks and custom executors are written with; `@keelson/sdk` for those outside. */
export type {
  ExecutorEvent,
  ExecutorInfo,
  FrameworkInfo,
  Offer,
  OfferOperation,
  Resource,
  SchedulerCall,
  SchedulerEvent,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
export {
  defaultExecutorPolicy,
  type ExecutorPolicy,
  type OutgoingStatus,
} from "./core/executor-session.ts";
export {
  defaultSessionPolicy,
  type OutgoingCall,
  type SessionPolicy,
} from "./core/session.ts";
export { connectExecutor, type Executor, type ExecutorOptions } from "./shell/connect-executor.ts";
export { connectScheduler, type Scheduler, type SchedulerOptions } from "./shell/connect-scheduler.ts";
