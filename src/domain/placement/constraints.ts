/**
 * Whether an agent may take one more instance of an app, as its constraints say.
 *
 * Source: contract marathon.md section 13.1. GROUP_BY with a number spreads over exactly so many groups (1.10
 * and later); without one it fills the smallest group (1.9), since the later rule has no meaning there.
 */
import { compilePattern, constraintBounds, type Pattern, PatternInvalid } from "../patterns/index.ts";
import { Spread } from "./spread.ts";

export interface Constraint {
  readonly field: string;
  /** In capitals. */
  readonly operator: string;
  accepts(value: string | undefined, population: FieldPopulation): boolean;
}

/** How the counted instances of an app are spread over one field's values. */
export interface FieldPopulation {
  /** Wanted instances of the app. */
  readonly instances: number;
  readonly spread: Spread;
}

type Accepts = (value: string, population: FieldPopulation) => boolean;

/** The definition was validated: operators are known, numbers are numbers, patterns compile. */
export function compileConstraint(constraint: readonly string[]): Constraint {
  const [field = "", operator = "", operand] = constraint;
  const accepts = compileOperator(operator.toUpperCase(), operand);
  const acceptsAbsence = operator.toUpperCase() === "UNLIKE";
  return {
    field,
    operator: operator.toUpperCase(),
    accepts: (value, population) => (value === undefined ? acceptsAbsence : accepts(value, population)),
  };
}

function compileOperator(operator: string, operand: string | undefined): Accepts {
  switch (operator) {
    case "UNIQUE":
      return (value, { spread }) => !spread.has(value);
    case "CLUSTER":
      return operand === undefined || operand === ""
        ? (value, { spread }) => spread.first === undefined || spread.has(value)
        : (value) => value === operand;
    case "LIKE":
      return matcher(operand ?? "", true);
    case "UNLIKE":
      return matcher(operand ?? "", false);
    case "MAX_PER": {
      const max = Number(operand);
      return (value, { spread }) => spread.count(value) < max;
    }
    case "IS": {
      const wanted = comparable(operand ?? "");
      return (value) => comparable(value) === wanted;
    }
    case "GROUP_BY":
      return groupBy(Number(operand ?? 0));
    default:
      // Unknown to this build: an agent nobody can vouch for isn't used.
      return () => false;
  }
}

/** Values that are remembered with whether they match: the same agents come again and again. */
const rememberedMax = 10_000;

function matcher(text: string, wanted: boolean): Accepts {
  const pattern = compiled(text);
  if (pattern === undefined) return () => false;
  const known = new Map<string, boolean>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const accepted = pattern.matches(value) === wanted;
    if (known.size < rememberedMax) known.set(value, accepted);
    return accepted;
  };
}

/** Nothing for what was stored when there were no bounds, and is beyond them: an agent nobody can vouch for isn't used. */
function compiled(text: string): Pattern | undefined {
  try {
    return compilePattern(text, constraintBounds);
  } catch (error) {
    if (error instanceof PatternInvalid) return undefined;
    throw error;
  }
}

function groupBy(groups: number): Accepts {
  if (groups < 1) {
    return (value, { spread }) => !spread.has(value) || spread.count(value) === spread.smallest;
  }
  return (value, { spread, instances }) => {
    if (!spread.has(value)) return spread.values < groups;
    const count = spread.count(value);
    const perGroup = Math.floor(instances / groups);
    if (count < perGroup) return true;
    const remainder = instances - perGroup * groups;
    return count === perGroup && spread.valuesAbove(perGroup) < remainder;
  };
}

const number = /^-?\d+(\.\d+)?$/;

/** Numbers compare after rounding to what a scalar attribute can show. */
function comparable(text: string): string {
  return number.test(text) ? scalarText(Number(text)) : text;
}

/** A scalar attribute as text: three decimals, half to even, no trailing zeros. */
export function scalarText(value: number): string {
  const scaled = value * 1_000;
  const floor = Math.floor(scaled);
  const isHalf = Math.abs(scaled - floor - 0.5) < 1e-9;
  const rounded = isHalf ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(scaled);
  return String(rounded / 1_000);
}

/** For operators that don't look at where others are. */
export const noPopulation: FieldPopulation = { instances: 0, spread: new Spread() };
