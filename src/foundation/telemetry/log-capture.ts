import type { LogLevel, LogSink } from "./logger.ts";

/** One line as it was written. */
export interface LogRecord {
  readonly time: number;
  readonly level: LogLevel;
  readonly component: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A sink that keeps what was logged. For tests. */
export interface LogCapture {
  readonly sink: LogSink;
  readonly records: readonly LogRecord[];
  /** The records of one event. */
  of(event: string): readonly LogRecord[];
}

export function createLogCapture(): LogCapture {
  const records: LogRecord[] = [];
  return {
    sink: {
      write: (line) => {
        records.push(JSON.parse(line) as LogRecord); // our own logger wrote it
      },
    },
    records,
    of: (event) => records.filter((record) => record.event === event),
  };
}
