import pino from "pino";

/** error: a person should look; warn: it healed itself; info: state changed; debug: the rest. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** What happened to what. Never secrets. */
export type LogFields = { readonly [name: string]: unknown };

/** Writes events, such as `task.launched` with `{ taskId, agentId }`, as one JSON line each. */
export interface Logger {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** A logger whose every line also has `fields`. */
  child(fields: LogFields): Logger;
  /** What is written now; it is one for a logger and all its children. */
  readonly verbosity: Verbosity;
}

/** From which level on lines are written; an operator may change it for a while. */
export class Verbosity {
  level: LogLevel;
  readonly #usual: LogLevel;
  #timer: NodeJS.Timeout | undefined;

  constructor(level: LogLevel) {
    this.level = level;
    this.#usual = level;
  }

  /** Changes what is written, until the time is over if there is one. */
  set(level: LogLevel, milliseconds?: number): void {
    clearTimeout(this.#timer);
    this.level = level;
    if (milliseconds === undefined) return;
    this.#timer = setTimeout(() => this.reset(), milliseconds);
    this.#timer.unref();
  }

  /** As it was configured. */
  reset(): void {
    clearTimeout(this.#timer);
    this.level = this.#usual;
  }

  /** 1 while debug lines are written, otherwise 0. */
  get asMesos(): number {
    return this.level === "debug" ? 1 : 0;
  }
}

/** Takes one line at a time, newline included. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  /** Standard output when absent. */
  readonly sink?: LogSink;
  /** `info` when absent. */
  readonly level?: LogLevel;
  /** Milliseconds since the epoch for the `time` of each line; the wall clock when absent. */
  readonly now?: () => number;
}

/** Each line has `time` (ms UTC), `level`, `component`, `event`, and then the fields. */
export function createLogger(component: string, options: LoggerOptions = {}): Logger {
  const now = options.now ?? Date.now;
  const settings: pino.LoggerOptions = {
    // What is really written is decided here, line by line.
    level: "debug",
    base: { component },
    messageKey: "event",
    timestamp: () => `,"time":${now()}`,
    formatters: { level: (label) => ({ level: label }) },
  };
  // Synchronous, so that the last line before a crash is not lost.
  const sink = options.sink ?? pino.destination({ fd: 1, sync: true });
  return wrap(pino(settings, sink), new Verbosity(options.level ?? "info"));
}

const silent: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silent,
  verbosity: new Verbosity("error"),
};

/** A logger that writes nothing. */
export const silentLogger: Logger = silent;

const ranks: { readonly [Level in LogLevel]: number } = { error: 3, warn: 2, info: 1, debug: 0 };

function wrap(inner: pino.Logger, verbosity: Verbosity): Logger {
  const writer =
    (level: LogLevel) =>
    (event: string, fields?: LogFields): void => {
      if (ranks[level] < ranks[verbosity.level]) return;
      if (fields === undefined) inner[level](event);
      else inner[level](plainFields(fields), event);
    };
  return {
    error: writer("error"),
    warn: writer("warn"),
    info: writer("info"),
    debug: writer("debug"),
    child: (fields) => wrap(inner.child(plainFields(fields)), verbosity),
    verbosity,
  };
}

const reservedNames: ReadonlySet<string> = new Set(["time", "level", "component", "event"]);

/** Errors become what can be read; a field may not take the name of ours. */
function plainFields(fields: LogFields): { [name: string]: unknown } {
  const plain: { [name: string]: unknown } = {};
  for (const [name, value] of Object.entries(fields)) {
    plain[reservedNames.has(name) ? `${name}_` : name] = plainValue(value);
  }
  return plain;
}

function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  const code = "code" in value ? { code: value.code } : {};
  const cause = value.cause === undefined ? {} : { cause: plainValue(value.cause) };
  return { name: value.name, message: value.message, ...code, stack: value.stack, ...cause };
}
