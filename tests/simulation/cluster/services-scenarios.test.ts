/** Services, jobs and their users on a cluster under faults. */
import { testSeeds } from "./seeds.ts";

testSeeds({ spine: 18, groups: 8, pods: 14, jobs: 12, restless: 6, roles: 4, election: 3, upgrades: 6 });
