/**
 * How `npm run check` runs the unit tests: the files of a worker share its modules, as in `npm test`, but slow properties are
 * tried less, and files that start many processes are left out.
 */
import { defineConfig, mergeConfig } from "vitest/config";
import { leftToNpmTest, partOfRuns } from "./tools/left-to-npm-test.ts";
import base from "./vitest.config.ts";

export default mergeConfig(
  base,
  defineConfig({
    test: {
      isolate: false,
      provide: { partOfRuns },
      exclude: ["**/node_modules/**", ...leftToNpmTest],
    },
  }),
);
