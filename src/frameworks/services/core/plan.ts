/**
 * What a deployment does, as a value that can be read, stored, printed and reversed.
 *
 * Source: Marathon deployment plans (contract marathon.md section 10.1).
 */

/** One app as a plan sees it. */
export interface PlannedApp {
  readonly id: string;
  readonly isPod?: boolean;
  readonly instances: number;
  /** Differs exactly when running instances have to be replaced. */
  readonly configVersionMs: number;
}

export type PlanAction = {
  readonly appId: string;
  /** It is called by another name then. */
  readonly isPod?: true;
} & (
  | { readonly kind: "stop" }
  | { readonly kind: "start" }
  | {
      readonly kind: "scale";
      readonly instances: number;
      /** Instance ids to end first. */
      readonly sentenced: readonly string[];
    }
  | { readonly kind: "restart" }
);

export interface PlanStep {
  readonly actions: readonly PlanAction[];
}

export interface PlanInput {
  /** Affected apps before the change; one that isn't here is new. */
  readonly from: ReadonlyMap<string, PlannedApp>;
  /** Affected apps after the change; one that isn't here is deleted. */
  readonly to: ReadonlyMap<string, PlannedApp>;
  /** Length of the longest chain of dependencies below an app in the whole target, 0 without any. */
  readonly depthOf: (appId: string) => number;
  /** Instances that a scaling down must end, by app. */
  readonly sentenced?: ReadonlyMap<string, readonly string[]>;
}

/** Steps run one after the other, the actions of a step side by side. Nothing to do is a plan without steps. */
export function planDeployment(input: PlanInput): readonly PlanStep[] {
  const stops: PlanAction[] = [];
  for (const [appId, original] of input.from) {
    if (!input.to.has(appId)) stops.push({ kind: "stop", ...targetOf(original) });
  }
  const starts: PlanAction[] = [];
  const byDepth = new Map<number, PlanAction[]>();
  for (const [appId, target] of input.to) {
    const original = input.from.get(appId);
    if (original === undefined) starts.push({ kind: "start", ...targetOf(target) });
    const action = actionFor(original, target, input.sentenced?.get(appId) ?? []);
    if (action === undefined) continue;
    const depth = input.depthOf(appId);
    const group = byDepth.get(depth);
    if (group === undefined) byDepth.set(depth, [action]);
    else group.push(action);
  }
  const grouped = [...byDepth].sort(([one], [other]) => one - other).map(([, actions]) => actions);
  return [stops, starts, ...grouped].filter((actions) => actions.length > 0).map((actions) => ({ actions }));
}

const targetOf = ({ id, isPod }: PlannedApp): Pick<PlanAction, "appId" | "isPod"> => ({
  appId: id,
  ...(isPod === true ? { isPod } : {}),
});

function actionFor(
  original: PlannedApp | undefined,
  target: PlannedApp,
  sentenced: readonly string[],
): PlanAction | undefined {
  const scale: PlanAction = {
    kind: "scale",
    ...targetOf(target),
    instances: target.instances,
    sentenced,
  };
  if (original === undefined) return scale;
  if (original.configVersionMs !== target.configVersionMs) {
    return target.instances === 0 ? scale : { kind: "restart", ...targetOf(target) };
  }
  return original.instances === target.instances && sentenced.length === 0 ? undefined : scale;
}

/** Every app that a plan's steps or its change touch; these are locked while it runs. */
export function affectedApps(input: Pick<PlanInput, "from" | "to">): readonly string[] {
  return [...new Set([...input.from.keys(), ...input.to.keys()])];
}

/**
 * Lengths of the longest dependency chains, by app. `cycle` names the nodes of one cycle, if there is one, each
 * depending on the next.
 */
export interface DependencyDepths {
  readonly depthOf: (appId: string) => number;
  readonly cycle: readonly string[] | undefined;
}

/** `counts` says which nodes make a chain longer; the others only pass on what lies below them. */
export function dependencyDepths(
  roots: Iterable<string>,
  dependenciesOf: (node: string) => readonly string[],
  counts: (node: string) => boolean = () => true,
): DependencyDepths {
  const depths = new Map<string, number>();
  let cycle: readonly string[] | undefined;
  for (const root of roots) {
    if (!depths.has(root)) cycle = measure(root, dependenciesOf, counts, depths) ?? cycle;
  }
  return { depthOf: (appId) => depths.get(appId) ?? 0, cycle };
}

/** Depth first with a stack of our own: chains are as long as users make them. Returns a cycle if it meets one. */
function measure(
  root: string,
  dependenciesOf: (node: string) => readonly string[],
  counts: (node: string) => boolean,
  depths: Map<string, number>,
): readonly string[] | undefined {
  const path: { readonly node: string; readonly rest: string[]; depth: number }[] = [];
  const onPath = new Set<string>();
  let cycle: readonly string[] | undefined;
  const enter = (node: string): void => {
    path.push({ node, rest: [...dependenciesOf(node)], depth: 0 });
    onPath.add(node);
  };
  const through = (node: string, depth: number): number => depth + (counts(node) ? 1 : 0);
  enter(root);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      depths.set(top.node, top.depth);
      onPath.delete(top.node);
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) above.depth = Math.max(above.depth, through(top.node, top.depth));
      continue;
    }
    if (onPath.has(next)) {
      const nodes = path.map((entry) => entry.node);
      cycle ??= nodes.slice(nodes.indexOf(next));
      continue;
    }
    const known = depths.get(next);
    if (known === undefined) enter(next);
    else top.depth = Math.max(top.depth, through(next, known));
  }
  return cycle;
}
