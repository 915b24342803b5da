/** Services, jobs and their users on a cluster under faults. */
import { testSeeds } from "./seeds.ts";

testSeeds({ spine: 22, groups: 8, pods: 14, jobs: 14, restless: 9, election: 5 });
