export { fieldChanges, fieldChangesMax, looksSecret, masked, maskedValue } from "./field-changes.ts";
