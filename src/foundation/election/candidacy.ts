/**
 * The life of a process of which several are started and one leads: it stands by until it leads, and ends when it
 * does not lead any more. Nothing of what it does as leader knows of that but for its store, whose every batch checks
 * the election node.
 */
import { createHash, randomUUID } from "node:crypto";
import type { StoreConfig } from "#foundation/store/index.ts";
import type { GroupShape } from "./core/candidates.ts";
import { defaultSessionTimeoutMs, ElectionGroup } from "./group.ts";
import { parseZooKeeperUrl } from "./zookeeper-url.ts";

/** What the leader has of the election. */
export interface Seat {
  readonly store: StoreConfig;
  /** The port is the leader's from then on: what stood by on it is closed. */
  take(): Promise<void>;
  /** Gives the lead up at once. The process must end. */
  resign(): Promise<void>;
}

export interface Closable {
  close(): Promise<void>;
}

export interface CandidacyOptions {
  /** `zk://…`, from the flag `--zk`. */
  readonly zk: string;
  /** Node below that of `zk` that candidates are in. Default: that node itself. */
  readonly folder?: string;
  readonly shape: GroupShape;
  /** What this candidate's node holds. */
  readonly data: string;
  /** Of the cluster's daemons. Candidates that do not have the same one would take each other for strangers. */
  readonly secret: string | undefined;
  readonly sessionTimeoutMs?: number;
  /** What answers until this candidate leads. */
  readonly standby: Closable;
  /** What the node of who leads holds; undefined: nobody does. */
  readonly onLeader: (data: string | undefined) => void;
  /** Starts everything. It rejects: the process can't lead and must end. */
  readonly lead: (seat: Seat) => Promise<Closable>;
  /** The process must end. Told once. */
  readonly onOver: (cause: OverCause, error: unknown) => void;
}

/** No server of ZooKeeper answered; the session or the node is gone; what was started as leader failed to start. */
export type OverCause = "unreachable" | "lost" | "failed";

/** Node for our records below that of `zk`; the clients of before look at names they know. */
const recordsFolder = "keelson";
/** Tells whether two have the same secret, and not which. */
const secretNode = "keelson-secret";
const fingerprintOf = (secret: string | undefined): string =>
  secret === undefined ? "none" : createHash("sha256").update(`keelson election ${secret}`).digest("hex");

/** Returns at once; what goes wrong later tells `onOver`. Throws `Invalid` for a `zk` that is none. */
export function standForElection(options: CandidacyOptions): Closable {
  const { zk, folder, shape, data, secret, standby } = options;
  const { sessionTimeoutMs = defaultSessionTimeoutMs } = options;
  const place = parseZooKeeperUrl(zk, "--zk");
  const standbyClosed = once(() => standby.close());
  let own: string | undefined;
  let leaderPath: string | undefined;
  let leading: Promise<Closable> | undefined;
  let isOver = false;

  const over = (cause: OverCause, error: unknown): void => {
    if (isOver) return;
    isOver = true;
    options.onOver(cause, error);
  };
  const group = new ElectionGroup({
    place: folder === undefined ? place : { ...place, path: `${place.path}/${folder}` },
    shape,
    sessionTimeoutMs,
    onLeader: (leader) => {
      leaderPath = leader?.path;
      options.onLeader(leader?.data);
      leadIfElected();
    },
    onLost: (error) => over("lost", error),
  });
  const leadIfElected = (): void => {
    if (own === undefined || leaderPath !== own || leading !== undefined || isOver) return;
    leading = options.lead({
      store: {
        kind: "zookeeper",
        servers: place.servers,
        root: `${place.path}/${recordsFolder}`,
        fencePath: own,
        sessionTimeoutMs,
      },
      take: standbyClosed,
      resign: () => {
        isOver = true;
        return group.close();
      },
    });
    leading.catch((error: unknown) => over("failed", error));
  };
  const begin = async (): Promise<void> => {
    await group.open();
    if (!(await group.agrees(`${place.path}/${secretNode}`, fingerprintOf(secret)))) {
      const problem = `${zk} was first used with another secret of the cluster`;
      return over(
        "failed",
        `${problem}; give all that name it the same one (secrets/door of the data directory)`,
      );
    }
    own = await group.join(randomUUID(), data);
    leadIfElected();
  };
  begin().catch((error: unknown) => over("unreachable", error));

  return {
    close: async () => {
      isOver = true;
      await (await leading?.catch(() => undefined))?.close();
      await standbyClosed();
      await group.close();
    },
  };
}

function once(run: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= run();
    return done;
  };
}
