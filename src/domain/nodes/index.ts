export { type Leaving, leavingOf } from "./leaving.ts";
