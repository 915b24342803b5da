/** `keelson deployment`: changes under way and those that ended; waited for, or taken back. */

import { cancelDeployment, servicePath } from "#clients/client/services.ts";
import { type DeploymentItem, listDeployments } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { actionText } from "../deployment-text.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { pairs } from "../output/render.ts";
import { age, instant } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { concludeChange, existingDeployment } from "../verdict.ts";

export async function deploymentList(context: Context, input: Input): Promise<View> {
  const service = input.optionalWord(0);
  const { items: all } = await everyItem(context, (window) =>
    context.connection.call("services", listDeployments, {
      query: {
        ...window,
        language: context.language,
        ...(service === undefined ? {} : { service: servicePath(service) }),
      },
    }),
  );
  const items = input.isOn("all") ? all : all.filter(({ state }) => state === "running");
  const now = Date.now();
  return {
    kind: "table",
    data: items,
    names: items.map(({ id }) => id),
    empty: context.say("deployment.none"),
    rows: items.map((item) => ({
      deployment: item.id,
      state: stateCell(context, item),
      step: `${item.step}/${item.steps.length}`,
      done: `${item.done}/${item.wanted}`,
      services: item.services.join(", "),
      user: item.user,
      age: age(item.startedAt, now),
      reason: item.reason?.message,
      message: item.message,
    })),
  };
}

const tones = { running: "warning", succeeded: "good", failed: "bad", cancelled: "quiet" } as const;

const stateCell = ({ say }: Context, { state }: DeploymentItem): Cell => ({
  text: say(`state.deployment.${state}`),
  tone: tones[state],
});

export async function deploymentShow(context: Context, input: Input): Promise<View> {
  const item = await existingDeployment(context, input.word(0));
  const { say } = context;
  return {
    kind: "text",
    data: item,
    names: [item.id],
    text: () =>
      [
        pairs(context, [
          ["column.deployment", item.id],
          ["column.state", stateCell(context, item)],
          ["column.services", item.services.join(", ")],
          ["column.user", item.user],
          ["column.message", item.message],
          ["column.startedAt", instant(item.startedAt)],
          ["column.endedAt", instant(item.endedAt)],
          ["column.done", `${item.done}/${item.wanted}`],
          ["column.reason", item.reason?.message],
        ]),
        item.steps
          .map(({ actions }, index) => {
            const mark =
              index + 1 < item.step || item.state === "succeeded" ? "✓" : index + 1 === item.step ? "▸" : "·";
            return `${mark} ${say("progress.step", { number: index + 1, actions: actions.map((each) => actionText(say, each)).join(", ") })}`;
          })
          .join("\n"),
      ]
        .filter((part) => part !== "")
        .join("\n\n"),
  };
}

export async function deploymentCancel(context: Context, input: Input): Promise<ExitCode> {
  const item = await existingDeployment(context, input.word(0));
  const isHard = input.isOn("force");
  await confirm(context, {
    effect: context.say(isHard ? "confirm.stopDeployment" : "confirm.cancelDeployment", {
      deployment: item.id,
      services: item.services.join(", "),
    }),
  });
  const answer = await cancelDeployment(context.cluster, item.id, { force: isHard });
  await context.result({
    text: context.say(isHard ? "deployment.stopped" : "deployment.cancelled", { deployment: item.id }),
    data: answer.body,
    name: item.id,
  });
  return exitCodes.ok;
}

export async function deploymentWait(context: Context, input: Input): Promise<ExitCode> {
  const item = await existingDeployment(context, input.word(0));
  const code = await concludeChange(context, input, { deployment: item.id, services: item.services });
  if (code !== exitCodes.ok) return code;
  await context.result({
    text: context.say("deployment.over", { deployment: item.id }),
    data: { deploymentId: item.id, verdict: "succeeded" },
    name: item.id,
  });
  return exitCodes.ok;
}
