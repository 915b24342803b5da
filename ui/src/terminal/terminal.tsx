/** A shell in a running task. What is done here is kept in the audit trail; the page says so. */
import "@xterm/xterm/css/xterm.css";
import { Button, useComputedColorScheme } from "@mantine/core";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useText } from "../i18n/language-provider.tsx";
import { type ExecEnd, ExecSession, execUrl } from "./exec-session.ts";
import classes from "./terminal.module.css";
import { terminalColors } from "./terminal-colors.ts";

type State = { readonly kind: "connecting" } | { readonly kind: "open" } | ExecEnd;

export function TaskTerminal(properties: { readonly agentId: string; readonly taskId: string }): ReactNode {
  const { agentId, taskId } = properties;
  const text = useText();
  const scheme = useComputedColorScheme("light");
  const host = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal>(null);
  const [state, setState] = useState<State>({ kind: "connecting" });
  const [attempt, setAttempt] = useState(0);
  const label = text("ui.terminal.label");

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt opens a new session; colours follow below
  useEffect(() => {
    if (host.current === null) return;
    const screen = new Terminal({
      theme: terminalColors(),
      fontFamily: getComputedStyle(host.current).fontFamily,
      fontSize: 13,
      scrollback: 5_000,
      screenReaderMode: true,
      cursorBlink: true,
    });
    terminal.current = screen;
    const fit = new FitAddon();
    screen.loadAddon(fit);
    screen.open(host.current);
    screen.textarea?.setAttribute("aria-label", label);
    fit.fit();
    setState({ kind: "connecting" });
    const session = new ExecSession(execUrl({ agentId, taskId }, screen, window.location.origin), {
      onOutput: (bytes) => screen.write(bytes),
      onStarted: () => {
        setState({ kind: "open" });
        screen.focus();
      },
      onEnd: (end) => setState(end),
    });
    const typed = screen.onData((data) => session.write(data));
    const resized = screen.onResize((size) => session.resize(size));
    const watcher = new ResizeObserver(() => fit.fit());
    watcher.observe(host.current);
    return () => {
      watcher.disconnect();
      typed.dispose();
      resized.dispose();
      session.close();
      screen.dispose();
      terminal.current = null;
    };
  }, [agentId, taskId, attempt]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read again when the scheme changes
  useEffect(() => {
    if (terminal.current !== null) terminal.current.options.theme = terminalColors();
  }, [scheme]);

  return (
    <div className={classes.view}>
      <div className={classes.head}>
        <Status state={state} />
        {state.kind === "connecting" || state.kind === "open" ? null : (
          <Button size="xs" variant="default" onClick={() => setAttempt(attempt + 1)}>
            {text("ui.terminal.again")}
          </Button>
        )}
        <span className={classes.audited}>{text("ui.terminal.audited")}</span>
      </div>
      <div ref={host} className={classes.screen} data-terminal-state={state.kind} />
    </div>
  );
}

function Status(properties: { readonly state: State }): ReactNode {
  const { state } = properties;
  const text = useText();
  const words = ((): string => {
    switch (state.kind) {
      case "connecting":
        return text("ui.terminal.connecting");
      case "open":
        return text("ui.terminal.open");
      case "exited":
        return text("ui.terminal.exited", { code: state.code });
      case "signalled":
        return text("ui.terminal.signalled", { signal: state.signal });
      case "failed":
        return text("ui.terminal.failed", { message: state.message });
      default:
        return state.message === ""
          ? text("ui.terminal.lost")
          : text("ui.terminal.lostBecause", { message: state.message });
    }
  })();
  return (
    <span role="status" className={classes.status} data-state={state.kind}>
      {words}
    </span>
  );
}
