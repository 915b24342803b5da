/** An app whose task is run by an executor of its own. Source: Marathon v2, executor (contract marathon.md section 3). */
import type { CommandInfo, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { type AppDefinition, executorResourcesOf } from "#domain/definitions/app.ts";
import type { Resources } from "#domain/resources/index.ts";
import { partOf } from "./resource-parts.ts";

/** The executor is made executable, and gets what the app runs as its arguments. */
export function executorCommand({
  executor,
  cmd,
  args = [],
}: Pick<AppDefinition, "executor" | "cmd" | "args">): CommandInfo {
  const path = `'${executor.replaceAll("'", `'\\''`)}'`;
  return { shell: true, value: `chmod ug+rx ${path} && exec ${path} ${cmd ?? args.join(" ")}` };
}

/** The task without a command, under an executor that has it: each task has one of its own. */
export function underExecutor(
  { command, ...task }: TaskInfo,
  definition: AppDefinition,
  taken: Resources,
  volumes: Resources,
): TaskInfo {
  const own = partOf(taken, executorResourcesOf(definition));
  return {
    ...task,
    resources: taken.minus(own).plus(volumes).toWire({ format: "old" }),
    executor: {
      type: "CUSTOM",
      executor_id: { value: `marathon-${task.task_id.value}` },
      ...(command === undefined ? {} : { command }),
      resources: own.toWire({ format: "old" }),
    },
  };
}
