/** The lines themselves: only those on the screen exist. Scrolling up stops following; reaching the top reads further back. */
import { Button } from "@mantine/core";
import { IconArrowDown, IconLink } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { useText } from "../i18n/language-provider.tsx";
import { readAnsi, type Span } from "./ansi.ts";
import type { LogLine } from "./log-buffer.ts";
import { isLinked, type LinkedLine, markWords } from "./log-rows.ts";
import type { NamedSource } from "./log-sources.ts";
import classes from "./log-view.module.css";

const lineHeight = 20;
/** Nearer to the end than this is at the end. */
const endPx = 24;
/** Nearer to the beginning than this asks for older lines. */
const beginPx = 60;

export function LogLines(properties: {
  readonly lines: readonly LogLine[];
  readonly sources: readonly NamedSource[];
  readonly marked: readonly string[];
  readonly linked: LinkedLine | undefined;
  readonly isFollowing: boolean;
  readonly isLoadingOlder: boolean;
  readonly isAtBeginning: boolean;
  readonly isFiltered: boolean;
  readonly onFollow: (isFollowing: boolean) => void;
  readonly onOlder: () => void;
  readonly onLink: (line: LinkedLine) => void;
}): ReactNode {
  const { lines, sources, linked, isFollowing, onFollow, onOlder } = properties;
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const names = new Map(sources.map((source) => [source.taskId, source]));
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => lines[index]?.number ?? index,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  useKeptPlace({ lines, virtualizer, isFollowing, linked });

  const onScroll = (): void => {
    const box = scroller.current;
    if (box === null) return;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < endPx;
    // A page that is still being filled is at its end too; only a person means it.
    if (box.dataset["scrolledBy"] !== "person") return;
    if (isAtEnd !== isFollowing) onFollow(isAtEnd);
    if (box.scrollTop < beginPx) onOlder();
  };
  const byPerson = (): void => {
    if (scroller.current !== null) scroller.current.dataset["scrolledBy"] = "person";
  };
  return (
    <div className={classes.frame}>
      <div
        ref={scroller}
        className={classes.lines}
        role="log"
        aria-live="off"
        aria-label={text("ui.log.lines")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
        onWheel={byPerson}
        onPointerDown={byPerson}
        onTouchMove={byPerson}
        onKeyDown={byPerson}
      >
        {lines.length === 0 ? (
          <p className={classes.nothing}>{text(properties.isFiltered ? "ui.log.noMatch" : "ui.log.empty")}</p>
        ) : (
          <p className={classes.edge}>
            {text(
              properties.isLoadingOlder
                ? "ui.log.loadingOlder"
                : properties.isAtBeginning
                  ? "ui.log.beginning"
                  : "ui.log.scrollUp",
            )}
          </p>
        )}
        <div className={classes.all} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const line = lines[item.index];
            if (line === undefined) return null;
            return (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                data-stream={line.stream}
                data-linked={isLinked(line, linked) || undefined}
                className={classes.line}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {sources.length < 2 ? null : <Name source={names.get(line.taskId)} />}
                <Text text={line.text} marked={properties.marked} />
                <button
                  type="button"
                  className={classes.link}
                  aria-label={text("ui.log.linkLine")}
                  title={text("ui.log.linkLine")}
                  onClick={() => properties.onLink(line)}
                >
                  <IconLink size={13} aria-hidden />
                </button>
              </div>
            );
          })}
        </div>
      </div>
      {isFollowing || lines.length === 0 ? null : (
        <Button
          className={classes.toEnd ?? ""}
          size="xs"
          leftSection={<IconArrowDown size={14} aria-hidden />}
          onClick={() => onFollow(true)}
        >
          {text("ui.log.toEnd")}
        </Button>
      )}
    </div>
  );
}

/** Keeps the end in sight while following; else keeps the line at the top where it is when older ones come above it. */
function useKeptPlace(given: {
  readonly lines: readonly LogLine[];
  readonly virtualizer: ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;
  readonly isFollowing: boolean;
  readonly linked: LinkedLine | undefined;
}): void {
  const { lines, virtualizer, isFollowing, linked } = given;
  const firstNumber = lines[0]?.number;
  const before = useRef(firstNumber);
  const linkedIndex = linked === undefined ? -1 : lines.findIndex((line) => isLinked(line, linked));
  const isFound = linkedIndex >= 0;
  const wasFound = useRef(false);
  useLayoutEffect(() => {
    const was = before.current;
    before.current = firstNumber;
    const isJustFound = isFound && !wasFound.current;
    wasFound.current = isFound;
    // One goes to the line that is pointed at, not back to where one was.
    if (isJustFound) return;
    if (isFollowing || was === undefined || firstNumber === undefined || firstNumber >= was) return;
    const index = lines.findIndex(({ number }) => number === was);
    if (index > 0) virtualizer.scrollToIndex(index, { align: "start" });
  }, [firstNumber, isFollowing, isFound, lines, virtualizer]);
  useEffect(() => {
    const box = virtualizer.scrollElement;
    if (isFollowing && lines.length > 0) {
      if (box !== null) box.dataset["scrolledBy"] = "page";
      virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
    }
  }, [isFollowing, lines, virtualizer]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the line is found, not at every new line
  useEffect(() => {
    if (isFound && !isFollowing) virtualizer.scrollToIndex(linkedIndex, { align: "center" });
  }, [isFound, linked]);
}

function Name(properties: { readonly source: NamedSource | undefined }): ReactNode {
  const { source } = properties;
  return (
    <span className={classes.name} data-color={source?.color} title={source?.taskId}>
      {source?.name ?? ""}
    </span>
  );
}

function Text(properties: { readonly text: string; readonly marked: readonly string[] }): ReactNode {
  return (
    <span className={classes.text}>
      {readAnsi(properties.text).map((span, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a line have nothing but their place
        <Part key={index} span={span} marked={properties.marked} />
      ))}
    </span>
  );
}

function Part(properties: { readonly span: Span; readonly marked: readonly string[] }): ReactNode {
  const { span, marked } = properties;
  return (
    <span
      data-ansi={span.color}
      data-bold={span.isBold}
      data-dim={span.isDim}
      data-underlined={span.isUnderlined}
    >
      {markWords(span.text, marked).map(({ text, isMatch }, index) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a line have nothing but their place
        isMatch ? <mark key={index}>{text}</mark> : text,
      )}
    </span>
  );
}
