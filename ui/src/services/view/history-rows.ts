/** Versions and calls as one story: a call that made a version is told once, with the version. */
import type { AuditRecord } from "#contracts/observe/audit.ts";
import type { HistoryEntry } from "#contracts/services/own-endpoints.ts";

export interface HistoryRow {
  readonly key: string;
  /** ms UTC */
  readonly at: number;
  readonly version?: HistoryEntry;
  readonly call?: AuditRecord;
}

/** A version is stamped when its call is judged, and the call is recorded when it is answered. */
const sameCallMs = 5_000;

/** Newest first. */
export function historyRows(
  versions: readonly HistoryEntry[],
  calls: readonly AuditRecord[],
): readonly HistoryRow[] {
  const left = [...calls];
  const rows: HistoryRow[] = versions.map((version) => {
    const index = left.findIndex(
      (call) =>
        call.status < 400 &&
        call.changes.length > 0 &&
        Math.abs(call.at - version.at) <= sameCallMs &&
        (version.user === undefined || version.user === call.user),
    );
    const [call] = index === -1 ? [] : left.splice(index, 1);
    return {
      key: version.version,
      at: version.at,
      version: call === undefined ? version : withCall(version, call),
      ...(call === undefined ? {} : { call }),
    };
  });
  const others = left.map((call) => ({ key: `${call.source} ${call.id}`, at: call.at, call }));
  return [...rows, ...others].toSorted((one, other) => other.at - one.at);
}

/** The version's own words first, then the call's. */
const withCall = (version: HistoryEntry, { user, from, message }: AuditRecord): HistoryEntry => ({
  user,
  from,
  ...(message === undefined ? {} : { message }),
  ...version,
});
