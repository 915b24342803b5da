/** A log on the screen: choose, filter, follow, scroll back, point at a line, take it home. */
import { SegmentedControl, Select, TextInput } from "@mantine/core";
import { IconDownload, IconFilter, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { IconButton } from "../components/icon-button.tsx";
import { Loading } from "../components/states.tsx";
import { errorText } from "../i18n/error-text.ts";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import { downloadText } from "../services/download.ts";
import { filterWords, type LogLine, lineTest, type OutputStream } from "./log-buffer.ts";
import { LogLines } from "./log-lines.tsx";
import type { LinkedLine } from "./log-rows.ts";
import { isLinked, logFile } from "./log-rows.ts";
import type { NamedSource } from "./log-sources.ts";
import classes from "./log-view.module.css";
import { MergedLog } from "./merged-log.ts";

type Streams = "both" | OutputStream;

export function LogView(properties: {
  readonly sources: readonly NamedSource[];
  /** Names the downloaded file. */
  readonly name: string;
  /** Only this task. */
  readonly task?: string | undefined;
  readonly linked: LinkedLine | undefined;
  readonly onTask?: (task: string | undefined) => void;
  readonly onLink: (line: LinkedLine) => void;
}): ReactNode {
  const { sources, task, linked, onTask } = properties;
  const text = useText();
  const formats = useFormats();
  const [words, setWords] = useState("");
  const [streams, setStreams] = useState<Streams>("both");
  const [isFollowing, setIsFollowing] = useState(linked === undefined);
  const log = useMergedLog(task === undefined ? sources : sources.filter(({ taskId }) => taskId === task));
  const { lines, notes, dropped, isOpening, isLoadingOlder, isAtBeginning } = useSyncExternalStore(
    log.subscribe,
    log.snapshot,
  );
  // A line that is pointed at is read back to, as far as anything is kept: on from each oldest line that is not it yet.
  const isFar = linked !== undefined && !isOpening && !lines.some((line) => isLinked(line, linked));
  const farFrom = isFar && !isAtBeginning && !isLoadingOlder ? lines[0]?.number : undefined;
  useEffect(() => {
    if (farFrom !== undefined) void log.loadOlder();
  }, [farFrom, log]);
  const shown = useMemo(() => {
    const chosen: readonly OutputStream[] = streams === "both" ? ["stdout", "stderr"] : [streams];
    return lines.filter(
      lineTest({ words, streams: new Set(chosen), tasks: new Set(task === undefined ? [] : [task]) }),
    );
  }, [lines, words, streams, task]);
  const names = useMemo(() => new Map(sources.map(({ taskId, name }) => [taskId, name])), [sources]);
  return (
    <div className={classes.view}>
      <div className={classes.tools}>
        <TextInput
          className={classes.filter ?? ""}
          aria-label={text("ui.log.filter")}
          placeholder={text("ui.log.filterHint")}
          leftSection={<IconFilter size={15} stroke={1.8} aria-hidden />}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          data-list-filter
        />
        {onTask === undefined || sources.length < 2 ? null : (
          <InstancePicker sources={sources} task={task} onTask={onTask} />
        )}
        <SegmentedControl
          aria-label={text("ui.log.streams")}
          value={streams}
          onChange={(value) => setStreams(value === "stdout" || value === "stderr" ? value : "both")}
          data={[{ value: "both", label: text("ui.log.both") }, "stdout", "stderr"]}
        />
        <span className={classes.spacer} />
        <span className={classes.count} role="status">
          {text("ui.log.count", { shown: formats.number(shown.length), all: formats.number(lines.length) })}
        </span>
        <IconButton
          label={text(isFollowing ? "ui.log.pause" : "ui.log.follow")}
          aria-pressed={isFollowing}
          onClick={() => setIsFollowing(!isFollowing)}
        >
          {isFollowing ? (
            <IconPlayerPause size={17} stroke={1.8} />
          ) : (
            <IconPlayerPlay size={17} stroke={1.8} />
          )}
        </IconButton>
        <IconButton label={text("ui.log.download")} onClick={() => download(properties.name, shown, names)}>
          <IconDownload size={17} stroke={1.8} />
        </IconButton>
      </div>
      {notes.map(({ taskId, error, removedAt }) => (
        <p key={taskId} className={classes.note}>
          {removedAt === undefined
            ? text("ui.log.notRead", { name: names.get(taskId) ?? taskId, message: errorText(text, error) })
            : text("ui.log.removed", { name: names.get(taskId) ?? taskId, time: formats.instant(removedAt) })}
        </p>
      ))}
      {dropped === 0 ? null : (
        <p className={classes.note}>{text("ui.log.dropped", { count: formats.number(dropped) })}</p>
      )}
      {isOpening && lines.length === 0 ? (
        <Loading />
      ) : (
        <LogLines
          lines={shown}
          sources={sources}
          marked={filterWords(words)}
          linked={linked}
          isFollowing={isFollowing}
          isLoadingOlder={isLoadingOlder}
          isAtBeginning={isAtBeginning}
          isFiltered={shown.length < lines.length}
          onFollow={setIsFollowing}
          onOlder={() => void log.loadOlder()}
          onLink={properties.onLink}
        />
      )}
    </div>
  );
}

/** One for the life of the view; told of other sources as instances come and go. */
function useMergedLog(sources: readonly NamedSource[]): MergedLog {
  const [idle] = useState(() => new MergedLog());
  const [opened, setOpened] = useState<MergedLog>();
  const wanted = JSON.stringify(
    sources.map(({ agentId, taskId, isEnded }) => ({ agentId, taskId, isEnded })),
  );
  // In an effect, since strict mode closes and opens again what it has just made.
  useEffect(() => {
    const fresh = new MergedLog();
    setOpened(fresh);
    return () => fresh.close();
  }, []);
  useEffect(() => opened?.want(JSON.parse(wanted) as readonly NamedSource[]), [opened, wanted]);
  return opened ?? idle;
}

function InstancePicker(properties: {
  readonly sources: readonly NamedSource[];
  readonly task: string | undefined;
  readonly onTask: (task: string | undefined) => void;
}): ReactNode {
  const text = useText();
  return (
    <Select
      className={classes.instance ?? ""}
      aria-label={text("ui.log.instance")}
      placeholder={text("ui.log.allInstances")}
      clearable
      clearButtonProps={{ "aria-label": text("ui.log.allInstances") }}
      value={properties.task ?? null}
      onChange={(task) => properties.onTask(task ?? undefined)}
      data={properties.sources.toReversed().map(({ taskId, name, isEnded }) => ({
        value: taskId,
        label: isEnded ? text("ui.log.endedInstance", { name }) : name,
      }))}
    />
  );
}

function download(name: string, lines: readonly LogLine[], names: ReadonlyMap<string, string>): void {
  const file = name
    .split("/")
    .filter((part) => part !== "")
    .join("-");
  downloadText(`${file}.log`, logFile(lines, names));
}
