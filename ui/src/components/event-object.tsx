/** What an event is about, as a link where it has a page. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { ServiceLink } from "./service-link.tsx";

export function EventObject(properties: { readonly event: ClusterEvent }): ReactNode {
  const { kind, object, service, detail } = properties.event;
  if (kind === "service") return <ServiceLink id={object} />;
  if (kind === "job")
    return (
      <Link to="/jobs/$id" params={{ id: object }} className="plain-link clipped" title={object}>
        {object}
      </Link>
    );
  if (kind === "task")
    return (
      <Link to="/tasks/$id" params={{ id: object }} className="plain-link clipped" title={object}>
        {object}
      </Link>
    );
  if (kind === "node")
    return (
      <Link to="/nodes/$id" params={{ id: object }} className="plain-link clipped" title={object}>
        {String(detail?.["host"] ?? object)}
      </Link>
    );
  return (
    <span className="clipped" title={object}>
      {service ?? object}
    </span>
  );
}
