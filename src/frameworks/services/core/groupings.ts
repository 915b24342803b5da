/** Groups that GROUP_BY constraints make of an app's instances. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { Instance, InstanceAgent } from "./instance.ts";

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

/** The text a constraint's field has on an agent; undefined when it has none. */
export function fieldValueOf(agent: InstanceAgent | undefined, field: string): string | undefined {
  if (agent === undefined) return undefined;
  switch (field) {
    case "hostname":
    case "@hostname":
      return agent.host;
    case "@region":
      return agent.region;
    case "@zone":
      return agent.zone;
    default:
      return agent.attributes.find(([name]) => name === field)?.[1];
  }
}
