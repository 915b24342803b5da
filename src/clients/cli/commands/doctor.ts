/** `keelson doctor`: looks at this program, its configuration and the cluster, and names what to mend. */
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { checks } from "../doctor/checks.ts";
import type { Finding } from "../doctor/finding.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/view.ts";

const tones = { ok: "good", warning: "warning", problem: "bad", skipped: "quiet" } as const;

export async function doctor(context: Context, _input: Input): Promise<View> {
  const findings = await examine(context);
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

/** In the order of the list; what needs the cluster is passed over when it does not answer. */
async function examine(context: Context): Promise<readonly Finding[]> {
  const first = await Promise.all(
    checks
      .filter(({ needsCluster }) => needsCluster !== true)
      .map(({ name, check }) => run(context, name, check)),
  );
  const findings = first.flat();
  const isSilent = findings.some(({ check, result }) => check === "cluster" && result === "problem");
  const later = checks.filter(({ needsCluster }) => needsCluster === true);
  const second = isSilent
    ? later.map(({ name }): Finding[] => [
        { check: name, result: "skipped", message: context.say("doctor.silentCluster") },
      ])
    : await Promise.all(later.map(({ name, check }) => run(context, name, check)));
  return [...findings, ...second.flat()];
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
