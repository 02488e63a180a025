/** docs/devices.md: what technicians read to know which devices Vigie takes. Made from the drivers, never by hand. */
import { z } from "zod";
import { formatChannel } from "../../src/driver/decode.ts";
import type { Driver } from "../../src/driver/define.ts";
import { specializations, titleOf } from "../../src/measure/codes.ts";
import type { MeasureKind } from "../../src/measure/measurement.ts";
import type { VectorFile } from "./vectors.ts";

const head = [
  "Pilote · Driver",
  "Appareil · Device",
  "Mesures · Measures",
  "Reconnu à · Recognised by",
  "Essayé avec · Tried with",
  "Captures réelles / vecteurs · Real captures / vectors",
];

export function deviceList(drivers: readonly Driver[], vectors: ReadonlyMap<string, VectorFile>): string {
  const ordered = [...drivers].sort((a, b) => b.priority - a.priority);
  return `# Appareils · Devices

<!-- Written by test/drivers/catalogue.test.ts (\`UPDATE=1 npx vitest run test/drivers/catalogue.test.ts\`). Do not edit. -->

Ce que Vigie sait lire, et ce qui le prouve. Un appareil cité sous « Essayé avec » a des captures réelles parmi les
vecteurs du pilote ; les autres appareils du même profil sont lus d'après la spécification.

What Vigie reads, and what proves it. A device under “Tried with” has real captures among the driver's vectors; others of
the same profile are read from the specification.

${table([head, ...ordered.map((driver) => row(driver, vectors.get(driver.id)))])}

\\* Lu, mais ne quitte pas la passerelle : la taille est une saisie du profil de l'utilisateur de l'appareil, et l'IMC en est calculé ; ce n'est
pas mesuré. La plateforme calcule l'IMC du poids mesuré et de la taille qu'elle connaît. Les octets reçus sont gardés avec le poids.

\\* Read, and does not leave the gateway: the height was typed into the profile of the device's user, and the index is computed from it; neither
is measured. The platform computes the index from the weight that was measured and the height that it knows. The bytes are kept with the weight.

## Sources

${ordered.map((driver) => `- \`${driver.id}\`: ${driver.source}`).join("\n")}
`;
}

function row(driver: Driver, file: VectorFile | undefined): readonly string[] {
  const vectors = file?.vectors ?? [];
  const real = vectors.filter((vector) => vector.kind === "real-capture").length;
  return [
    `\`${driver.id}\``,
    `${driver.title} (${specializations[driver.specialization]})`,
    driver.kinds
      .map((kind) => `${titleOf(kind).fr} · ${titleOf(kind).en}${isProfile(kind, file) ? " \\*" : ""}`)
      .join("<br>"),
    recognisedBy(driver),
    driver.tested.join("<br>") || "spécification · specification",
    `${real} / ${vectors.length}`,
  ];
}

/** Whether a kind is only ever read from the profile of a device's user. */
function isProfile(kind: MeasureKind, file: VectorFile | undefined): boolean {
  const measures = (file?.vectors ?? []).flatMap(({ expect }) =>
    Array.isArray(expect) ? measured.array().parse(expect) : [],
  );
  const own = measures.filter((measure) => measure.kind === kind);
  return own.length > 0 && own.every(({ status }) => status.includes("from-profile"));
}

const measured = z.object({ kind: z.string(), status: z.array(z.string()) });

function recognisedBy(driver: Driver): string {
  if (driver.transport === "ble") return driver.match.services.map(formatChannel).join(", ");
  const { baudRate, dataBits, parity, stopBits } = driver.line;
  return `configuration (${baudRate} ${dataBits}${parity.charAt(0).toUpperCase()}${stopBits})`;
}

/** A Markdown table with its columns padded, as Biome formats it. The first row is the head. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = head.map((_title, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return lines.join("\n");
}
