/** What happens in the cluster, as it happens, and what is kept of before. Reading can be paused; nothing is missed meanwhile. */
import { Button, TextInput } from "@mantine/core";
import { IconFilter, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { EventObject } from "../../components/event-object.tsx";
import { EventsSince } from "../../components/events-since.tsx";
import { Page } from "../../components/page.tsx";
import { QuickFilters } from "../../components/quick-filters.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useEventHistory } from "../../data/event-history.ts";
import { localList } from "../../data/local-list.ts";
import type { Formats } from "../../i18n/formats.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { detailText, matchesWords } from "./event-rows.ts";

const kinds = ["service", "deployment", "job", "task", "node", "framework", "user"] as const;

export function EventsPage(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { events: live, since, isPending, error } = useEventHistory();
  const [held, setHeld] = useState<readonly ClusterEvent[]>();
  const [kind, setKind] = useState<string>();
  const [words, setWords] = useState("");
  const events = held ?? live;
  const shown = useMemo(
    () => events.filter((event) => (kind === undefined || event.kind === kind) && matchesWords(event, words)),
    [events, kind, words],
  );
  const columns = useMemo(() => eventColumns(formats), [formats]);
  return (
    <Page
      title={text("ui.nav.events")}
      fills
      actions={
        <Button
          variant="default"
          leftSection={
            held === undefined ? (
              <IconPlayerPause size={15} aria-hidden />
            ) : (
              <IconPlayerPlay size={15} aria-hidden />
            )
          }
          onClick={() => setHeld(held === undefined ? live : undefined)}
        >
          {text(held === undefined ? "ui.events.pause" : "ui.events.resume")}
        </Button>
      }
    >
      <div className="toolbar">
        <TextInput
          className="toolbar-filter"
          aria-label={text("ui.list.filter")}
          placeholder={text("ui.events.filterHint")}
          leftSection={<IconFilter size={15} stroke={1.8} aria-hidden />}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          data-list-filter
        />
        <QuickFilters
          current={kind}
          choices={kinds.map((each) => ({ filter: each, label: text(`ui.events.kind.${each}`) }))}
          choose={setKind}
        />
      </div>
      {isPending && events.length === 0 ? (
        <Loading />
      ) : error !== undefined && events.length === 0 ? (
        <Failed error={error} />
      ) : events.length === 0 ? (
        <Empty title={text("ui.events.empty")} hint={text("ui.events.emptyHint")} command="keelson events" />
      ) : shown.length === 0 ? (
        <Empty title={text("ui.list.noMatch")} />
      ) : (
        <DataTable
          label={text("ui.nav.events")}
          columns={columns}
          list={localList(shown)}
          rowKey={({ id }) => id}
        />
      )}
      {since === undefined ? null : <EventsSince since={since} />}
    </Page>
  );
}

function eventColumns(formats: Formats): readonly Column<ClusterEvent>[] {
  return [
    {
      key: "at",
      title: "ui.events.at",
      width: "84px",
      narrow: "side",
      render: ({ at }) => (
        <time className="quiet nowrap" dateTime={new Date(at).toISOString()} title={formats.instant(at)}>
          {formats.timeOfDay(at)}
        </time>
      ),
    },
    {
      key: "object",
      title: "ui.events.object",
      width: "minmax(180px, 2fr)",
      narrow: "title",
      render: (event) => <EventObject event={event} />,
    },
    {
      key: "change",
      title: "ui.events.change",
      width: "minmax(150px, 1.2fr)",
      narrow: "line",
      render: ({ change }) => (
        <code className="mono clipped" title={change}>
          {change}
        </code>
      ),
    },
    {
      key: "detail",
      title: "ui.events.detail",
      width: "minmax(120px, 2fr)",
      from: 760,
      render: (event) => (
        <span className="quiet clipped" title={detailText(event)}>
          {detailText(event)}
        </span>
      ),
    },
  ];
}
