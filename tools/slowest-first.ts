/**
 * The order of test files: those that take long come first, so that none of them goes on alone while other workers have
 * nothing left. A fresh clone has no durations of earlier runs, and a file's size says little about its time.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const { slowestFirst } = JSON.parse(
  readFileSync(fileURLToPath(new URL("suites.json", import.meta.url)), "utf8"),
) as { readonly slowestFirst: readonly string[] };

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = slowestFirst.findIndex((path) => moduleId.endsWith(`/${path}`));
  return place === -1 ? slowestFirst.length : place;
};

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}
