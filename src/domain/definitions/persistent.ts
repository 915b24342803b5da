/**
 * What is wished of the disk that a persistent volume is on: the same of apps and of pods.
 * Source: contract marathon.md sections 3.1 and 7.1.
 */
import type { PersistentInput } from "#contracts/services/app.ts";
import { given, nonEmpty } from "./given.ts";
import type { ProblemList } from "./problems.ts";
import { constraintError, validateConstraintCount } from "./validate-constraints.ts";

export interface PersistentDisk {
  /** The agent's own disk, a part of another one, or another one as a whole. */
  readonly type: "root" | "path" | "mount";
  /** MiB; of `mount` the least. */
  readonly size: number;
  /** MiB, of `mount`: a larger disk is not taken. */
  readonly maxSize?: number;
  /** Absent: a disk without one. */
  readonly profileName?: string;
  /** Of the disk's root, which is the only field: `path`. */
  readonly constraints?: readonly (readonly string[])[];
}

/** Without a type, who asks for a profile means a whole disk. */
export function completePersistent({
  type,
  size,
  maxSize,
  profileName,
  constraints,
}: PersistentInput): PersistentDisk {
  return {
    type: type ?? (profileName === undefined ? "root" : "mount"),
    size,
    ...given("maxSize", maxSize),
    ...given("profileName", profileName),
    ...nonEmpty(
      "constraints",
      constraints?.map(([field = "", operator = "", ...value]) => [field, operator.toUpperCase(), ...value]),
    ),
  };
}

const operators = ["LIKE", "UNLIKE"];

/** `where` it stands. */
export function validatePersistent(
  { type, size, maxSize, profileName, constraints = [] }: PersistentDisk,
  where: string,
  problems: ProblemList,
): void {
  if (size < 1) problems.add(`${where}/size`, "must be at least 1 MiB");
  if (maxSize !== undefined && type !== "mount")
    problems.add(`${where}/maxSize`, "is for disks of type mount");
  else if (maxSize !== undefined && maxSize <= size)
    problems.add(`${where}/maxSize`, `must be larger than size, which is ${size}`);
  if (type === "root") {
    if (profileName !== undefined)
      problems.add(`${where}/profileName`, "is for disks of type path and mount");
    if (constraints.length > 0) problems.add(`${where}/constraints`, "is for disks of type path and mount");
  }
  validateConstraintCount(constraints.length, `${where}/constraints`, problems);
  for (const [index, constraint] of constraints.entries()) {
    const error = diskConstraintError(constraint);
    if (error !== undefined) problems.add(`${where}/constraints(${index})`, error);
  }
}

function diskConstraintError(constraint: readonly string[]): string | undefined {
  const [field = "", operator = ""] = constraint;
  if (field !== "path") return `"${field}" is nothing that a disk has; its field is path`;
  if (!operators.includes(operator)) return `"${operator}" is no operator; there are ${operators.join(", ")}`;
  return constraintError(constraint);
}
