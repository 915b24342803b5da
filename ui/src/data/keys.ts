/**
 * Query keys. The first word is the noun that events invalidate by; the second, where there is one, the object's id,
 * so that an event about one service reads only that service again.
 */
import type { ListQuery } from "./list-query.ts";

export const keys = {
  services: (list: ListQuery) => ["services", "list", list] as const,
  service: (id: string, what: string) => ["service", id, what] as const,
  jobs: (list: ListQuery) => ["jobs", "list", list] as const,
  job: (id: string, what: string) => ["job", id, what] as const,
  nodes: (list: ListQuery) => ["nodes", "list", list] as const,
  node: (id: string, what: string) => ["node", id, what] as const,
  tasks: (list: ListQuery) => ["tasks", "list", list] as const,
  task: (id: string, what: string) => ["task", id, what] as const,
  deployments: (list: ListQuery) => ["deployments", "list", list] as const,
  capacity: ["capacity"] as const,
  audit: (list: ListQuery) => ["audit", "list", list] as const,
};
