export { mayUseSecret, secretPathOf } from "./secret-path.ts";
export {
  type ContainerSecrets,
  commandSecretProblem,
  containerWithoutSecrets,
  executorWithoutSecrets,
  isSecretVolume,
  type SecretFile,
  secretProblem,
  secretsOf,
  secretsOfVolume,
  secretText,
  secretVolumeProblem,
  taskWithoutSecrets,
  volumeWithSecrets,
} from "./secrets.ts";
