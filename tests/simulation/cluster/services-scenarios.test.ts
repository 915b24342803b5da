/** Services, jobs and their users on a cluster under faults. */
import { testSeeds } from "./seeds.ts";

testSeeds({ spine: 40, groups: 8, pods: 16, jobs: 12 });
