/** What happened lately: deployments and events, a few of each. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import { Card } from "../../components/card.tsx";
import { DeploymentStateBadge } from "../../components/deployment-progress.tsx";
import { EventObject } from "../../components/event-object.tsx";
import { useEventHistory } from "../../data/event-history.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import classes from "./dashboard.module.css";

const eventsShown = 8;

export function RecentDeployments(properties: {
  readonly deployments: readonly DeploymentItem[];
}): ReactNode {
  const text = useText();
  const { deployments } = properties;
  return (
    <Card
      title={text("ui.dashboard.deployments")}
      beside={
        <Link to="/deployments" className="plain-link quiet">
          {text("ui.all")}
        </Link>
      }
    >
      {deployments.length === 0 ? <p className={classes.none}>{text("ui.dashboard.noDeployments")}</p> : null}
      <ul className={classes.recent}>
        {deployments.map(({ id, services, state, user, startedAt }) => (
          <li key={id}>
            <span className="clipped" title={services.join(", ")}>
              {services.join(", ")}
            </span>
            <span className={classes.meta}>
              {user === undefined ? null : <span>{user}</span>}
              <Age at={startedAt} />
            </span>
            <DeploymentStateBadge state={state} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function RecentEvents(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { events: all, isPending } = useEventHistory();
  const events = all.slice(0, eventsShown);
  return (
    <Card
      title={text("ui.dashboard.events")}
      beside={
        <Link to="/events" className="plain-link quiet">
          {text("ui.all")}
        </Link>
      }
    >
      {events.length === 0 && !isPending ? (
        <p className={classes.none}>{text("ui.dashboard.noEvents")}</p>
      ) : null}
      <ul className={classes.recent}>
        {events.map((event) => (
          <li key={event.id}>
            <EventObject event={event} />
            <code className="mono quiet clipped" title={event.change}>
              {event.change}
            </code>
            <span className={classes.meta}>{formats.timeOfDay(event.at)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
