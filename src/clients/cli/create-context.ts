/** The context of a real run: this process's environment, terminal and folder. */
import { Connection } from "#clients/client/connection.ts";
import { type Language, text } from "#contracts/messages/messages.ts";
import type { ParsedCommand } from "./command-line/parse.ts";
import { type ClusterChoice, chooseCluster, localDataDir } from "./config/choose-cluster.ts";
import type { Context, Environment } from "./context.ts";
import { isForPrograms, parseOutput } from "./output/format.ts";
import { createPaint, isColoured } from "./terminal/colour.ts";
import { createTerminal } from "./terminal/terminal.ts";

export interface RunningContext extends Context {
  close(): Promise<void>;
}

/** Nothing is opened or read before a command asks for it. */
export function createContext(
  environment: Environment,
  language: Language,
  { flags, spec }: ParsedCommand,
  commands: Context["commands"],
): RunningContext {
  const textOf = (flag: string): string | undefined => {
    const given = flags.get(flag);
    return given === undefined || given === true ? undefined : given.at(-1);
  };
  const say: Context["say"] = (key, parameters) => text(language, key, parameters);
  const output = parseOutput(textOf("output"), flags.has("json"), spec.path);
  const json = isForPrograms(output);
  const colour = isColoured(environment, process.stdout.isTTY === true, flags.has("no-color"));
  let chosen: ClusterChoice | undefined;
  let connection: Connection | undefined;
  const choice = (): ClusterChoice => {
    chosen ??= chooseCluster(environment, { context: textOf("context"), folder: process.cwd() }, say);
    return chosen;
  };
  const context: RunningContext = {
    commands,
    language,
    environment,
    output,
    json,
    terminal: createTerminal(environment, colour),
    paint: createPaint(colour && !json),
    assumeYes: flags.has("yes"),
    get choice() {
      return choice();
    },
    get chosen() {
      return chosen;
    },
    get cluster() {
      return choice().addresses;
    },
    get connection() {
      connection ??= new Connection(choice().addresses);
      return connection;
    },
    dataDir: localDataDir(environment),
    say,
    print: (line) => console.log(line),
    note: (line) => {
      if (!json) console.error(line);
    },
    warn: (line) => console.error(line),
    result: async ({ text: sentence, data, name }) => {
      const { render } = await import("./output/render.ts");
      console.log(await render(context, { kind: "text", data, names: [name], text: () => sentence }));
    },
    close: async () => {
      await connection?.close();
    },
  };
  return context;
}
