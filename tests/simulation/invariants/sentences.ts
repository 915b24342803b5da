/** The invariants, as they are named when one breaks. */
export const invariants = {
  resources:
    "1 resources: each is offered, used or free, in one of these only; no machine runs more than it has",
  tasks: "2 tasks: no task id runs twice; what a scheduler was told runs is known or will be reconciled",
  updates:
    "3 updates: each is told at least once, in the order of its task, and kept until it is acknowledged",
  offers: "4 offers: nothing reserved goes to another role, nothing refused comes back before its time",
  promises: "5 promises: one master acts in an epoch, epochs grow, and what was promised was durable before",
  capacity:
    "6 capacity: a deployment never takes away more than its minimum allows nor starts more than its maximum",
  plan: "9 plan: what a plan says of restarts and counts is what happens, and what was applied plans empty",
  convergence: "7 convergence: after the last fault everything is as wished within a bounded time",
  dependencies:
    "8 dependencies: in a deployment nothing begins to change before what it depends on is done in it",
  volumes: "10 volumes: none is lost, none has two tasks at once, and none is removed that nobody destroyed",
  standing:
    "11 standing: what operators decided holds: nothing set aside is offered, nothing gone comes back, nothing drained runs",
  quota: "12 quota: nothing is offered or taken that brings a role beyond its limit, whoever crashes",
  schedules:
    "14 schedules: each fires at its own instants, once, whatever clocks say and whoever dies, and successes start what waits for them once",
  roles:
    "15 roles: nothing is launched on an offer to another role, and services is subscribed in the roles that it needs",
  promptness: "13 promptness: while nothing fails and there is room, what was killed soon runs again",
} as const;

export type InvariantName = keyof typeof invariants;

/** Tells a broken invariant by its number and name. */
export type Tell = (name: InvariantName, what: string) => void;

export function tag(name: InvariantName): string {
  return invariants[name].slice(0, invariants[name].indexOf(":"));
}
