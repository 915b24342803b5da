/**
 * What a command is, as data: help, completion, the reference pages and the tests that walk all commands come from it.
 * Nothing here loads what a command needs; `load` does, when it runs.
 */
import type { MessageKey } from "#contracts/messages/messages.ts";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import type { Act, Read } from "../context.ts";

/** What stands for a value that completion can offer. */
export type Offers =
  | "service"
  | "job"
  | "task"
  | "node"
  | "role"
  | "framework"
  | "user"
  | "group"
  | "deployment"
  | "context"
  | "shell"
  | "field"
  | "command";

export interface ArgumentSpec {
  /** As help shows it: `NAME`. */
  readonly name: string;
  readonly isOptional?: boolean;
  /** Takes all that follow. */
  readonly isRest?: boolean;
  readonly offers?: Offers;
}

export interface FlagSpec {
  /** Without dashes; `no-wait` is the flag `wait` that is on until it is denied. */
  readonly name: string;
  readonly short?: string;
  /** What help shows for its value; a flag without one is on or off. */
  readonly value?: string;
  /** May be given several times. */
  readonly isMany?: boolean;
  readonly choices?: readonly string[];
  readonly help: MessageKey;
  /** Another spelling that old habits know. */
  readonly also?: string;
}

/** A column of a table: its header is `column.<name>`. */
export interface ColumnSpec {
  readonly name: string;
  readonly header: MessageKey;
  /** Only with `-o wide`. */
  readonly isWide?: boolean;
  /** Passes with time: no change that a watch would tell. */
  readonly isPassing?: boolean;
}

interface SpecBase {
  /** `service list`. */
  readonly path: string;
  /** Other paths that mean the same: `ps`. */
  readonly aliases?: readonly string[];
  readonly help: MessageKey;
  readonly arguments?: readonly ArgumentSpec[];
  readonly flags?: readonly FlagSpec[];
  /** Without the program's name. */
  readonly examples?: readonly string[];
}

/** Shows something: speaks every output, and can be watched. */
export interface ReadSpec extends SpecBase {
  readonly kind: "read";
  readonly columns?: readonly ColumnSpec[];
  /** Kinds of events that tell a watch to read again. Absent: it reads by the clock. */
  readonly changes?: readonly ClusterEvent["kind"][];
  readonly load: () => Promise<Read>;
}

/**
 * `change` alters the cluster and is refused where a context is read-only; `stream` goes on until it is ended;
 * `local` touches this machine alone; `outside` is started by `bin/keelson` itself.
 */
export interface ActSpec extends SpecBase {
  readonly kind: "change" | "stream" | "local";
  readonly load: () => Promise<Act>;
}

export interface OutsideSpec extends SpecBase {
  readonly kind: "outside";
}

export type CommandSpec = ReadSpec | ActSpec | OutsideSpec;

export const name: ArgumentSpec = { name: "NAME", offers: "service" };

export const column = (header: MessageKey): ColumnSpec => ({
  name: header.slice(header.indexOf(".") + 1),
  header,
});

export const wideColumn = (header: MessageKey): ColumnSpec => ({ ...column(header), isWide: true });

export const ageColumn: ColumnSpec = { ...column("column.age"), isPassing: true };

/** Flags that every command takes. */
export const commonFlags: readonly FlagSpec[] = [
  { name: "help", short: "h", help: "flag.help" },
  { name: "context", value: "NAME", help: "flag.context" },
  { name: "read-only", help: "flag.readOnly" },
  { name: "yes", short: "y", help: "flag.yes" },
  { name: "no-color", help: "flag.noColor" },
  { name: "debug", help: "flag.debug" },
  { name: "json", help: "flag.json" },
  { name: "output", short: "o", value: "FORMAT", help: "flag.output" },
];

/** Flags that every read takes besides. */
export const readFlags: readonly FlagSpec[] = [{ name: "watch", short: "w", help: "flag.watch" }];

export const waitFlags: readonly FlagSpec[] = [
  { name: "wait", help: "flag.wait" },
  { name: "no-wait", help: "flag.noWait" },
  { name: "timeout", value: "DURATION", help: "flag.timeout" },
];

export const lockFlags: readonly FlagSpec[] = [
  { name: "on-lock", value: "CHOICE", choices: ["wait", "replace", "cancel"], help: "flag.onLock" },
  { name: "force", help: "flag.force" },
];

/** Every flag a command takes. */
export function flagsOf(spec: CommandSpec): readonly FlagSpec[] {
  return [...(spec.flags ?? []), ...(spec.kind === "read" ? readFlags : []), ...commonFlags];
}
