/**
 * What a platform's or a verifier's directory has to know of this gateway, said in the chain itself: a segment names its
 * gateway by an id only, and this record, signed like the rest, says which box and whose that is.
 */
import { randomBytes } from "node:crypto";
import type { GatewayIdentity } from "../fhir/port.ts";
import type { JournalFacts, JournalWriter } from "../journal/port.ts";
import { RecordKind } from "../seal/record.ts";

/** What was said of the gateway in this epoch. */
export const SAID = { shelf: "gateway", key: "identity" };

/**
 * Says who this gateway is and which structure answers for it: in each epoch once, and again when it changed.
 * @throws as Journal.append()
 */
export async function sayWhose(gateway: GatewayIdentity, journal: JournalWriter & JournalFacts): Promise<void> {
  const value = JSON.stringify(entryOf(gateway));
  const said = (await journal.facts(SAID.shelf)).find(({ key }) => key === SAID.key);
  if (said?.value === value) return;
  const id = new Uint8Array(randomBytes(16));
  await journal.append({ kind: RecordKind.event, id, body: Buffer.from(value) }, [{ ...SAID, value }]);
}

function entryOf({ id, structure, systemId, timeZone, version, timeSync }: GatewayIdentity) {
  const { finess, legalFiness, name } = structure;
  return {
    type: "gateway-identity",
    gateway: id,
    structure: { finess, ...(legalFiness === undefined ? {} : { legalFiness }), name },
    ...(systemId === undefined ? {} : { systemId }),
    timeZone,
    version,
    ...(timeSync === undefined ? {} : { timeSync }),
  };
}
