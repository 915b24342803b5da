/** The pages that every scenario is looked at on. */
export interface ConsolePage {
  readonly name: string;
  /** Behind `#`. */
  readonly path: string;
}

export const consolePages: readonly ConsolePage[] = [
  { name: "login", path: "/login" },
  { name: "dashboard", path: "/dashboard" },
  { name: "services", path: "/services" },
  { name: "service", path: "/services/%2Fshop%2Fcheckout" },
  { name: "service-instances", path: "/services/%2Fshop%2Fcheckout?tab=instances" },
  { name: "service-configuration", path: "/services/%2Fshop%2Fcheckout?tab=configuration" },
  { name: "service-deployments", path: "/services/%2Fshop%2Fcheckout?tab=deployments" },
  { name: "service-history", path: "/services/%2Fshop%2Fcheckout?tab=history" },
  { name: "service-new", path: "/services/new" },
  { name: "service-edit", path: "/services/%2Fshop%2Fcheckout/edit" },
  { name: "jobs", path: "/jobs" },
  { name: "job", path: "/jobs/shop.backup" },
  { name: "job-edit", path: "/jobs/shop.backup/edit" },
  { name: "deployments", path: "/deployments" },
  { name: "tasks", path: "/tasks" },
  { name: "task", path: "/tasks/shop_cart.instance-5b3f0c2e-0f3d-11f1-8de9-000000000000._app.1" },
  { name: "nodes", path: "/nodes" },
  { name: "node", path: "/nodes/8f6e2c1a-71c4-4d0e-9a51-000000000002" },
  { name: "node-draining", path: "/nodes/8f6e2c1a-71c4-4d0e-9a51-000000000005" },
  { name: "events", path: "/events" },
  { name: "audit", path: "/audit" },
  { name: "settings", path: "/settings" },
  { name: "not-found", path: "/nowhere" },
];
