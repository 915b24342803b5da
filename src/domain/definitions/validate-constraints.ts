/** Rules of constraints, whatever they are asked of. Source: contract marathon.md section 5. */
import { compilePattern, constraintBounds, PatternInvalid } from "../patterns/index.ts";
import type { ProblemList } from "./problems.ts";

const operators = new Set(["UNIQUE", "CLUSTER", "LIKE", "UNLIKE", "MAX_PER", "GROUP_BY", "IS"]);

/** Each is asked of every offer. */
const constraintsMax = 100;

export function validateConstraintCount(count: number, where: string, problems: ProblemList): void {
  if (count > constraintsMax) problems.add(where, `more than ${constraintsMax} constraints are not taken`);
}

/** What is wrong with one constraint. */
export function constraintError([field = "", operator = "", value]: readonly string[]): string | undefined {
  if (field === "") return "a constraint needs a field";
  if (!operators.has(operator)) return `"${operator}" is no operator; there are ${[...operators].join(", ")}`;
  switch (operator) {
    case "UNIQUE":
      return value === undefined ? undefined : "UNIQUE takes no value";
    case "MAX_PER":
      return /^\d+$/.test(value ?? "") ? undefined : "MAX_PER needs a whole number";
    case "GROUP_BY":
      return value === undefined || value === "" || /^\d+$/.test(value)
        ? undefined
        : "GROUP_BY takes a whole number or nothing";
    case "LIKE":
    case "UNLIKE":
      return value === undefined ? `${operator} needs a regular expression` : regexError(value);
    case "IS":
      return /^[A-Za-z0-9_/.-]*$/.test(value ?? "?") ? undefined : "IS takes letters, digits and _ / . -";
    default:
      return undefined;
  }
}

/** What is wrong with a regular expression; undefined when nothing is. */
export function regexError(pattern: string): string | undefined {
  try {
    compilePattern(pattern, constraintBounds);
    return undefined;
  } catch (error) {
    if (error instanceof PatternInvalid) return error.message;
    throw error;
  }
}
