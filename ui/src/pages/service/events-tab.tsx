/** What happened to the service as far back as it is kept, newest first; it grows by itself. */
import type { ReactNode } from "react";
import { EventsSince } from "../../components/events-since.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useEventHistory } from "../../data/event-history.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { eventDetail } from "../../services/view/service-events.ts";
import classes from "./history.module.css";

const shownMax = 200;

export function EventsTab(properties: { readonly id: string }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const history = useEventHistory(properties.id);
  const events = history.events.slice(0, shownMax);
  if (history.isPending && events.length === 0) return <Loading />;
  if (history.error !== undefined && events.length === 0) return <Failed error={history.error} />;
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
    <>
      <ol className={classes.events}>
        {events.map((event) => (
          <li key={event.id}>
            <time dateTime={new Date(event.at).toISOString()}>{formats.timeOfDay(event.at)}</time>
            <strong>{event.change}</strong>
            <span className={classes.detail}>{eventDetail(event)}</span>
          </li>
        ))}
      </ol>
      {history.since === undefined ? null : <EventsSince since={history.since} />}
    </>
  );
}
