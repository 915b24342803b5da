export {
  type Action,
  actions,
  allows,
  covers,
  type Grant,
  isAction,
  isResourceId,
  isSuperuser,
  superuserResource,
} from "./permissions.ts";
