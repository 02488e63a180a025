/**
 * What a badge does at a reader beside shared devices. Nothing open: it opens a session on each of them. Something open:
 * it closes that, whoever's it is, and opens nothing. So a person badges in and out; and who comes next ends what the one
 * before left open, and shows the badge again. One tap never takes a device from one person to another: a reading may be on its way.
 */
import { isVigieError } from "../errors/error.ts";
import type { SessionBook } from "./sessions.ts";

export interface Place {
  /** Addresses of the devices that stand by the reader. */
  readonly devices: readonly string[];
  /** How long a session may wait for its reading, milliseconds. */
  readonly lasts: number;
  /** The reader's name: who orders it, for the audit trail. */
  readonly reader: string;
}

/** `displaced`: what was open was somebody else's; the badge opens nothing before it is shown again. */
export type Shown = "opened" | "closed" | "displaced";

/** @throws BADGE_UNKNOWN, DEVICE_UNKNOWN, SESSION_OPEN; as Journal.append() */
export async function showBadge(
  badge: string,
  { devices, lasts, reader }: Place,
  sessions: Pick<SessionBook, "holderOf" | "openOn" | "start" | "close">,
): Promise<Shown> {
  const person = sessions.holderOf(badge);
  const actor = { by: `reader ${reader}` };
  const close = (device: string) =>
    sessions.close(device, actor).catch((error: unknown) => {
      if (!isVigieError(error, "SESSION_UNKNOWN")) throw error; // its reading has just come: closed as well
    });
  const open = devices.flatMap((device) => sessions.openOn(device) ?? []);
  if (open.length > 0) {
    for (const { device } of open) await close(device);
    return open.every((session) => session.person === person) ? "closed" : "displaced";
  }
  const opened: string[] = [];
  try {
    for (const device of devices) opened.push((await sessions.start({ device, who: { person }, lasts }, actor)).device);
  } catch (error) {
    for (const device of opened) await close(device); // on all of them, or on none
    throw error;
  }
  return "opened";
}
