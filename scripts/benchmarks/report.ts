/** Figures, and how they are printed: one Markdown table, or JSON lines for a program. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Compared with something measured in the same run: the only figure that travels between machines. */
  readonly ratio?: string;
  /** What is asked for. */
  readonly wanted?: string;
  readonly note?: string;
}

export const seconds = (): number => Number(process.hrtime.bigint()) / 1e9;

/** @param q in [0, 1]. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ what, value, unit, ratio, wanted, note }) => {
    const remarks = [ratio, wanted && `wanted ${wanted}`, note].filter((remark) => remark !== undefined);
    return `| ${what} | ${figure(value)} ${unit} | ${remarks.join("; ")} |`;
  });
  return ["| what | measured | |", "| --- | ---: | --- |", ...lines].join("\n");
}

const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en").replaceAll(",", " ") : value.toPrecision(3);
