/** `keelson doctor`: looks at this program, its configuration and the cluster, and names what to mend. */
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { checks } from "../doctor/checks.ts";
import type { Finding } from "../doctor/finding.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/view.ts";

const tones = { ok: "good", warning: "warning", problem: "bad", skipped: "quiet" } as const;

export async function doctor(context: Context, _input: Input): Promise<View> {
  const findings = (await Promise.all(checks.map(({ name, check }) => run(context, name, check)))).flat();
  const problems = findings.filter(({ result }) => result === "problem").length;
  const { say } = context;
  return {
    kind: "table",
    data: { problems, findings },
    names: findings.filter(({ result }) => result === "problem").map(({ check }) => check),
    empty: "",
    foot: say("doctor.summary", {
      problems,
      warnings: findings.filter(({ result }) => result === "warning").length,
    }),
    rows: findings.map(({ check, result, message, fix }) => ({
      check,
      result: { text: say(`doctor.${result}`), tone: tones[result] },
      finding: fix === undefined ? message : `${message} → ${fix}`,
    })),
    ...(problems > 0 ? { exitCode: exitCodes.error } : {}),
  };
}

type Check = (typeof checks)[number]["check"];

async function run(context: Context, name: string, check: Check): Promise<readonly Finding[]> {
  try {
    return (await check(context)).map((found) => ({ check: name, ...found }));
  } catch (error) {
    const { describeFailure } = await import("../failure.ts");
    const [message = ""] = describeFailure(error, context.say).text.split("\n");
    return [{ check: name, result: "problem", message }];
  }
}
