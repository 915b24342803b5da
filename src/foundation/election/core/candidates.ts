/**
 * Who leads, from the names of the nodes of a group. ZooKeeper numbers the nodes; the lowest number leads.
 *
 * Two shapes, so that clients of before find our leaders. Mesos: `json.info_NNNNNNNNNN`, a MasterInfo as JSON; other
 * nodes beside them are no masters. Marathon and Metronome: `_c_UUID-latch-NNNNNNNNNN` of Curator, `host:port`.
 * Source: contract mesos.md section 4.5, marathon.md section 19.1.
 */

export type GroupShape = "mesos" | "latch";

const numbers: Readonly<Record<GroupShape, RegExp>> = {
  mesos: /^json\.info_(\d+)$/,
  latch: /-latch-(\d+)$/,
};

/** Names of candidates, the leader first; what is no candidate is left out. */
export function candidatesIn(names: readonly string[], shape: GroupShape): readonly string[] {
  return names
    .flatMap((name) => {
      const number = numbers[shape].exec(name)?.[1];
      return number === undefined ? [] : [{ name, number: Number(number) }];
    })
    .sort((one, other) => one.number - other.number)
    .map(({ name }) => name);
}

export type Standing =
  /** Its own node is gone, and whoever leads now may act. */
  | { readonly kind: "lost" }
  | { readonly kind: "leads" }
  /** Another one leads, or nobody. */
  | { readonly kind: "standsBy"; readonly leader: string | undefined };

/** What the names of a group mean for one that has the node called `own`, or none yet. */
export function standingIn(names: readonly string[], shape: GroupShape, own: string | undefined): Standing {
  const candidates = candidatesIn(names, shape);
  if (own !== undefined && !candidates.includes(own)) return { kind: "lost" };
  const [leader] = candidates;
  return own !== undefined && leader === own ? { kind: "leads" } : { kind: "standsBy", leader };
}

/** What ZooKeeper puts a number behind. `id` tells candidates of one group apart. */
export const candidatePrefix = (shape: GroupShape, id: string): string =>
  shape === "mesos" ? "json.info_" : `_c_${id}-latch-`;
