/** The form of a service. */
import { type DefinitionForm, type FormSection, field } from "./definition-form.ts";

const sections: readonly FormSection[] = [
  {
    id: "general",
    title: "ui.form.general",
    fields: [field("id", "text", "ui.field.id"), field("instances", "number", "ui.field.instances", true)],
  },
  {
    id: "command",
    title: "ui.form.command",
    fields: [field("cmd", "multiline", "ui.field.cmd")],
  },
  {
    id: "resources",
    title: "ui.form.resources",
    fields: [
      field("cpus", "number", "ui.field.cpus", true),
      field("mem", "number", "ui.field.mem", true),
      field("disk", "number", "ui.field.disk", true),
      field("gpus", "number", "ui.field.gpus", true),
    ],
  },
  {
    id: "ports",
    title: "ui.form.ports",
    fields: [
      field("portDefinitions", "ports", "ui.field.portDefinitions"),
      field("requirePorts", "switch", "ui.field.requirePorts"),
    ],
  },
  {
    id: "healthChecks",
    title: "ui.form.healthChecks",
    fields: [field("healthChecks", "healthChecks", "ui.field.healthChecks")],
  },
  {
    id: "environment",
    title: "ui.form.environment",
    fields: [field("env", "textMap", "ui.field.env")],
  },
  { id: "labels", title: "ui.form.labels", fields: [field("labels", "textMap", "ui.field.labels")] },
  {
    id: "placement",
    title: "ui.form.placement",
    fields: [
      field("constraints", "constraints", "ui.field.constraints"),
      field("acceptedResourceRoles", "textList", "ui.field.acceptedResourceRoles"),
    ],
  },
  {
    id: "upgrade",
    title: "ui.form.upgrade",
    fields: [
      field("upgradeStrategy.minimumHealthCapacity", "number", "ui.field.minimumHealthCapacity", true),
      field("upgradeStrategy.maximumOverCapacity", "number", "ui.field.maximumOverCapacity", true),
      field("killSelection", "choice", "ui.field.killSelection", true),
      field("taskKillGracePeriodSeconds", "number", "ui.field.taskKillGracePeriodSeconds", true),
    ],
  },
  {
    id: "advanced",
    title: "ui.form.advanced",
    isFolded: true,
    fields: [
      field("args", "textList", "ui.field.args"),
      field("fetch", "artifacts", "ui.field.fetch"),
      field("user", "text", "ui.field.user", true),
      field("backoffSeconds", "number", "ui.field.backoffSeconds", true),
      field("backoffFactor", "number", "ui.field.backoffFactor", true),
      field("maxLaunchDelaySeconds", "number", "ui.field.maxLaunchDelaySeconds", true),
      field("unreachableStrategy", "unreachable", "ui.field.unreachableStrategy"),
      field("dependencies", "textList", "ui.field.dependencies"),
      field("role", "text", "ui.field.role", true),
      field("executor", "text", "ui.field.executor", true),
    ],
  },
];

export const appForm: DefinitionForm = { root: "app", sections };
