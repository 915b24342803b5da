/** Environment variables that every scheduler of ours gives its tasks. Source: contract marathon.md section 9.2. */
import type { EnvironmentVariable } from "#contracts/kernel/messages.gen.ts";
import { secretOf } from "./task-parts.ts";

/** Labels with longer names or values are left out of the environment. */
const labelNameMax = 493;
const labelValueMax = 512;

export function variable(name: string, value: string): EnvironmentVariable {
  return { name, type: "VALUE", value };
}

export function secretVariable(name: string, source: string): EnvironmentVariable {
  return { name, type: "SECRET", secret: secretOf(source) };
}

export function labelVariables(labels: { readonly [name: string]: string }): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  const names: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (name.length >= labelNameMax || value.length >= labelValueMax) continue;
    const sanitized = name.replace(/[^A-Za-z0-9_]+/g, "_").toUpperCase();
    names.push(sanitized);
    variables.set(`MARATHON_APP_LABEL_${sanitized}`, value);
  }
  variables.set("MARATHON_APP_LABELS", names.join(" "));
  return variables;
}

/** As the JVM writes doubles of everyday size: `1.0`, `0.25`. */
export function decimalText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
