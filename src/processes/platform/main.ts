/** The `platform` process: the door. */
import { start } from "#platform/admin-router/main.ts";
import { hostDaemon } from "../host.ts";

hostDaemon(start);
