/** What happened to the service since this console was opened, newest first; it grows by itself. */
import type { ReactNode } from "react";
import { Empty } from "../../components/states.tsx";
import { useEvents } from "../../data/live-provider.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { eventDetail, eventsOf } from "../../services/view/service-events.ts";
import classes from "./history.module.css";

const shownMax = 200;

export function EventsTab(properties: { readonly id: string }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const events = eventsOf(useEvents(), properties.id).slice(0, shownMax);
  if (events.length === 0) {
    return (
      <Empty
        title={text("ui.events.noneOfService")}
        hint={text("ui.events.noneOfServiceHint")}
        command={`keelson events --object ${properties.id}`}
      />
    );
  }
  return (
    <ol className={classes.events}>
      {events.map((event) => (
        <li key={event.id}>
          <time dateTime={new Date(event.at).toISOString()}>{formats.timeOfDay(event.at)}</time>
          <strong>{event.change}</strong>
          <span className={classes.detail}>{eventDetail(event)}</span>
        </li>
      ))}
    </ol>
  );
}
