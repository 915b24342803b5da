/** The terminal this program was started in, if it was. */
import { createInterface } from "node:readline/promises";
import type { Environment } from "../context.ts";

export interface Terminal {
  /** Somebody can be asked: input and output are a terminal, and no CI says otherwise. */
  readonly canAsk: boolean;
  /** Standard output is a terminal. */
  readonly isScreen: boolean;
  readonly isColoured: boolean;
  readonly columns: number;
  readonly rows: number;
  /** One line from the person; `undefined` when the input ended. */
  ask(question: string): Promise<string | undefined>;
  /** The same without showing what is typed. */
  askSecretly(question: string): Promise<string | undefined>;
}

export function createTerminal(environment: Environment, isColoured: boolean): Terminal {
  const isScreen = process.stdout.isTTY === true;
  const isCi = (environment["CI"] ?? "") !== "" && environment["CI"] !== "false";
  return {
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true && !isCi,
    isScreen,
    isColoured,
    columns: process.stdout.columns || 80,
    rows: process.stdout.rows || 24,
    ask: (question) => askLine(question, false),
    askSecretly: (question) => askLine(question, true),
  };
}

async function askLine(question: string, isSecret: boolean): Promise<string | undefined> {
  const input = process.stdin;
  if (!isSecret) {
    const lines = createInterface({ input, output: process.stderr });
    const ended = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
    try {
      return await Promise.race([lines.question(question), ended]);
    } finally {
      lines.close();
    }
  }
  process.stderr.write(question);
  input.setRawMode?.(true);
  try {
    return await readSecret(input);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    process.stderr.write("\n");
  }
}

function readSecret(input: NodeJS.ReadStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed = "";
    const take = (piece: Buffer | string): void => {
      for (const character of piece.toString()) {
        if (character === "\r" || character === "\n") return done(typed);
        if (character === "\u0003" || character === "\u0004") return done(undefined);
        if (character === "\u007f" || character === "\b") typed = typed.slice(0, -1);
        else typed += character;
      }
    };
    const done = (value: string | undefined): void => {
      input.off("data", take);
      resolve(value);
    };
    input.on("data", take);
    input.once("end", () => done(undefined));
    input.resume();
  });
}
