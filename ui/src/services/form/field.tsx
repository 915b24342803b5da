/** One field of the form, with the control that fits it. */
import type { ReactNode } from "react";
import type { FormField } from "../definition/definition-form.ts";
import {
  ArtifactList,
  ConstraintList,
  HealthCheckList,
  ParentList,
  PlacementList,
  PortList,
} from "./item-lists.tsx";
import { ScheduleField } from "./schedule-field.tsx";
import { SimpleField } from "./simple-field.tsx";
import { TextListField } from "./text-list.tsx";
import { TextMapField } from "./text-map.tsx";
import { UnreachableField } from "./unreachable-field.tsx";

export function Field(properties: { readonly field: FormField }): ReactNode {
  const { field } = properties;
  switch (field.control) {
    case "textList":
      return <TextListField field={field} />;
    case "textMap":
      return <TextMapField field={field} />;
    case "constraints":
      return <ConstraintList field={field} />;
    case "ports":
      return <PortList field={field} />;
    case "healthChecks":
      return <HealthCheckList field={field} />;
    case "artifacts":
      return <ArtifactList field={field} />;
    case "parents":
      return <ParentList field={field} />;
    case "placement":
      return <PlacementList field={field} />;
    case "schedule":
      return <ScheduleField field={field} />;
    case "unreachable":
      return <UnreachableField field={field} />;
    default:
      return <SimpleField field={field} />;
  }
}
