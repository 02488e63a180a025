/** Secrets, from where the configuration says they are. They are never in it, in a log, or in an error. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { bytes, type Sentence, say, verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";
import type { SecretSource } from "./schema.ts";

/** No secret of ours is longer: a PEM private key of RSA 4096 has 3.3 kB. */
const MAX_BYTES = 16 * 1024;

export interface SecretEnvironment {
  /** Where systemd puts the service's credentials (`$CREDENTIALS_DIRECTORY`). */
  readonly credentials: string | undefined;
  /** The user that Vigie runs as; undefined where the system has no users. */
  readonly uid: number | undefined;
}

export function processSecretEnvironment(): SecretEnvironment {
  return { credentials: process.env["CREDENTIALS_DIRECTORY"], uid: process.getuid?.() };
}

/** Where a secret's bytes are. @throws SECRET_MISSING for a credential outside of a systemd service. */
export function secretPath(source: SecretSource, environment = processSecretEnvironment()): string {
  if ("file" in source) return source.file;
  if (environment.credentials === undefined) {
    throw errors.SECRET_MISSING({
      where: verbatim(source.credential),
      found: say(
        "hors du service : systemd n'a rien donné (pas de $CREDENTIALS_DIRECTORY)",
        "outside of the service: systemd gave nothing (no $CREDENTIALS_DIRECTORY)",
      ),
    });
  }
  return join(environment.credentials, source.credential);
}

/**
 * Reads a secret as it is.
 * @throws SECRET_MISSING; SECRET_EXPOSED where a file is not its owner's alone; SECRET_MALFORMED where it is empty or huge.
 */
export async function readSecret(source: SecretSource, environment = processSecretEnvironment()): Promise<Uint8Array> {
  const path = secretPath(source, environment);
  const handle = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    throw errors.SECRET_MISSING({ where: verbatim(path), found: systemSays(cause), cause });
  });
  try {
    // systemd alone writes the credentials' folder; their mode shows an access list as a group right.
    if ("file" in source) await assertOwnersAlone(handle, path, environment.uid);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
    if (bytesRead === 0 || bytesRead > MAX_BYTES) {
      throw errors.SECRET_MALFORMED({
        where: verbatim(path),
        found: bytesRead === 0 ? bytes(0) : say(`plus de ${MAX_BYTES} octets`, `more than ${MAX_BYTES} bytes`),
      });
    }
    return new Uint8Array(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Reads a key of 32 bytes: raw, 64 hex digits, or base64. @throws as readSecret, SECRET_MALFORMED for another length. */
export async function readKey(source: SecretSource, environment = processSecretEnvironment()): Promise<Uint8Array> {
  const secret = await readSecret(source, environment);
  if (secret.length === 32) return secret;
  const text = Buffer.from(secret).toString("latin1").trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  // 32 bytes are 43 characters of base64 and one of padding; the last one carries four bits.
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return new Uint8Array(Buffer.from(text, "base64"));
  throw errors.SECRET_MALFORMED({
    where: verbatim(secretPath(source, environment)),
    found: bytes(secret.length),
    expected: say(
      "32 octets tels quels, en 64 chiffres hexadécimaux ou en base64",
      "32 bytes, raw, as 64 hex digits or as base64",
    ),
  });
}

/** Reads a password or a PEM text; the line feed that editors put at the end is no part of it. */
export async function readSecretText(source: SecretSource, environment = processSecretEnvironment()): Promise<string> {
  const secret = await readSecret(source, environment);
  return Buffer.from(secret)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

async function assertOwnersAlone(handle: FileHandle, path: string, uid: number | undefined): Promise<void> {
  const { mode, uid: owner } = await handle.stat();
  if ((mode & 0o077) !== 0) {
    throw errors.SECRET_EXPOSED({
      where: verbatim(path),
      found: permissions(mode),
      expected: permissions(0o600),
    });
  }
  if (uid !== undefined && owner !== uid && owner !== 0) {
    throw errors.SECRET_EXPOSED({
      where: verbatim(path),
      found: say(`propriétaire ${owner}`, `owner ${owner}`),
      expected: say(`propriétaire ${uid} ou 0`, `owner ${uid} or 0`),
    });
  }
}

/** As `chmod` and `ls` have them: 0600. */
function permissions(mode: number): Sentence {
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  return say(`droits ${octal}`, `mode ${octal}`);
}
