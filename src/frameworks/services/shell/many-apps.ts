/** A body with several apps: what is wrong with any of them is told of all at once, each with its place in the list. */
import { PathInput } from "#contracts/services/app.ts";
import {
  absolutePath,
  DefinitionInvalid,
  type FieldProblem,
  ShapeInvalid,
  shapeProblems,
} from "#domain/definitions/index.ts";

export interface GivenApp {
  /** Absolute. */
  readonly id: string;
  readonly body: unknown;
}

/** Throws `ShapeInvalid` when it is no list, or when one of it has no id. */
export function readApps(list: unknown): readonly GivenApp[] {
  if (!Array.isArray(list)) throw new ShapeInvalid([{ path: "/", errors: ["error.expected.jsarray"] }]);
  return eachInList(list, (body: unknown) => {
    if (typeof body !== "object" || body === null || Array.isArray(body))
      throw new ShapeInvalid([{ path: "/", errors: ["error.expected.jsobject"] }]);
    if (!("id" in body)) throw new ShapeInvalid([{ path: "/id", errors: ["error.path.missing"] }]);
    const problems = shapeProblems(PathInput, body.id);
    if (problems.length > 0) throw new ShapeInvalid(problems.map(({ errors }) => ({ path: "/id", errors })));
    return { id: absolutePath(String(body.id)), body };
  });
}

/** As `map`; throws the problems of all: those of shape alone, if there are any. */
export function eachInList<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Result,
): readonly Result[] {
  const shape: FieldProblem[] = [];
  const sense: FieldProblem[] = [];
  const results = items.flatMap((item, index) => {
    try {
      return [read(item)];
    } catch (error) {
      if (!(error instanceof ShapeInvalid || error instanceof DefinitionInvalid)) throw error;
      const list = error instanceof ShapeInvalid ? shape : sense;
      for (const { path, errors } of error.details)
        list.push({ path: `(${index})${path === "/" ? "" : path}`, errors });
      return [];
    }
  });
  if (shape.length > 0) throw new ShapeInvalid(shape);
  if (sense.length > 0) throw new DefinitionInvalid(sense);
  return results;
}
