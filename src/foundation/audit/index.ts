export {
  type AuditEntry,
  type AuditLog,
  type AuditLogOptions,
  type AuditPage,
  type AuditQuery,
  auditKeyPrefix,
  openAuditLog,
} from "./audit-log.ts";
export { type AuditBudget, defaultAuditBudget } from "./chunks.ts";
export { type AuditFilter, matchesAudit } from "./matching.ts";
