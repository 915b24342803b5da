export type { Closable, OverCause, Seat } from "./candidacy.ts";
export type { GroupShape } from "./core/candidates.ts";
export { followLeader, type LeaderAddress } from "./leader-address.ts";
export { openCandidacy } from "./open.ts";
export { latchFolder, parseZooKeeperUrl, type ZooKeeperPlaces, zooKeeperPlaces } from "./zookeeper-url.ts";
