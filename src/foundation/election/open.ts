/** What of an election is loaded only where there is one: ZooKeeper's client is large. */
import type { CandidacyOptions, Closable } from "./candidacy.ts";
import type { LeaderFinderOptions } from "./leader-finder.ts";

export async function openCandidacy(options: CandidacyOptions): Promise<Closable> {
  const { standForElection } = await import("./candidacy.ts");
  return standForElection(options);
}

export async function openLeaderFinder(options: LeaderFinderOptions): Promise<Closable> {
  const { findLeader } = await import("./leader-finder.ts");
  return findLeader(options);
}
