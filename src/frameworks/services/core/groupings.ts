/** Groups that GROUP_BY constraints make of an app's instances. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import { fieldValueOf } from "#domain/placement/offered-agent.ts";
import type { Instance } from "./instance.ts";

export function groupingsOf(
  definition: AppDefinition,
): readonly ((instance: Instance) => string | undefined)[] {
  return (definition.constraints ?? [])
    .filter(([, operator]) => operator === "GROUP_BY")
    .map(
      ([field = ""]) =>
        (instance: Instance) =>
          fieldValueOf(instance.agent, field),
    );
}
