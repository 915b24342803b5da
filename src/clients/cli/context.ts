/** What every command works with: the cluster, the language, and how it prints. */
import type { ClusterAddresses } from "#clients/client/cluster.ts";
import type { Connection } from "#clients/client/connection.ts";
import type { Language, MessageKey, MessageParameters } from "#contracts/messages/messages.ts";
import type { Input } from "./command-line/input.ts";
import type { ClusterChoice } from "./config/choose-cluster.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { OutputFormat } from "./output/format.ts";
import type { View } from "./output/view.ts";
import type { CommandSpec } from "./registry/spec.ts";
import type { Paint } from "./terminal/colour.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Something the person can mend: printed as a sentence, without a stack trace. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.error) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A command that shows something; it is run again for each round of `--watch`. */
export type Read = (context: Context, input: Input) => Promise<View>;
/** A command that does something. It answers another exit code than 0 when that says something. */
export type Act =
  | ((context: Context, input: Input) => Promise<ExitCode>)
  | ((context: Context, input: Input) => Promise<void>);

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Context {
  /** Every command there is, for completion. */
  readonly commands: readonly CommandSpec[];
  readonly language: Language;
  readonly environment: Environment;
  readonly output: OutputFormat;
  /** The output is for programs: nothing but the answer is printed. */
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly paint: Paint;
  /** `--yes`: nothing is asked. */
  readonly assumeYes: boolean;
  /** Where the cluster was named. Throws `CommandFailed` when there is none. */
  readonly choice: ClusterChoice;
  /** The same when the command has asked for it; `undefined` while it needed no cluster. */
  readonly chosen: ClusterChoice | undefined;
  /** Throws `CommandFailed` when there is no cluster. */
  readonly cluster: ClusterAddresses;
  /** The API of the cluster, opened on first use and closed when the command ends. */
  readonly connection: Connection;
  readonly dataDir: string;
  say(key: MessageKey, parameters?: MessageParameters): string;
  print(line: string): void;
  /** For people only: progress and hints, on stderr. */
  note(line: string): void;
  /** For people and programs: shown on stderr whatever the output is. */
  warn(line: string): void;
  /** What a change did: a sentence for people, `data` for programs, `name` with `-o name`. */
  result(result: { readonly text: string; readonly data: unknown; readonly name: string }): Promise<void>;
}
