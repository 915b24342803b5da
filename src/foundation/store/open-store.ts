import { openEmbeddedStore } from "./embedded-store.ts";
import type { Store } from "./store.ts";

/** Where a daemon keeps its records. */
export type StoreConfig =
  | { readonly kind: "embedded"; readonly path: string }
  | {
      readonly kind: "zookeeper";
      readonly servers: string;
      readonly root: string;
      readonly fencePath?: string;
      readonly sessionTimeoutMs?: number;
    };

export interface OpenStoreOptions {
  /** Told once when the store has failed or is owned by another: the process must end. */
  readonly onLost: (error: Error) => void;
  /** Name and version of the program. */
  readonly program?: string;
}

export async function openStore(config: StoreConfig, options: OpenStoreOptions): Promise<Store> {
  if (config.kind === "embedded") return openEmbeddedStore({ ...config, ...options });
  // Its client is large, and a cluster with one master never needs it.
  const { openZooKeeperStore } = await import("./zookeeper-store.ts");
  return openZooKeeperStore({ ...config, onLost: options.onLost });
}
