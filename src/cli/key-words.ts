/** A change of key as the technician reads it: what was done, what to hand on and to whom. French first. */
import type { KeyUse } from "../control/port.ts";

export interface PublicHalf {
  readonly kid: string;
  readonly publicKey: string;
}

export interface ToldKey extends Partial<PublicHalf> {
  readonly use: KeyUse;
  readonly file: string;
  /** Where the old key is kept; absent where nothing has changed yet. */
  readonly old?: string;
}

export function rotationLines({ use, file, old, kid, publicKey }: ToldKey, gateway: string): readonly string[] {
  const named =
    use === "signing" ? "clé de signature · signing key" : "clé de chiffrement du journal · journal's encryption key";
  return [
    old === undefined
      ? `${named} : prête, pas encore en service · ready, not in use yet`
      : `${named} : changée · changed`,
    `  fichier · file                   ${file}`,
    ...(old === undefined ? [] : [`  ancienne clé · old key           ${old}`]),
    ...(publicKey === undefined
      ? ["  Rien à donner à la plateforme · Nothing to give to the platform"]
      : [
          `  identifiant · kid                ${kid}`,
          `  clé publique · public key        ${publicKey}`,
          `À donner à la plateforme, pour la passerelle ${gateway} : elle l'ajoute à l'ancienne (\`receiver.gateways\`), et retire l'ancienne`,
          "quand tout ce que celle-ci a signé est confirmé. D'ici là, rien n'est perdu : ce que la plateforme refuse attend sur la passerelle.",
          `To be given to the platform, for the gateway ${gateway}: it adds it to the old one (\`receiver.gateways\`), and removes that`,
          "when all that was signed with it is confirmed. Until then nothing is lost: what it refuses waits on the gateway.",
        ]),
    ...(old === undefined
      ? ["Pour changer, la même commande sans --prepare · To change, the same command without --prepare"]
      : afterwards[use]),
  ];
}

const afterwards: Readonly<Record<KeyUse, readonly string[]>> = {
  signing: [
    "L'ancienne clé ne sert plus ici : mettez-la en lieu sûr, puis retirez-la de la passerelle.",
    "The old key is of no more use here: put it in a safe place, then take it off the gateway.",
  ],
  box: [
    "Gardez l'ancienne clé en lieu sûr tant qu'il reste des copies du journal d'avant ; puis retirez-la de la passerelle.",
    "Keep the old key in a safe place while copies of the journal from before remain; then take it off the gateway.",
  ],
};
