import { expect, it } from "vitest";
import { type AcceptedRolesDefault, rolesByDefault } from "./accepted-roles.ts";

it.each<[AcceptedRolesDefault, string, readonly string[]]>([
  ["any", "shop", ["shop", "*"]],
  ["unreserved", "shop", ["*"]],
  ["reserved", "shop", ["shop"]],
  ["any", "*", ["*"]],
  ["unreserved", "*", ["*"]],
  ["reserved", "*", ["*"]],
])("an app that says nothing takes by default, %s, as %s: %j", (behavior, own, roles) => {
  expect([...rolesByDefault(behavior, own)]).toEqual(roles);
});
