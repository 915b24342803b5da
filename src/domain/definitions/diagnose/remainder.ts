/**
 * A definition of the wrong shape without what is wrong in it, so that its sense can be judged all the same and every
 * fault is told in one go.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { ShapeInvalid } from "../problems.ts";
import { checkAppShape } from "../shape.ts";
import { type PathPart, partsOfPath } from "./source.ts";

/** Stands in for an id that is missing or malformed. */
export const standInId = "/stand-in";
const roundsMax = 100;

export interface Remainder {
  /** Undefined when nothing can be made of it. */
  readonly body: JsonObject | undefined;
  /** Top fields that lost something. */
  readonly touched: ReadonlySet<string>;
}

/** Takes away the field at each problem's path, and the whole top field where that is not enough. */
export function remainderOf(given: JsonObject): Remainder {
  const touched = new Set<string>();
  let body: JsonObject = given;
  for (let round = 0; round < roundsMax; round += 1) {
    const paths = shapeProblemsOf(body);
    if (paths.length === 0) return { body, touched };
    for (const path of paths) {
      const [top] = path;
      if (typeof top !== "string") return { body: undefined, touched };
      if (top === "id") body = { ...body, id: standInId };
      else body = touched.has(top) ? without(body, [top]) : without(body, path);
      touched.add(top);
    }
  }
  return { body: undefined, touched };
}

function shapeProblemsOf(body: JsonObject): readonly (readonly PathPart[])[] {
  try {
    checkAppShape(body, "required");
    return [];
  } catch (error) {
    if (!(error instanceof ShapeInvalid)) throw error;
    return error.details.map(({ path }) => partsOfPath(path));
  }
}

/** Items of lists stay, so that the places of the others stay too: then the list as a whole goes. */
export function without(body: JsonObject, path: readonly PathPart[]): JsonObject {
  const [first = "", ...rest] = path;
  const value = body[first];
  const goes = rest.length === 0 || typeof rest.at(-1) === "number";
  const kept = goes ? undefined : removeIn(value, rest);
  const { [first]: _removed, ...others } = body;
  return kept === undefined ? others : { ...others, [first]: kept };
}

function removeIn(value: JsonValue | undefined, path: readonly PathPart[]): JsonValue | undefined {
  const [first = "", ...rest] = path;
  if (Array.isArray(value) && typeof first === "number") {
    const items: readonly JsonValue[] = value;
    return items.map((item, index) => (index === first ? (removeIn(item, rest) ?? null) : item));
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, first)) return undefined;
  const { [first]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...others, [first]: removeIn(inner, rest) };
}
