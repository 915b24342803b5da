/** Services whose instances have to move, have volumes, or are many. */
import { testSeeds } from "./seeds.ts";

testSeeds({ moving: 10, residents: 12, users: 3, crowd: 1 });
