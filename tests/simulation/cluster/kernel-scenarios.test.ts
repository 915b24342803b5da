/** Master, agents and strangers' frameworks under faults. */
import { testSeeds } from "./seeds.ts";

testSeeds({ kernel: 46, volumes: 12, quota: 12, executors: 12, operators: 16, links: 12, lending: 6 });
