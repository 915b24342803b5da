/** Jobs that wait for others: whom they name must be there, and no way may lead back. */

interface Dependent {
  readonly id: string;
  readonly dependencies: readonly { readonly id: string }[];
}

/** What is wrong with the dependencies of `job` among the jobs that are; undefined when nothing is. */
export function dependencyProblem(
  job: Dependent,
  find: (id: string) => Dependent | undefined,
): string | undefined {
  const unknown = job.dependencies.filter(({ id }) => id !== job.id && find(id) === undefined);
  if (unknown.length > 0) {
    const names = unknown.map(({ id }) => id).join(", ");
    return `job ${job.id} depends on ${names}, which ${unknown.length === 1 ? "does" : "do"} not exist`;
  }
  const way = wayBack(job, find);
  return way === undefined ? undefined : `dependencies of jobs go in a circle: ${way.join(" -> ")}`;
}

/** Jobs that depend on `id` directly, in the order given. */
export function dependentsOf(id: string, jobs: Iterable<Dependent>): readonly string[] {
  return [...jobs]
    .filter(({ dependencies }) => dependencies.some((one) => one.id === id))
    .map((job) => job.id);
}

/** The way from `job` over its parents to itself. Without recursion: chains may be long. */
function wayBack(job: Dependent, find: (id: string) => Dependent | undefined): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const open = [job];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { id } of next.dependencies) {
      if (id === job.id) return [...wayTo(next.id, cameFrom), id];
      if (cameFrom.has(id)) continue;
      cameFrom.set(id, next.id);
      const parent = find(id);
      if (parent !== undefined) open.push(parent);
    }
  }
  return undefined;
}

function wayTo(id: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [id];
  for (let before = cameFrom.get(id); before !== undefined; before = cameFrom.get(before))
    way.unshift(before);
  return way;
}
