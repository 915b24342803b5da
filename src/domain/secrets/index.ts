export { mayUseSecret, secretPathOf } from "./secret-path.ts";
export {
  type ContainerSecrets,
  commandSecretProblem,
  containerWithoutSecrets,
  executorWithoutSecrets,
  isSecretVolume,
  type SecretFile,
  secretsOf,
  secretVolumeProblem,
  taskWithoutSecrets,
} from "./secrets.ts";
