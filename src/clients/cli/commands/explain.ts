/** `keelson explain`: what a field of a definition means, what it takes, and what is below it. */
import { explainField, type FieldDoc, fieldDocs, similarFields } from "#contracts/docs/field-docs.ts";
import type { Input } from "../command-line/input.ts";
import { meant } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { pairs } from "../output/render.ts";
import { table } from "../output/table.ts";
import type { View } from "../output/view.ts";

const descriptionShown = 60;

export async function explain(context: Context, input: Input): Promise<View> {
  const path = input.optionalWord(0);
  if (path === undefined) return roots(context);
  const field = explainField(path, context.language);
  if (field === undefined) {
    const near = meant(similarFields(path));
    throw new CommandFailed(context.say("explain.unknown", { path, ...near }), exitCodes.notFound);
  }
  return {
    kind: "text",
    data: field,
    names: [field.path],
    text: ({ isWide }) => fieldText(context, field, isWide),
  };
}

function roots(context: Context): View {
  const docs = fieldDocs(context.language);
  return {
    kind: "text",
    data: docs.map(({ path, description }) => ({ path, description })),
    names: docs.map(({ path }) => path),
    text: () =>
      [
        context.say("explain.roots"),
        table(
          [],
          docs.map(({ path, description }) => [`  ${path}`, description]),
        ),
      ].join("\n"),
  };
}

function fieldText(context: Context, field: FieldDoc, isWide: boolean): string {
  const { say, paint } = context;
  const facts = pairs(context, [
    ["column.field", { text: field.path, tone: "strong" }],
    ["column.type", field.type],
    ["column.required", field.isRequired ? say("explain.yes") : undefined],
    ["column.values", field.values?.join(", ")],
    ["column.range", rangeText(field)],
    ["column.pattern", field.pattern],
    ["column.default", field.default === undefined ? undefined : JSON.stringify(field.default)],
    ["column.unit", field.unit],
    [
      "column.example",
      field.example === undefined || field.example === null ? undefined : JSON.stringify(field.example),
    ],
    ["column.since", field.since ?? (field.path.includes(".") ? say("explain.refused") : undefined)],
  ]);
  const below = field.children.map(({ name, type, description }) => [
    `  ${name}`,
    { text: type, tone: "quiet" as const },
    isWide || description.length <= descriptionShown
      ? description
      : `${description.slice(0, descriptionShown)}…`,
  ]);
  return [
    facts,
    ...(field.description === "" ? [] : [field.description]),
    ...(below.length === 0 ? [] : [`${say("explain.fields")}\n${table([], below, paint)}`]),
  ].join("\n\n");
}

function rangeText({ minimum, maximum }: FieldDoc): string | undefined {
  if (minimum === undefined && maximum === undefined) return undefined;
  return `${minimum ?? ""} … ${maximum ?? ""}`.trim();
}
