/** A verification as people read it: French first. */
import type { Verification } from "../seal/verifier.ts";

export function verificationLines(result: Verification): readonly string[] {
  const { gateway = "?", epoch = "?", firstSeq = "–", lastSeq = "–", segments, records, withheld, findings } = result;
  const isWhole = findings.length === 0 && segments > 0;
  return [
    `passerelle · gateway        ${gateway}, époque · epoch ${epoch}`,
    `segments · segments         ${segments}`,
    `enregistrements · records   ${records}, n° ${firstSeq} à · to ${lastSeq} (${withheld} sans corps · without body)`,
    ...findings.map(({ seq, fault, because }) => `  ✗ n° ${seq ?? "?"} ${fault}: ${because}`),
    isWhole
      ? "intact : chaque signature, la chaîne et chaque empreinte sont justes · whole: every signature, the chain and every digest are right"
      : segments === 0
        ? "rien à vérifier · nothing to verify"
        : `ALTÉRÉ OU ABÎMÉ : ${findings.length} constat(s) · CHANGED OR DAMAGED: ${findings.length} finding(s)`,
  ];
}
