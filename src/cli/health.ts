/** Asks a gateway how it is: the one that runs, else its journal, which is only looked at. */
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../config/load.ts";
import { type Health, healthOf } from "../control/health.ts";
import { connectControl } from "../control/socket.ts";
import { controlPath, openConfiguredJournal } from "../gateway.ts";
import type { JournalStatus } from "../journal/port.ts";
import { systemClock } from "../system-clock.ts";
import { errorCatalogue } from "./catalogue.ts";
import { answered, assertJournal } from "./control.ts";
import { type Point, pointsOf } from "./health-words.ts";

export interface Look {
  readonly status: JournalStatus;
  readonly health: Health;
  readonly isRunning: boolean;
  readonly points: readonly Point[];
}

/** @throws JOURNAL_ABSENT, and what opening the journal of a stopped gateway refuses. */
export async function look(file: string): Promise<Look> {
  const config = await loadGatewayConfig(file, drivers);
  const running = await connectControl(controlPath(config));
  const isRunning = running !== undefined;
  const read = isRunning
    ? {
        status: (await answered(running, { do: "journal-status" }, "status")).status,
        health: (await answered(running, { do: "health" }, "health")).health,
      }
    : await lookAtJournal(config);
  const known = new Map((await errorCatalogue()).map(({ code, what }) => [code, what]));
  return { ...read, isRunning, points: pointsOf(read.health, isRunning, (code) => known.get(code)) };
}

async function lookAtJournal(config: Awaited<ReturnType<typeof loadGatewayConfig>>) {
  await assertJournal(config);
  const journal = await openConfiguredJournal(config, systemClock(config.clock.trust));
  try {
    const destinations = config.destinations.map(({ name }) => name);
    const { timeZone } = config.gateway;
    const health = await healthOf({ journal, timeZone, destinations, lines: [] });
    return { status: await journal.status(), health };
  } finally {
    await journal.close();
  }
}
