/** One record of the audit trail: the call and what it changed. */
import type { ReactNode } from "react";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import { Facts } from "../../components/facts.tsx";
import { FieldChanges } from "../../components/field-changes.tsx";
import { ServiceLink } from "../../components/service-link.tsx";
import { SideDrawer } from "../../components/side-drawer.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";

export function AuditDrawer(properties: {
  readonly record: AuditRecord;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { record, onClose } = properties;
  return (
    <SideDrawer onClose={onClose} size={520} title={record.action}>
      <div className="stack">
        <Facts
          facts={[
            {
              name: text("ui.audit.object"),
              value: record.object.startsWith("/") ? <ServiceLink id={record.object} /> : record.object,
            },
            { name: text("ui.audit.user"), value: record.user },
            { name: text("ui.audit.at"), value: formats.instant(record.at) },
            { name: text("ui.audit.from"), value: record.from },
            { name: text("ui.audit.message"), value: record.message },
            { name: text("ui.audit.status"), value: String(record.status) },
            {
              name: text("ui.audit.call"),
              value: <code className="mono wrapping">{`${record.method} ${record.path}`}</code>,
            },
          ]}
        />
        <h3 className="section-title">{text("ui.audit.changes")}</h3>
        <FieldChanges changes={record.changes} />
      </div>
    </SideDrawer>
  );
}
