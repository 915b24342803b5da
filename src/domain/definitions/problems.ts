/**
 * What is wrong with a request, in Marathon's two stages: bodies that are not the right shape, and definitions that
 * make no sense. Source: contract marathon.md section 1.1.
 */

export interface FieldProblem {
  /** `/portDefinitions(0)/name`; `/` is the whole. */
  readonly path: string;
  readonly errors: readonly string[];
}

/** 400: the text is not JSON, or there is none. */
export class BodyMalformed extends Error {
  override readonly name = "BodyMalformed";
  readonly details: string;
  constructor(message: string, details: string) {
    super(message);
    this.details = details;
  }
}

/** 422 "Invalid JSON": types, required fields, enums, bounds. */
export class ShapeInvalid extends Error {
  override readonly name = "ShapeInvalid";
  readonly details: readonly FieldProblem[];
  constructor(details: readonly FieldProblem[]) {
    super("Invalid JSON");
    this.details = details;
  }
}

/** 422 "Object is not valid": every rule that is broken. */
export class DefinitionInvalid extends Error {
  override readonly name = "DefinitionInvalid";
  readonly details: readonly FieldProblem[];
  constructor(details: readonly FieldProblem[]) {
    super("Object is not valid");
    this.details = details;
  }
}

/** 422 with a sentence: an argument that can't be read, such as a label selector. */
export class ArgumentInvalid extends Error {
  override readonly name = "ArgumentInvalid";
}

/** 400 with a sentence. */
export class RequestInvalid extends Error {
  override readonly name = "RequestInvalid";
}

/** Collects problems by path; each path appears once. */
export class ProblemList {
  readonly #byPath = new Map<string, string[]>();

  add(path: string, error: string): void {
    const errors = this.#byPath.get(path);
    if (errors === undefined) this.#byPath.set(path, [error]);
    else if (!errors.includes(error)) errors.push(error);
  }

  get isEmpty(): boolean {
    return this.#byPath.size === 0;
  }

  toDetails(): readonly FieldProblem[] {
    return [...this.#byPath].map(([path, errors]) => ({ path, errors }));
  }
}

export const notBuiltYet = "is not supported by this version of Keelson";
