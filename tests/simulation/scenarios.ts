import type { Scenario } from "./engine/index.ts";
import { ledgerScenario } from "./toy/ledger-scenario.ts";

/** Every scenario the command line knows, the default first. */
export const scenarios: readonly Scenario[] = [ledgerScenario("toy")];
