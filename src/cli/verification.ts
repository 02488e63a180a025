/** An export verified with one key alone, and a verification as people read it: French first. */
import { keyRing, type VerifyingKey } from "../seal/key.ts";
import { messagesOf } from "../seal/message.ts";
import { type Verification, Verifier } from "../seal/verifier.ts";

/** A damaged export has a finding a segment; the first ones say what it is, --json gives them all. */
const MOST = 20;

/** A key that fits no segment says something of the key, and nothing of the journal. */
const isOtherKey = ({ segments, findings }: Verification): boolean =>
  findings.length === segments && findings.every(({ fault }) => fault === "unknown-key");

export function verificationLines(result: Verification): readonly string[] {
  const { gateway = "?", epoch = "?", firstSeq = "–", lastSeq = "–", segments, records, withheld, findings } = result;
  const isWhole = findings.length === 0 && segments > 0;
  return [
    `passerelle · gateway        ${gateway}, époque · epoch ${epoch}`,
    `segments · segments         ${segments}`,
    `enregistrements · records   ${records}, n° ${firstSeq} à · to ${lastSeq} (${withheld} sans corps · without body)`,
    ...findings
      .slice(0, MOST)
      .map(({ seq, fault, because }) => `  ✗ n° ${seq ?? "?"} ${because.fr} · ${because.en} (${fault})`),
    ...(findings.length > MOST ? [`  … et ${findings.length - MOST} autres · and ${findings.length - MOST} more`] : []),
    isWhole
      ? "intact : chaque signature, la chaîne et chaque empreinte sont justes · whole: every signature, the chain and every digest are right"
      : segments === 0
        ? "rien à vérifier : ce n'est pas un export de `vigie journal export`, ou il est vide · nothing to verify: no export, or an empty one"
        : isOtherKey(result)
          ? "RIEN N'EST PROUVÉ : cette clé n'est pas celle de la passerelle ; demandez la bonne (`vigie keys public`) · NOTHING IS PROVEN: this is not the gateway's key; ask for the right one"
          : `ALTÉRÉ OU ABÎMÉ : ${findings.length} constat(s) · CHANGED OR DAMAGED: ${findings.length} finding(s)`,
  ];
}

export function verifyExport(sequence: Uint8Array, key: VerifyingKey): Verification {
  const verifier = new Verifier(keyRing([key]));
  // First the changes of signing key, each signed by the key before it: the export may begin after one of them.
  for (const decoded of messagesOf(sequence)) if (decoded.ok) verifier.learn(decoded.message);
  for (const decoded of messagesOf(sequence)) {
    if (decoded.ok) verifier.add(decoded.message);
    else verifier.report({ fault: "malformed", because: decoded.because });
  }
  return verifier.result();
}
