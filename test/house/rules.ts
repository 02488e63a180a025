/**
 * The rules of the house (DESIGN.md, "The house"): which folder may know which, where each library stands, and who may
 * ask for the time, the environment or the screen. Read from the text of the imports: what is not written is not known.
 */
import { posix } from "node:path";

/**
 * The arrows. A folder imports itself, `errors`, and what stands in its row: a folder, or one file of it where only the
 * port may be known. Arrows run along the way of a reading and down to `measure` and `seal`; never back.
 */
const arrows: Readonly<Record<string, readonly string[]>> = {
  drivers: ["driver/index.ts"],
  link: ["driver", "intake/port.ts", "measure", "events.ts"],
  driver: ["measure"],
  intake: ["driver", "fhir", "journal/port.ts", "registry", "measure", "seal", "events.ts"],
  registry: ["fhir/port.ts", "journal/port.ts", "measure", "seal"],
  fhir: ["measure"],
  journal: ["measure", "seal"],
  // What the command line asks of a gateway, whether it is running or not.
  control: [
    "intake",
    "registry",
    "journal/port.ts",
    "fhir/port.ts",
    "driver",
    "measure",
    "seal",
    "delivery/dead-letters.ts",
    "link/port.ts",
  ],
  delivery: ["fhir", "journal/port.ts", "measure", "seal", "events.ts"],
  // The platform's end of the same line: it shares the transport, the topics, the timers and the FHIR client, and no destination.
  receiver: [
    "delivery/mqtt",
    "delivery/http/line.ts",
    "delivery/fhir/answer.ts",
    "delivery/fhir/render.ts",
    "delivery/fhir/server.ts",
    "delivery/fhir/token.ts",
    "delivery/https/media.ts",
    "delivery/retry.ts",
    "delivery/timers.ts",
    "delivery/trouble.ts",
    "journal/sqlite.ts",
    "measure",
    "seal",
    "events.ts",
  ],
  seal: ["measure"],
  measure: [],
  errors: [],
  "events.ts": ["driver/reject.ts", "measure"],
  config: ["driver/define.ts", "registry/shape.ts", "measure", "fhir/port.ts"],
  logging: ["events.ts", "receiver/port.ts", "delivery/timers.ts", "driver/reject.ts", "measure"],
  "system-clock.ts": ["measure/time.ts"],
  "version.ts": [],
};

/** These alone know everybody. */
const roots = ["gateway.ts", "gateway-destinations.ts", "gateway-links.ts", "cli"];

/** No I/O, no clock, no environment: what they say depends on what they are given. */
const pure = ["drivers", "measure", "driver", "fhir", "seal", "registry", "errors", "events.ts"];

/** What computes and touches nothing. */
const computing = ["node:crypto", "node:buffer", "node:zlib"];

/** Which folders a package may be imported from. One that does I/O (`one`) stands behind a single file, and one that is not here behind none. */
const packages: Readonly<Record<string, { readonly in: readonly string[]; readonly one?: true }>> = {
  "cbor-x": { in: ["seal"], one: true },
  commander: { in: ["cli"] },
  "dbus-next": { in: ["link"], one: true },
  "lossless-json": { in: ["measure"] },
  mqtt: { in: ["delivery"], one: true },
  oauth4webapi: { in: ["delivery"], one: true },
  "node-ble": { in: ["link"], one: true },
  pg: { in: ["receiver"], one: true },
  pino: { in: ["logging"], one: true },
  serialport: { in: ["link"], one: true },
  sqlite3: { in: ["journal"], one: true },
  tweetnacl: { in: ["journal"] },
  yaml: { in: ["config", "link", "receiver"] },
  zod: {
    in: [
      "measure",
      "config",
      "delivery",
      "seal",
      "link",
      "receiver",
      "cli",
      "journal",
      "fhir",
      "intake",
      "registry",
      "control",
    ],
  },
};

/** What only some may call. */
const calls: readonly { readonly call: RegExp; readonly named: string; readonly in: readonly string[] }[] = [
  { call: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, named: "the time", in: ["system-clock.ts"] },
  { call: /\bprocess\.hrtime/, named: "the monotonic clock", in: ["system-clock.ts"] },
  { call: /\bprocess\.env\b/, named: "the environment", in: ["cli", "config", "system-clock.ts"] },
  { call: /\bconsole\./, named: "the console", in: [] },
  {
    call: /\bset(?:Timeout|Interval|Immediate)\(/,
    named: "a timer",
    in: ["link", "delivery", "receiver", "journal", "cli"],
  },
];

export interface SourceFile {
  /** From the root of the repository: `src/link/ble/bus.ts`, `drivers/scale-line.ts`. */
  readonly path: string;
  readonly text: string;
}

/** All that breaks a rule, each with its file. */
export function violations(files: readonly SourceFile[]): readonly string[] {
  return [...files.flatMap((file) => inOneFile(file)), ...behindOneFile(files)];
}

function inOneFile({ path, text }: SourceFile): readonly string[] {
  const unit = unitOf(path);
  if (arrows[unit] === undefined && !roots.includes(unit))
    return [`${path}: the folder ${unit} stands in no row of the arrows`];
  const imported = importsOf(text);
  return [
    ...imported.flatMap((target) => (target.startsWith(".") ? arrow(path, unit, target) : library(path, unit, target))),
    ...calls
      .filter(
        ({ call, in: allowed }) =>
          call.test(withoutComments(text)) && !allowed.some((row) => row === unit || `src/${row}` === path),
      )
      .map(({ named }) => `${path}: asks for ${named}`),
    ...(/\bdefineErrors\(/.test(withoutComments(text)) &&
    !path.startsWith("src/errors/") &&
    posix.basename(path) !== "errors.ts"
      ? [`${path}: declares errors outside of its folder's errors.ts`]
      : []),
  ];
}

function arrow(path: string, unit: string, target: string): readonly string[] {
  const file = posix.normalize(posix.join(posix.dirname(path), target));
  if (file === "package.json" && unit === "version.ts") return [];
  const to = unitOf(file);
  if (to === unit || to === "errors" || roots.includes(unit)) return [];
  const inSource = file.replace(/^src\//, "");
  const allowed = arrows[unit]?.some((row) => inSource === row || inSource.startsWith(`${row}/`)) ?? false;
  return allowed ? [] : [`${path}: imports ${file}`];
}

function library(path: string, unit: string, target: string): readonly string[] {
  if (target.startsWith("node:")) {
    return pure.includes(unit) && !computing.includes(target) ? [`${path}: is pure and imports ${target}`] : [];
  }
  const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
  return packages[name]?.in.includes(unit) ? [] : [`${path}: imports the package ${name}`];
}

function behindOneFile(files: readonly SourceFile[]): readonly string[] {
  return Object.entries(packages)
    .filter(([, { one }]) => one)
    .flatMap(([name]) => {
      const users = files.filter(({ text }) =>
        importsOf(text).some((target) => target === name || target.startsWith(`${name}/`)),
      );
      return users.length > 1 ? [`${name} stands behind ${users.map(({ path }) => path).join(" and ")}`] : [];
    });
}

/** `link` for src/link/ble/bus.ts, `gateway.ts` for src/gateway.ts, `drivers` for drivers/…. */
function unitOf(path: string): string {
  const [top = "", next = ""] = path.split("/");
  return top === "src" ? next : top;
}

function importsOf(text: string): readonly string[] {
  const written = /(?:^|[\s;}])(?:from\s+|import\s+|import\(\s*|require\(\s*)"([^"\n]+)"/g;
  return [...withoutComments(text).matchAll(written)].map(([, target = ""]) => target);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
