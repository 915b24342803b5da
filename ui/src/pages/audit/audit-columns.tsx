/** The columns of the audit trail. */
import type { AuditRecord } from "#contracts/observe/audit.ts";
import { Age } from "../../components/age.tsx";
import type { Column } from "../../components/data-table.tsx";
import { StateBadge } from "../../components/state-badge.tsx";

export function auditColumns(open: (record: AuditRecord) => void): readonly Column<AuditRecord>[] {
  return [
    {
      key: "object",
      title: "ui.audit.object",
      width: "minmax(160px, 2fr)",
      narrow: "title",
      render: (record) => (
        <button type="button" className="row-link as-link" title={record.object} onClick={() => open(record)}>
          {record.object}
        </button>
      ),
    },
    {
      key: "action",
      title: "ui.audit.action",
      width: "minmax(130px, 1.2fr)",
      narrow: "line",
      render: ({ action }) => (
        <code className="mono clipped" title={action}>
          {action}
        </code>
      ),
    },
    {
      key: "user",
      title: "ui.audit.user",
      width: "minmax(80px, 1fr)",
      narrow: "line",
      render: ({ user }) => (
        <span className="clipped" title={user}>
          {user}
        </span>
      ),
    },
    {
      key: "from",
      title: "ui.audit.from",
      width: "minmax(100px, 1fr)",
      from: 860,
      render: ({ from }) => (
        <span className="quiet clipped" title={from}>
          {from}
        </span>
      ),
    },
    {
      key: "status",
      title: "ui.audit.status",
      width: "76px",
      narrow: "side",
      render: ({ status }) => <StateBadge tone={status < 400 ? "good" : "bad"}>{status}</StateBadge>,
    },
    {
      key: "at",
      title: "ui.audit.at",
      width: "112px",
      align: "end",
      narrow: "line",
      render: ({ at }) => (
        <span className="quiet">
          <Age at={at} />
        </span>
      ),
    },
  ];
}
