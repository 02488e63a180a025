/** Why the operating system or the network refused, in words: a technician does not have to know what ENOENT is. */
import { type Sentence, say, verbatim } from "./sentence.ts";

/** What is met in the field; the code stands behind, for whoever looks it up or asks support. */
const known: Readonly<Record<string, Sentence>> = {
  EACCES: say("l'accès est refusé", "access is denied"),
  EADDRINUSE: say("l'adresse est déjà prise", "the address is in use"),
  EAI_AGAIN: say("le DNS ne répond pas", "the DNS does not answer"),
  EBUSY: say("occupé par un autre programme", "in use by another program"),
  ECONNREFUSED: say("la connexion est refusée", "the connection is refused"),
  ECONNRESET: say("la connexion a été coupée", "the connection was cut"),
  EDQUOT: say("le quota du disque est atteint", "the disk quota is reached"),
  EEXIST: say("le fichier existe déjà", "the file exists already"),
  EHOSTUNREACH: say("la machine ne peut pas être atteinte", "the host cannot be reached"),
  EIO: say("le disque ou l'appareil est en défaut", "the disk or device fails"),
  EISDIR: say("c'est un dossier", "it is a folder"),
  EMFILE: say("trop de fichiers sont ouverts", "too many files are open"),
  ENETUNREACH: say("le réseau ne peut pas être atteint", "the network cannot be reached"),
  ENODEV: say("l'appareil n'est pas là", "the device is not there"),
  ENOENT: say("rien à cet endroit", "nothing is there"),
  ENOSPC: say("le disque est plein", "the disk is full"),
  ENOTDIR: say("un des dossiers du chemin est un fichier", "a folder of the path is a file"),
  ENOTFOUND: say("le DNS ne connaît pas ce nom", "the DNS does not know this name"),
  ENXIO: say("l'appareil n'est pas là", "the device is not there"),
  EPERM: say("l'opération n'est pas permise", "the operation is not permitted"),
  EPIPE: say("la connexion a été coupée", "the connection was cut"),
  EROFS: say("le disque est en lecture seule", "the disk is read-only"),
  ETIMEDOUT: say("pas de réponse à temps", "no answer in time"),
};

/** An error of Node.js in words, with its code. Its message stays out: it repeats paths, addresses, and what was read. */
export function systemSays(error: unknown): Sentence {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error ? verbatim(error.name) : say("aucune raison", "no reason");
  const words = known[code];
  return words === undefined ? verbatim(code) : say(`${words.fr} (${code})`, `${words.en} (${code})`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
