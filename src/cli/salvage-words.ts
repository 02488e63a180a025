/** A salvage as the technician reads it: what was saved, what was not, what to do now. French first. */
import { lostRecords, type SalvageReport } from "./salvage.ts";
import { verificationLines } from "./verification.ts";

const MOST = 20;

export function salvageLines(report: SalvageReport): readonly string[] {
  const { folder, file, publicKey, salvaged, isRegistryWhole, carried, epoch, verification } = report;
  const count = lostRecords(salvaged.lost);
  const ranges = salvaged.lost.slice(0, MOST).map(({ after, through }) => {
    return after + 1 === through ? `  ✗ n° ${through}` : `  ✗ n° ${after + 1} à · to ${through}`;
  });
  return [
    "Ancien journal · Old journal",
    ...verificationLines(verification),
    "",
    count === 0
      ? "Rien n'est perdu : tous les enregistrements sont entiers · Nothing is lost: every record is whole"
      : `PERDU : ${count} enregistrement(s) · LOST: ${count} record(s)`,
    ...ranges,
    ...(salvaged.lost.length > MOST ? [`  … et ${salvaged.lost.length - MOST} autres plages · more ranges`] : []),
    ...(isRegistryWhole
      ? []
      : [
          "REGISTRE INCOMPLET : avant de redémarrer, comparez `vigie persons list`, `devices list`, `assign list` et `quarantine list` avec le site.",
          "REGISTRY NOT WHOLE: before you start again, compare those lists with the site.",
        ]),
    "",
    "Nouveau journal · New journal",
    `époque · epoch              ${epoch}`,
    `repris · taken over         ${carried} enregistrement(s) que toutes les destinations n'avaient pas confirmés · record(s) not confirmed by all`,
    "",
    `Gardés, à ne pas effacer · Kept, not to be deleted: ${folder}`,
    `À vérifier avec · verify with: vigie verify ${file} --key ${publicKey}`,
    "Maintenant · Now: `systemctl start vigie`, puis transmettez ce texte au support · and pass this text on to support",
  ];
}
