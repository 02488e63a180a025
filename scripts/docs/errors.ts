/** The page of all errors, from the folders' own `errors.ts`. */
import { errorCatalogue } from "../../src/cli/catalogue.ts";
import { ExitCode } from "../../src/errors/error.ts";

export async function errorsPage(): Promise<string> {
  const entries = (await errorCatalogue()).map(({ code, folder, what, remedy, exit }) =>
    [
      `### \`${code}\``,
      "",
      `**${what.fr}** ${remedy.fr}`,
      "",
      `*${what.en} ${remedy.en}*`,
      "",
      `Code de sortie / exit code ${exit} (${nameOf(exit)}), \`src/${folder}/errors.ts\`.`,
      "",
    ].join("\n"),
  );
  return `${intro}${exitCodes()}\n## Erreurs / Errors\n\n${entries.join("\n")}`;
}

const intro = `# Erreurs / Errors

<!-- Written by test/errors/catalogue.test.ts from every src/**/errors.ts: change those, then run it with UPDATE=1. -->

Chaque erreur de Vigie a un code stable ; \`vigie errors CODE\` dit la même chose sans réseau.
Un message ne contient jamais une identité, une valeur de santé ou l'adresse d'un appareil.

*Every error of Vigie has a stable code; \`vigie errors CODE\` says the same without a network.
No message ever holds an identity, a health value or a device's address.*

## Codes de sortie / Exit codes

D'après sysexits(3). systemd ne relance pas le service après un code 78 : rien ne changera sans vous.
*After sysexits(3). systemd does not restart the service after exit code 78: nothing will change without you.*

`;

type ExitName = keyof typeof ExitCode;

const meanings: Readonly<Record<ExitName, readonly [fr: string, en: string]>> = {
  ok: ["tout va bien", "all is well"],
  findings: [
    "la commande a fait son travail, et ce qu'elle a vérifié n'est pas en ordre",
    "the command did its work, and what it checked is not in order",
  ],
  usage: ["la commande elle-même n'est pas correcte", "the command itself is not correct"],
  data: ["ce qui est donné à lire n'a pas la forme attendue", "what is given to read is not of the expected form"],
  noInput: ["un fichier manque ou ne s'ouvre pas", "a file is missing or cannot be opened"],
  internal: ["un défaut de Vigie", "a defect of Vigie"],
  io: ["une lecture ou une écriture a échoué", "a read or a write failed"],
  tempFail: ["quelque chose est occupé ; réessayez plus tard", "something is in use; try again later"],
  noPermission: ["un droit manque, ou il y en a trop", "a permission is missing, or there are too many"],
  config: ["la configuration est à corriger", "the configuration is to be corrected"],
};

const exitNames: readonly ExitName[] = [
  "ok",
  "findings",
  "usage",
  "data",
  "noInput",
  "internal",
  "io",
  "tempFail",
  "noPermission",
  "config",
];

function exitCodes(): string {
  const rows = exitNames.map((name) => `| ${ExitCode[name]} | ${meanings[name][0]} | *${meanings[name][1]}* |`);
  return ["| code | | |", "|---|---|---|", ...rows, ""].join("\n");
}

function nameOf(exit: ExitCode): string {
  return exitNames.find((name) => ExitCode[name] === exit) ?? "";
}
