export {
  combinedHealth,
  firstProbeDelayMaxMs,
  firstProbeDelayMs,
  type Health,
  type HealthEvent,
  type HealthPolicy,
  type HealthStep,
  type HealthVerdict,
  hasResult,
  isAlive,
  noHealth,
  stepHealth,
} from "./health-check.ts";
export {
  type CheckPlan,
  type CheckProblem,
  type HealthCheckPlan,
  type Probe,
  readCheck,
  readHealthCheck,
} from "./task-check.ts";
