/** What a directory of gateways looks like on disk: one file of names and keys, or a folder of certificates and keys. */
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { isVigieError } from "../errors/error.ts";
import { bytes, type Sentence, say, verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { verifyingKey } from "../seal/key.ts";
import { commonName } from "./certificate.ts";
import { errors } from "./errors.ts";

export type DirectoryPlace =
  /** YAML or JSON: a gateway's id, and its public key or keys in hex. */
  | { readonly file: string }
  /** `ID.pub` (hex, base64 or PEM, a key a line) and X.509 certificates (`.pem`, `.crt`, `.cer`). */
  | { readonly folder: string };

/** Public keys (32 bytes) by the gateway's id. */
export type Gateways = Readonly<Record<string, readonly Uint8Array[]>>;

/** 100 000 gateways of 100 bytes each. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const GATEWAY_ID = /^[a-z0-9][a-z0-9-]{0,39}$/;
const HEX = /^[0-9a-fA-F]{64}$/;
/** 32 bytes are 43 characters of base64 and one of padding. */
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const CERTIFICATES: readonly string[] = [".pem", ".crt", ".cer"];

/** @throws RECEIVER_DIRECTORY_INVALID for whatever is wrong with any part of it. */
export async function readDirectory(place: DirectoryPlace): Promise<Gateways> {
  const entries = "file" in place ? await entriesInFile(place.file) : await entriesInFolder(place.folder);
  const where = "file" in place ? place.file : place.folder;
  const holders = new Map<string, string>();
  const gateways: Record<string, Uint8Array[]> = {};
  for (const { gateway, publicKey, file } of entries) {
    if (!GATEWAY_ID.test(gateway)) {
      const name = JSON.stringify(gateway.slice(0, 60));
      throw invalid(file, say(`le nom ${name}`, `the name ${name}`));
    }
    const text = hexOf(publicKey);
    const holder = holders.get(text);
    if (holder !== undefined && holder !== gateway) {
      throw invalid(file, say(`une seule clé pour ${holder} et ${gateway}`, `one key for ${holder} and ${gateway}`));
    }
    if (holder !== undefined) continue;
    assertUsable(publicKey, file);
    holders.set(text, gateway);
    gateways[gateway] = [...(gateways[gateway] ?? []), publicKey];
  }
  // Nobody runs a receiver for nobody: an emptied folder is a mount that is missing.
  if (holders.size === 0) throw invalid(where, say("aucune passerelle", "no gateway"));
  return gateways;
}

interface Entry {
  readonly gateway: string;
  readonly publicKey: Uint8Array;
  readonly file: string;
}

const key = z.string().regex(HEX);
const listing = z.record(z.string(), z.union([key.transform((one) => [one]), z.array(key).min(1)]));

async function entriesInFile(file: string): Promise<readonly Entry[]> {
  const text = await readText(file);
  let value: unknown;
  try {
    // "failsafe": every scalar is a text. A key of digits alone is no number.
    value = parse(text, { schema: "failsafe" });
  } catch (cause) {
    throw invalid(file, say("ni YAML, ni JSON", "no YAML and no JSON"), cause);
  }
  const parsed = listing.safeParse(value);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join(".") ?? "";
    throw invalid(
      file,
      place === ""
        ? say("pas une liste de passerelles", "no list of gateways")
        : say(`${place} : pas une clé de 64 chiffres hexadécimaux`, `${place}: no key of 64 hex digits`),
    );
  }
  return Object.entries(parsed.data).flatMap(([gateway, keys]) =>
    keys.map((one) => ({ gateway, publicKey: Buffer.from(one, "hex"), file })),
  );
}

async function entriesInFolder(folder: string): Promise<readonly Entry[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw invalid(folder, systemSays(cause), cause);
  });
  const entries: Entry[] = [];
  for (const name of names.toSorted()) {
    // What an editor or a copy leaves while it works.
    if (name.startsWith(".")) continue;
    const file = join(folder, name);
    if (extname(name) === ".pub") entries.push(...(await keysIn(file)));
    else if (CERTIFICATES.includes(extname(name))) entries.push(await certificateIn(file));
  }
  return entries;
}

async function keysIn(file: string): Promise<readonly Entry[]> {
  const gateway = basename(file, ".pub");
  const text = await readText(file);
  if (text.includes("-----BEGIN PUBLIC KEY-----")) {
    return [{ gateway, publicKey: ed25519In(() => createPublicKey(text), file), file }];
  }
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      if (HEX.test(line)) return { gateway, publicKey: Buffer.from(line, "hex"), file };
      if (BASE64.test(line)) return { gateway, publicKey: Buffer.from(line, "base64"), file };
      throw invalid(file, say("une ligne qui n'est pas une clé", "a line that is no key"));
    });
}

/** Who put it there vouches for it: neither its issuer nor its dates are asked for. */
async function certificateIn(file: string): Promise<Entry> {
  const certificate = readCertificate(await readText(file), file);
  const gateway = commonName(certificate.toLegacyObject());
  if (gateway === undefined)
    throw invalid(file, say("un certificat sans nom (CN)", "a certificate without a common name"));
  return { gateway, publicKey: ed25519In(() => certificate.publicKey, file), file };
}

function readCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw invalid(file, say("pas un certificat X.509 (PEM)", "no X.509 certificate (PEM)"), cause);
  }
}

function ed25519In(read: () => KeyObject, file: string): Uint8Array {
  try {
    const { crv, x } = read().export({ format: "jwk" });
    if (crv === "Ed25519" && x !== undefined) return Buffer.from(x, "base64url");
  } catch (cause) {
    throw invalid(file, say("pas une clé publique", "no public key"), cause);
  }
  throw invalid(file, say("une clé qui n'est pas Ed25519", "a key that is not Ed25519"));
}

function assertUsable(publicKey: Uint8Array, file: string): void {
  try {
    verifyingKey(publicKey);
  } catch (cause) {
    const found = isVigieError(cause) ? cause.detail.found : undefined;
    throw invalid(file, found ?? say("une clé hors de la courbe", "a key that is no point of the curve"), cause);
  }
}

async function readText(file: string): Promise<string> {
  try {
    await using handle = await open(file, "r");
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw invalid(file, bytes(size));
    return await handle.readFile("utf8");
  } catch (cause) {
    if (isVigieError(cause)) throw cause;
    throw invalid(file, systemSays(cause), cause);
  }
}

const invalid = (where: string, found: Sentence, cause?: unknown) =>
  errors.RECEIVER_DIRECTORY_INVALID({ where: verbatim(where), found, cause });
const hexOf = (key: Uint8Array): string => Buffer.from(key).toString("hex");
