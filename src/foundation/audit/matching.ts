/** Which audit records a query wants. */
import type { AuditRecord } from "#contracts/observe/audit.ts";

export interface AuditFilter {
  readonly filter?: string | undefined;
  readonly object?: string | undefined;
  readonly user?: string | undefined;
}

const fields = ["source", "user", "from", "action", "object", "method", "path", "message"] as const;
type Field = (typeof fields)[number];

/** Every word of `filter` occurs in a text of the record, or in the field it names as `field:value`; case is ignored. */
export function matchesAudit(record: AuditRecord, { filter, object, user }: AuditFilter): boolean {
  if (object !== undefined && record.object !== object) return false;
  if (user !== undefined && record.user !== user) return false;
  const words = (filter ?? "").toLowerCase().split(/\s+/);
  return words.every((word) => word === "" || matchesWord(record, word));
}

function matchesWord(record: AuditRecord, word: string): boolean {
  const [name, ...rest] = word.split(":");
  const field = fields.find((each) => each === name);
  if (field !== undefined && rest.length > 0) return textOf(record, field).includes(rest.join(":"));
  return fields.some((each) => textOf(record, each).includes(word));
}

const textOf = (record: AuditRecord, field: Field): string => (record[field] ?? "").toLowerCase();
