/** TLS of our own ports and links, from PEM files, and its failures in words that say what to do. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerOptions } from "node:https";
import { createSecureContext, type TLSSocket } from "node:tls";
import { errorMessage } from "#foundation/base/errors.ts";
import { httpLimits } from "./http-limits.ts";

export interface TlsFiles {
  /** The certificate this daemon shows, as server and as client; chains are taken. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Whose certificates are believed. Default: the CAs that Node.js knows, and clients are asked for none. */
  readonly caFile?: string;
  /** Own ports take only clients with a certificate of `caFile`. Default: with a `caFile`. */
  readonly requireClientCertificate?: boolean;
}

/** What one side of a connection shows and believes. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

const minVersion = "TLSv1.2";

/** Reads the files, once; throws with the option that is wrong. */
export function readTlsIdentity({ certFile, keyFile, caFile }: TlsFiles): TlsIdentity {
  const cert = read("certFile", certFile);
  const key = read("keyFile", keyFile);
  const ca = caFile === undefined ? undefined : read("caFile", caFile);
  check(`tls.certFile ${certFile} is not a certificate in PEM`, () => new X509Certificate(cert));
  check(`tls.keyFile ${keyFile} is not the private key, in PEM, of tls.certFile ${certFile}`, () =>
    createSecureContext({ cert, key }),
  );
  if (ca !== undefined)
    check(`tls.caFile ${caFile} is not a certificate in PEM`, () => new X509Certificate(ca));
  return { cert, key, ...(ca === undefined ? {} : { ca }) };
}

/** For a server: a client without a certificate, or with one of another CA, ends with the handshake. */
export function serverTlsOptions(files: TlsFiles): ServerOptions {
  const identity = readTlsIdentity(files);
  const isRequired = files.requireClientCertificate ?? files.caFile !== undefined;
  if (isRequired && files.caFile === undefined)
    throw new Error(
      "tls.requireClientCertificate needs tls.caFile: the CA that clients' certificates are of",
    );
  return {
    ...identity,
    minVersion,
    requestCert: isRequired,
    rejectUnauthorized: isRequired,
    handshakeTimeout: httpLimits.headersTimeoutMs,
  };
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`tls.${option} cannot be read: ${errorMessage(error)}`);
  }
}

function check(message: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw new Error(`${message}: ${errorMessage(error)}`);
  }
}

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";

const otherCa: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

/** Why a connection to `url` failed, for those who opened it. */
export function explainConnectFailure(error: unknown, url: string): string {
  const code = codeOf(error);
  const message = errorMessage(error);
  const { protocol, host, hostname } = new URL(url);
  if (protocol === "http:") {
    return code === "ECONNRESET" ? `${message}; if ${host} speaks https, call it by https://` : message;
  }
  if (otherCa.has(code))
    return `the certificate of ${host} is of no CA known here; tls.caFile must be the CA that made it (${message})`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the certificate of ${host} is not for "${hostname}"; call it by a name in its certificate, or add this one to it (${message})`;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return `the certificate of ${host} is not valid now; replace it, or set the clock (${message})`;
  // Which of code and text holds it depends on whether a write or a read met it.
  if (/wrong version number|packet length too long/.test(message))
    return `${host} does not speak TLS; call it by http://, or give it a certificate (${message})`;
  if (/certificate required/.test(message) || code === "ECONNRESET" || code === "EPIPE")
    return `${host} ended the connection (${message}); if it takes only clients with a certificate of its CA, set tls.certFile and tls.keyFile to one: its log says tls.refused and why`;
  return message;
}

/** Why a server let a client go before its handshake was over, for the server's log. */
export function explainRefusedClient(error: unknown, socket: TLSSocket): string {
  const code = codeOf(error);
  if (code === "ERR_SSL_HTTP_REQUEST") return "plain HTTP came to this port; call it by https://";
  if (code.includes("PEER_DID_NOT_RETURN_A_CERTIFICATE"))
    return "the client has no certificate; it needs one of the CA in tls.caFile";
  const invalid: unknown = socket.authorizationError;
  if (typeof invalid === "string" && invalid !== "")
    return `the certificate of the client is not taken (${invalid}); it must be of the CA in tls.caFile`;
  return errorMessage(error);
}
