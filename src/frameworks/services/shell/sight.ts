/**
 * Which services the caller may see and change, and what of the whole scheduler.
 * Source: DC/OS permission model, `dcos:service:marathon:marathon:…`, contract platform.md section 2.3.
 */
import type { Action } from "#domain/permissions/index.ts";
import { demand, mayDo, type Whole } from "#frameworks/base/shell/sight.ts";

const services = "dcos:service:marathon:marathon:services:";
const admin = "dcos:service:marathon:marathon:admin:";

export const mayService = (path: string, action: Action): boolean => mayDo(`${services}${path}`, action);

export const seesService = (path: string): boolean => mayService(path, "read");

/** Throws `Forbidden`. */
export function demandService(path: string, action: Action): void {
  demand(`${services}${path}`, action);
}

/** Who may make it give up its lead. Throws `Forbidden`. */
export function demandLeader(): void {
  demand(`${admin}leader`, "update");
}

/** What belongs to the whole scheduler. */
export const wholes: readonly Whole[] = [
  { path: /^\/v2\/events$/, resource: `${admin}events`, action: "read" },
  { path: /^\/v2\/(?:info|plugins)$|^\/config$/, resource: `${admin}config`, action: "read" },
  { path: /^\/logging(?:\/|$)/, resource: `${admin}config`, action: "update" },
];
