/** What frameworks are written with. */
export {
  defaultSessionPolicy,
  type OutgoingCall,
  type SessionPolicy,
} from "./core/session.ts";
export { connectScheduler, type Scheduler, type SchedulerOptions } from "./shell/connect-scheduler.ts";
