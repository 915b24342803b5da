import { expect, it } from "vitest";
import { render } from "./mustache.ts";

const options = {
  service: {
    name: 'a "b"\n',
    cpus: 0.5,
    count: 2,
    zero: 0,
    off: false,
    none: "",
    hosts: ["x", "y"],
    users: [{ id: 1 }, { id: 2 }],
  },
  resource: { assets: { "jre-tar-gz": "http://x" } },
};

it.each([
  ['"{{service.name}}"', '"a \\"b\\"\\n"'],
  ["{{{service.cpus}}} {{&service.count}}", "0.5 2"],
  ["{{service.hosts}}", '["x", "y"]'],
  ["{{#service.hosts}}<{{.}}>{{/service.hosts}}", "<x><y>"],
  ["{{#service.users}}{{id}}{{service.count}},{{/service.users}}", "12,22,"],
  ["{{#service.zero}}zero{{/service.zero}}", "zero"],
  ["{{#service.off}}a{{/service.off}}{{^service.off}}b{{/service.off}}", "b"],
  ["{{^service.none}}empty{{/service.none}}{{^missing}}none{{/missing}}", "emptynone"],
  ["{{#service}}{{name}}{{/service}}", 'a \\"b\\"\\n'],
  ["{{resource.assets.jre-tar-gz}}", "http://x"],
  ["a{{! left\nout }}b", "ab"],
])("%j becomes %j", (template, expected) => {
  expect(render(template, options)).toBe(expected);
});

it.each(["{{#service}}", "{{/service}}", "{{service}}"])("%j is refused", (template) => {
  expect(() => render(template, options)).toThrow();
});
