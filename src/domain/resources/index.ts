export {
  asStarted,
  type Conversion,
  conversionOf,
  converted,
  isConversion,
  normalised,
  toRemember,
} from "./conversions.ts";
export {
  type Amount,
  type Entry,
  makeEntry,
  type ReservationFormat,
  remade,
  roleOf,
  withAmount,
} from "./entry.ts";
export { isBounded, limitsSummary } from "./limits.ts";
export {
  allocationRoleOf,
  parseResources,
  parseResourcesText,
  ResourcesInvalid,
  roleLengthMax,
} from "./parse.ts";
export {
  coalesce,
  containsRanges,
  countOf,
  includes,
  type Range,
  type Ranges,
  rangesText,
  subtractRanges,
  unionRanges,
  valueAt,
} from "./ranges.ts";
export { Resources, type WireOptions } from "./resources.ts";
