/** Every page where answers come: with a little, with nothing, with ten thousand. */
import { lookAtEveryPage } from "./every-look.ts";
import { manyScenario } from "./scenarios/many.ts";
import { emptyScenario } from "./scenarios/scenario.ts";
import { shopScenario } from "./scenarios/shop.ts";

lookAtEveryPage([shopScenario, emptyScenario, manyScenario]);
