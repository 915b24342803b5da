import { describe, expect, it } from "vitest";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import type { HistoryEntry } from "#contracts/services/own-endpoints.ts";
import { historyRows } from "./history-rows.ts";

const version = (at: number, given: Partial<HistoryEntry> = {}): HistoryEntry => ({
  version: `v${at}`,
  isCurrent: false,
  at,
  changes: [],
  instances: 1,
  ...given,
});
const call = (at: number, given: Partial<AuditRecord> = {}): AuditRecord => ({
  id: String(at),
  source: "services",
  at,
  user: "ann",
  from: "127.0.0.1",
  action: "service.update",
  object: "/a",
  method: "PUT",
  path: "/v2/apps/a",
  status: 200,
  changes: [{ path: "/cpus", before: 1, after: 2 }],
  ...given,
});

describe("the history of a service", () => {
  it("tells a version and the call that made it once", () => {
    const [row, ...others] = historyRows([version(1_000)], [call(1_200, { message: "more" })]);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      version: { user: "ann", from: "127.0.0.1", message: "more" },
      call: { action: "service.update" },
    });
  });

  it("keeps calls of others, refused ones and those without a change apart, newest first", () => {
    const rows = historyRows(
      [version(10_000, { user: "bo" })],
      [
        call(10_001),
        call(10_002, { user: "bo", status: 409 }),
        call(50_000, { action: "service.restart", changes: [] }),
      ],
    );
    expect(rows.map(({ at, version: made }) => [at, made !== undefined])).toEqual([
      [50_000, false],
      [10_002, false],
      [10_001, false],
      [10_000, true],
    ]);
  });
});
