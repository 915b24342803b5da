/** What a change would do, before it does it. Exact about restarts, counts and refusals; about nodes as `certainty` says. */

import { FieldChange } from "../observe/audit.ts";
import { type Static, Type } from "../schema.ts";

export const PlanStepAction = Type.Object({
  action: Type.Enum(["start", "stop", "scale", "restart"]),
  service: Type.String(),
  /** Instances before and after. */
  from: Type.Integer(),
  to: Type.Integer(),
});

export const PlannedService = Type.Object({
  id: Type.String(),
  effect: Type.Enum(["create", "restart", "scale", "keep", "remove", "unchanged"]),
  instancesBefore: Type.Integer(),
  instancesAfter: Type.Integer(),
  /** Instances that are ended and replaced. */
  restarts: Type.Integer(),
  changes: Type.Array(FieldChange),
  /** Where new instances would go. */
  placements: Type.Array(
    Type.Object({
      agentId: Type.String(),
      hostname: Type.String(),
      count: Type.Integer(),
      certainty: Type.Enum(["exact", "likely"]),
    }),
  ),
  /** New instances that no node could take now. */
  unplaced: Type.Integer(),
  /** Things to know, such as that it will be down for a while, as catalogue key and parameters with the sentence. */
  warnings: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
});

/** A group that comes, or that says something else than before. Those that come only since a service lies in them are not told. */
export const PlannedGroup = Type.Object({
  id: Type.String(),
  effect: Type.Enum(["create", "change"]),
  changes: Type.Array(FieldChange),
});

/** A running deployment in the way: who deploys what since when; wait for it, replace it (`force`) or cancel it. */
export const LockHolder = Type.Object({
  deploymentId: Type.String(),
  services: Type.Array(Type.String()),
  user: Type.Optional(Type.String()),
  /** ms UTC */
  since: Type.Integer(),
});

export const Plan = Type.Object({
  /** Names the state this was computed from; `apply` with it is refused when anything in it has moved. */
  basis: Type.String(),
  isEmpty: Type.Boolean(),
  services: Type.Array(PlannedService),
  /** Absent: none. */
  groups: Type.Optional(Type.Array(PlannedGroup)),
  steps: Type.Array(Type.Object({ actions: Type.Array(PlanStepAction) })),
  lockedBy: Type.Array(LockHolder),
});

export type Plan = Static<typeof Plan>;
export type PlannedService = Static<typeof PlannedService>;
export type PlannedGroup = Static<typeof PlannedGroup>;
export type LockHolder = Static<typeof LockHolder>;
