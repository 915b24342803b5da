/** Processes of the cluster: one of a kind, or several of which one leads. */
import {
  ElectedNode,
  LockService,
  type MakeProgram,
  type Process,
  type SimNetwork,
  SimNode,
  type SimNodeOptions,
} from "../engine/index.ts";

export interface Election {
  readonly candidates: number;
  /** A planted bug. */
  readonly lostAfterTimeouts?: number;
}

/** Short, so that several lead within a run. */
const sessionTimeoutMs = 5_000;

export function processOf<Event, Effect>(
  network: SimNetwork,
  name: string,
  make: MakeProgram<Event, Effect>,
  { election, ...options }: SimNodeOptions & { readonly election?: Election | undefined },
): Process<Event, Effect> {
  if (election === undefined) return new SimNode(network, name, make, options);
  const { candidates, lostAfterTimeouts } = election;
  return new ElectedNode(network, name, make, {
    ...options,
    lock: new LockService(network, `lock of ${name}`, sessionTimeoutMs),
    candidates,
    ...(lostAfterTimeouts === undefined ? {} : { lostAfterTimeouts }),
  });
}
