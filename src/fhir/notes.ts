/** What a device said about the quality of a reading, for the one who reads the measure: French words in `note`, all flavours. */
import type { Status } from "../measure/measurement.ts";
import type { TimeDoubt } from "../measure/site-time.ts";

/** Undefined for what is no caution to a reader, or is one about the time. */
const cautions = {
  "body-movement": "mouvement pendant la mesure",
  "cuff-too-loose": "brassard trop lâche",
  "irregular-pulse": "pouls irrégulier détecté",
  "pulse-above-range": "pouls au-dessus de la plage de l'appareil",
  "pulse-below-range": "pouls au-dessous de la plage de l'appareil",
  "improper-position": "mauvaise position de mesure",
  "sensor-malfunction": "défaut du capteur",
  "signal-poor": "signal faible",
  "low-perfusion": "perfusion faible",
  questionable: "mesure douteuse",
  "from-storage": undefined,
  demonstration: "démonstration, pas une mesure de patient",
  "early-estimate": "estimation précoce",
  "device-clock-not-set": undefined,
  "low-battery": undefined,
  "sample-insufficient": "échantillon insuffisant",
  "strip-error": "erreur de bandelette",
  "temperature-out-of-range": "température ambiante hors plage",
  "device-fault": "défaut de l'appareil",
  "result-too-high": "résultat au-dessus de la plage de l'appareil",
  "result-too-low": "résultat au-dessous de la plage de l'appareil",
  "layout-quirk": undefined,
  implausible: "valeur invraisemblable, transmise telle quelle",
  "from-profile": "saisi dans l'appareil, ou calculé d'une saisie, non mesuré",
} as const satisfies Record<Status, string | undefined>;

const timeCautions = {
  "device-clock-ahead": "horloge de l'appareil en avance, heure de la passerelle retenue",
  "device-clock-behind": "horloge de l'appareil non réglée, heure de la passerelle retenue",
  "device-clock-not-set": "horloge de l'appareil non réglée, heure de la passerelle retenue",
  "stored-without-time": "mesure gardée en mémoire, heure réelle inconnue",
  "gateway-not-synchronised": "horloge de la passerelle non synchronisée",
  "ambiguous-local-time": "heure ambiguë (fin de l'heure d'été)",
  "inexistent-local-time": "heure inexistante (début de l'heure d'été)",
} as const satisfies Record<TimeDoubt, string>;

/** @returns undefined where there is nothing to be careful about. */
export function cautionOf(status: readonly Status[], doubts: readonly TimeDoubt[]): string | undefined {
  const said = new Set<string>();
  for (const item of status) {
    const caution = cautions[item];
    if (caution !== undefined) said.add(caution);
  }
  for (const doubt of doubts) said.add(timeCautions[doubt]);
  return said.size === 0 ? undefined : `À noter : ${[...said].join(" ; ")}.`;
}
