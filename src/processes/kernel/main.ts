/** The `kernel` process: the master. */
import { start } from "#kernel/master/main.ts";
import { hostDaemon } from "../host.ts";

hostDaemon(start);
