/** The form of a job. */
import { type DefinitionForm, type FormSection, field } from "./definition-form.ts";

const sections: readonly FormSection[] = [
  {
    id: "general",
    title: "ui.form.general",
    fields: [field("id", "text", "ui.field.id"), field("description", "text", "ui.field.description")],
  },
  { id: "command", title: "ui.form.command", fields: [field("run.cmd", "multiline", "ui.field.cmd")] },
  {
    id: "resources",
    title: "ui.form.resources",
    fields: [
      field("run.cpus", "number", "ui.field.cpus", true),
      field("run.mem", "number", "ui.field.mem", true),
      field("run.disk", "number", "ui.field.disk", true),
    ],
  },
  {
    id: "start",
    title: "ui.form.start",
    fields: [
      field("schedules", "schedule", "ui.field.schedule"),
      field("dependencies", "parents", "ui.field.parents"),
    ],
  },
  { id: "environment", title: "ui.form.environment", fields: [field("run.env", "textMap", "ui.field.env")] },
  {
    id: "failure",
    title: "ui.form.failure",
    fields: [
      field("run.restart.policy", "choice", "ui.field.restartPolicy", true),
      field("run.restart.activeDeadlineSeconds", "number", "ui.field.activeDeadlineSeconds", true),
    ],
  },
  {
    id: "advanced",
    title: "ui.form.advanced",
    isFolded: true,
    fields: [
      field("labels", "textMap", "ui.field.labels"),
      field("run.placement.constraints", "placement", "ui.field.constraints"),
      field("run.args", "textList", "ui.field.args"),
      field("run.artifacts", "artifacts", "ui.field.fetch"),
      field("run.user", "text", "ui.field.user", true),
      field("run.taskKillGracePeriodSeconds", "number", "ui.field.taskKillGracePeriodSeconds", true),
      field("run.maxLaunchDelay", "number", "ui.field.maxLaunchDelaySeconds", true),
    ],
  },
];

export const jobForm: DefinitionForm = { root: "job", sections };
