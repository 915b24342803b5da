/**
 * Every action that wants authorization, with the name its object has in Mesos' lists and the resource id it has for
 * the identity service. Source: contract mesos.md section 7, platform.md section 2.3.
 */
import type { Action } from "../permissions/index.ts";

/** What an action is done to, as lists name it. */
type ObjectField =
  | "agents"
  | "creator_principals"
  | "flags"
  | "framework_principals"
  | "images"
  | "level"
  | "logs"
  | "machines"
  | "paths"
  | "resource_providers"
  | "reserver_principals"
  | "roles"
  | "users";

interface ActionRule {
  readonly object: ObjectField;
  /** Below `dcos:mesos:`; the object, where there is one, follows after a colon. */
  readonly resource: string;
  readonly action: Action;
}

const rule = (object: ObjectField, resource: string, action: Action): ActionRule => ({
  object,
  resource,
  action,
});

export const authorizationActions = {
  register_frameworks: rule("roles", "master:framework:role", "create"),
  run_tasks: rule("users", "master:task:user", "create"),
  teardown_frameworks: rule("framework_principals", "master:framework:principal", "delete"),
  reserve_resources: rule("roles", "master:reservation:role", "create"),
  unreserve_resources: rule("reserver_principals", "master:reservation:principal", "delete"),
  create_volumes: rule("roles", "master:volume:role", "create"),
  destroy_volumes: rule("creator_principals", "master:volume:principal", "delete"),
  resize_volume: rule("roles", "master:volume:role", "update"),
  create_block_disks: rule("roles", "master:block_disk", "create"),
  destroy_block_disks: rule("roles", "master:block_disk", "delete"),
  create_mount_disks: rule("roles", "master:mount_disk", "create"),
  destroy_mount_disks: rule("roles", "master:mount_disk", "delete"),
  destroy_raw_disks: rule("roles", "master:block_disk", "delete"),
  register_agents: rule("agents", "master:agent", "create"),
  get_quotas: rule("roles", "master:quota:role", "read"),
  update_quotas: rule("roles", "master:quota:role", "update"),
  update_weights: rule("roles", "master:weight:role", "update"),
  view_roles: rule("roles", "master:role", "read"),
  view_frameworks: rule("users", "master:framework:user", "read"),
  view_tasks: rule("users", "master:task:user", "read"),
  view_executors: rule("users", "master:executor:user", "read"),
  view_flags: rule("flags", "master:flags", "read"),
  view_containers: rule("users", "agent:container:user", "read"),
  access_sandboxes: rule("users", "agent:sandbox:user", "read"),
  access_mesos_logs: rule("logs", "master:log", "read"),
  get_endpoints: rule("paths", "master:endpoint:path", "read"),
  set_log_level: rule("level", "master:log_level", "update"),
  launch_nested_containers_as_user: rule("users", "agent:nested_container:user", "create"),
  launch_nested_containers_under_parent_with_user: rule("users", "agent:nested_container:user", "create"),
  launch_nested_container_sessions_as_user: rule("users", "agent:nested_container_session:user", "create"),
  launch_nested_container_sessions_under_parent_with_user: rule(
    "users",
    "agent:nested_container_session:user",
    "create",
  ),
  wait_nested_containers: rule("users", "agent:nested_container:user", "read"),
  kill_nested_containers: rule("users", "agent:nested_container:user", "delete"),
  remove_nested_containers: rule("users", "agent:nested_container:user", "delete"),
  attach_containers_input: rule("users", "agent:container:user", "update"),
  attach_containers_output: rule("users", "agent:container:user", "read"),
  launch_standalone_containers: rule("users", "agent:standalone_container:user", "create"),
  wait_standalone_containers: rule("users", "agent:standalone_container:user", "read"),
  kill_standalone_containers: rule("users", "agent:standalone_container:user", "delete"),
  remove_standalone_containers: rule("users", "agent:standalone_container:user", "delete"),
  view_standalone_containers: rule("users", "agent:standalone_container:user", "read"),
  modify_resource_provider_configs: rule("resource_providers", "agent:resource_provider_config", "update"),
  view_resource_providers: rule("resource_providers", "agent:resource_provider", "read"),
  mark_resource_providers_gone: rule("resource_providers", "agent:resource_provider", "delete"),
  prune_images: rule("images", "agent:image", "delete"),
  update_maintenance_schedules: rule("machines", "master:maintenance", "update"),
  get_maintenance_schedules: rule("machines", "master:maintenance", "read"),
  get_maintenance_statuses: rule("machines", "master:maintenance", "read"),
  start_maintenances: rule("machines", "master:maintenance", "update"),
  stop_maintenances: rule("machines", "master:maintenance", "update"),
  drain_agents: rule("agents", "master:agent", "delete"),
  deactivate_agents: rule("agents", "master:agent", "update"),
  reactivate_agents: rule("agents", "master:agent", "update"),
  mark_agents_gone: rule("agents", "master:agent", "delete"),
} as const satisfies Record<string, ActionRule>;

export type AuthorizationAction = keyof typeof authorizationActions;

export const ruleOf = (action: AuthorizationAction): ActionRule => authorizationActions[action];
