/** The reference page of the configuration, from the schema alone. */
import {
  expectation,
  gatewayJsonSchema,
  type JsonSchema,
  publishedJsonSchema,
  receiverJsonSchema,
} from "../../src/config/describe.ts";
import { unfold } from "../../src/config/field.ts";

export function configurationPage(): string {
  const { properties = {} } = publishedJsonSchema();
  const sections = Object.entries(properties).map(([key, schema]) =>
    typeof schema === "boolean" ? "" : section(key, schema, needs(key)),
  );
  return `${intro}\n${sections.join("\n")}`;
}

const intro = `# Configuration

<!-- Written by test/config/reference.test.ts from src/config/schema.ts: change the schema, then run it with UPDATE=1. -->

Un seul fichier YAML ; \`vigie config check FICHIER\` dit tout ce qui n'y va pas, avec la ligne.
Les chemins relatifs partent du dossier du fichier. Une durée, une taille, une clé porte son unité dans son nom ou sa description.
Un secret n'est jamais dans le fichier : \`{ credential: nom }\` (remis par systemd) ou \`{ file: chemin }\` (0600).
Modèle commenté : [config/vigie.yaml](../config/vigie.yaml). Schéma pour les éditeurs : [config/vigie.schema.json](../config/vigie.schema.json).

*One YAML file; \`vigie config check FILE\` tells everything that is wrong with it, with the line. Relative paths start from the file's folder.
A secret is never in the file: \`{ credential: name }\` (handed over by systemd) or \`{ file: path }\` (0600).*

\`[]\` marque chaque élément d'une liste, \`<nom>\` une clé libre ; **gras** : obligatoire.
*\`[]\` marks each item of a list, \`<nom>\` a free key; **bold**: required.*
`;

/** Which command cannot do without a section. */
function needs(key: string): string {
  if (gatewayJsonSchema().required?.includes(key)) return " (obligatoire pour `vigie run` / *required*)";
  if (receiverJsonSchema().required?.includes(key)) return " (obligatoire pour `vigie receive` / *required*)";
  return "";
}

function section(key: string, schema: JsonSchema, need: string): string {
  const { fr, en } = unfold(schema.description ?? "");
  const rows = fields(schema, "").map(
    ({ path, must, schema: field }) =>
      `| ${must ? `**\`${path}\`**` : `\`${path}\``} | ${meaning(field)} | ${accepted(field)} | ${preset(field)} |`,
  );
  return [
    `## \`${key}\``,
    "",
    `${fr} *${en}*${need}`,
    "",
    "| clé / key | ce que c'est / what it is | attendu / expected | à défaut / default |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

interface Field {
  readonly path: string;
  readonly must: boolean;
  readonly schema: JsonSchema;
}

/** Every key below a schema, outer ones first. A secret is one field, not two. */
function fields(schema: JsonSchema, prefix: string): readonly Field[] {
  if (typeof schema.items === "object" && !Array.isArray(schema.items)) {
    return (schema.items.oneOf ?? [schema.items]).flatMap((item) =>
      typeof item === "boolean" ? [] : fields(item, `${prefix}[]`),
    );
  }
  if (typeof schema.additionalProperties === "object") {
    return [{ path: dotted(prefix, "<nom>"), must: false, schema: schema.additionalProperties }];
  }
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    if (typeof field === "boolean") return [];
    const path = dotted(prefix, key);
    return [{ path, must: schema.required?.includes(key) ?? false, schema: field }, ...fields(field, path)];
  });
}

const dotted = (prefix: string, key: string) => (prefix === "" ? key : `${prefix}.${key}`);

function meaning(schema: JsonSchema): string {
  if (schema.description === undefined) return "";
  const { fr, en } = unfold(schema.description);
  return cell(`${fr} *${en}*`);
}

function accepted(schema: JsonSchema): string {
  const { fr, en } = expectation(schema);
  return cell(fr === en ? `\`${fr}\`` : `${fr} / *${en}*`);
}

function preset(schema: JsonSchema): string {
  const text = JSON.stringify(schema.default);
  return text === undefined || text === "{}" ? "" : `\`${text}\``;
}

const cell = (text: string) => text.replaceAll("|", "\\|");
