import { defineConfig } from "vitest/config";
import { SlowestFirst } from "./tools/slowest-first.ts";

const conditions = ["keelson-source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts", "tools/**/*.test.ts", "ui/src/**/*.test.{ts,tsx}"],
    // Generous: a machine may be busy, and what hangs is ended by its suite's budget.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: SlowestFirst },
  },
});
