import { openEmbeddedStore } from "./embedded-store.ts";
import type { Store } from "./store.ts";
import { openZooKeeperStore } from "./zookeeper-store.ts";

/** Where a daemon keeps its records. */
export type StoreConfig =
  | { readonly kind: "embedded"; readonly path: string }
  | {
      readonly kind: "zookeeper";
      readonly servers: string;
      readonly root: string;
      readonly fencePath?: string;
    };

export interface OpenStoreOptions {
  /** Told once when the store has failed or is owned by another: the process must end. */
  readonly onLost: (error: Error) => void;
  /** Name and version of the program. */
  readonly program?: string;
}

export function openStore(config: StoreConfig, options: OpenStoreOptions): Promise<Store> {
  return config.kind === "embedded"
    ? openEmbeddedStore({ ...config, ...options })
    : openZooKeeperStore({ ...config, onLost: options.onLost });
}
