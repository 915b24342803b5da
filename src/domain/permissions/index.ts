export {
  type Action,
  actions,
  allows,
  covers,
  type Grant,
  isAction,
  isResourceId,
  isSuperuser,
  missingPermission,
  superuserResource,
} from "./permissions.ts";
