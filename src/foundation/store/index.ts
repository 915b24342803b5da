export { type EmbeddedStoreOptions, openEmbeddedStore } from "./embedded-store.ts";
export { type OpenStoreOptions, openStore, type StoreConfig } from "./open-store.ts";
export {
  batchBytesMax,
  type CommitOptions,
  commitBytesMax,
  type Expectation,
  keyLengthMax,
  type Store,
  type StoredValue,
  type Version,
  valueBytesMax,
} from "./store.ts";
