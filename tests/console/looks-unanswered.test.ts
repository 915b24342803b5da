/** Every page where answers do not come: still on their way, failed, refused. */
import { lookAtEveryPage } from "./every-look.ts";
import { emptyScenario } from "./scenarios/scenario.ts";

lookAtEveryPage([
  { ...emptyScenario, name: "loading", mode: "loading" },
  { ...emptyScenario, name: "error", mode: "error" },
  { ...emptyScenario, name: "forbidden", mode: "forbidden" },
]);
