/** What the tests of the journal share: a folder, a gateway, its keys, and drafts by number. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../../src/journal/open.ts";
import type { JournalOptions } from "../../src/journal/options.ts";
import type { Draft } from "../../src/journal/port.ts";
import { openDatabase, type Row } from "../../src/journal/sqlite.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { testKey } from "../fixtures/seal.ts";

export const newFolder = () => mkdtemp(join(tmpdir(), "vigie-journal-"));

export const boxKey = new Uint8Array(32).fill(5);

export function open(folder: string, change: Partial<JournalOptions> = {}) {
  return openJournal({
    folder,
    gateway: "ehpad-test",
    boxKey,
    signingKey: testKey(),
    clock: new FakeClock(),
    // 8 MiB written at each opening would be most of what these tests do; space.test.ts has it.
    ballastBytes: 0,
    ...change,
  });
}

/** Record number `n`, the same each time. */
export function draft(n: number, change: Partial<Draft> = {}): Draft {
  const id = new Uint8Array(16).fill(0xa7);
  new DataView(id.buffer).setUint32(0, n);
  return {
    kind: RecordKind.measure,
    id,
    body: Buffer.from(`{"n":${n}}`),
    source: Buffer.from(`source ${n}`),
    device: "AA:BB:CC:DD:EE:FF",
    person: `person-${n % 3}`,
    ...change,
  };
}

/** Changes a closed journal's file by SQL, as somebody with the disk in hand could. */
export async function tamper(folder: string, statement: string): Promise<readonly Row[]> {
  const database = await openDatabase(join(folder, "journal.db"));
  try {
    return await database.all(statement);
  } finally {
    await database.close();
  }
}
