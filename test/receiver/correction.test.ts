/** A correction, from the person who makes it to what a platform then has: at its own FHIR server, and behind its receiver. */
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import bloodPressure from "../../drivers/gatt-blood-pressure.ts";
import { routing } from "../../src/delivery/route.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { correct, withdraw } from "../../src/intake/desk.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { DeskParts } from "../../src/intake/parts.ts";
import { gatewayKeys, memoryState, openMqttReceiver, Receiver, type Sink } from "../../src/receiver/index.ts";
import { fhirSink } from "../../src/receiver/sinks/fhir.ts";
import { postgresSink } from "../../src/receiver/sinks/postgres.ts";
import { assign } from "../../src/registry/assignments.ts";
import { putDevice, putPerson } from "../../src/registry/known.ts";
import { startAedes } from "../fixtures/aedes.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { openGateway, platformKey } from "../fixtures/feed.ts";
import { openFhir } from "../fixtures/fhir-feed.ts";
import type { FhirServer } from "../fixtures/fhir-server.ts";
import { startMedplum } from "../fixtures/medplum.ts";
import { hasPostgres, startPostgres } from "../fixtures/postgres.ts";
import { cuff, House, marie, room12, room14 } from "../fixtures/registry.ts";
import { testKey } from "../fixtures/seal.ts";

const gateway = {
  id: "ehpad-test",
  structure: { finess: "750000001", name: "EHPAD" },
  timeZone: "Europe/Paris",
  version: "0",
};
const known = new DriverRegistry(drivers);
const noon = Date.parse("2024-06-23T12:00:00+02:00");
const why = { by: "marie", reason: "cuff lent to room 14" };
let house: House;
let parts: DeskParts;
let assignment: string;

beforeEach(async () => {
  house = await House.open({}, new FakeClock(noon));
  const { registry, journal, clock } = house;
  await putDevice(registry, { address: cuff, label: "Tensiomètre A" }, marie);
  for (const person of [room12, room14]) await putPerson(registry, person, marie);
  assignment = await assign(registry, { device: cuff, person: "r-0012", from: noon - 36_000_000 }, marie);
  const specializationOf = (driver: string) => known.get(driver).specialization;
  parts = { gateway, journal, registry, clock, destinations: ["platform", "fhir"], specializationOf };
  const intake = createIntake({ gateway, registry, journal, observe: () => {} });
  const bytes = Buffer.from("167c0056006100e80706170a010033000000", "hex");
  const device = { address: cuff, transport: "ble" } as const;
  await intake.take({ driver: bloodPressure, channel: 0x2a35, device, receivedAt: clock.now(), bytes });
});
afterEach(() => house[Symbol.asyncDispose]());

const routed = (destination: string) => routing({ destination, consent: house.registry, clock: house.clock });

/** A pressure and its pulse, by what the server says of them. */
const held = (server: FhirServer): unknown[] =>
  JSON.parse(JSON.stringify(server.of("Observation"))).map(
    (one: { status: string; subject: { identifier: { value: string } } }) =>
      `${one.status} ${one.subject.identifier.value}`,
  );
const twice = (what: string) => [what, what];

/** Corrects once while the right person may go there, and once more after they have said no. */
async function corrections(settled: () => Promise<void>, now: () => unknown): Promise<void> {
  await settled();
  expect(now()).toEqual(twice("final r-0012"));
  const { id } = await correct({ id: assignment, person: "r-0014" }, parts, why);
  await settled();
  expect(now()).toEqual(twice("amended r-0014"));
  for (const destination of ["platform", "fhir"]) {
    for (const person of ["r-0012", "r-0014"]) {
      house.clock.advance(1_000);
      await withdraw({ person, destination, medium: "oral" }, parts, marie);
    }
  }
  await correct({ id, person: "r-0012" }, parts, why);
  await settled();
  expect(now()).toEqual(twice("entered-in-error r-0014"));
}

test("takes the wrong person's measure away at a FHIR server, though nobody consents to it any more", async () => {
  await using server = await startMedplum();
  const { destination, receipted, deadLetters } = await openFhir(house.journal, server.base, {
    withhold: routed("fhir"),
  });
  await corrections(
    async () => void (await receipted(house.journal.lastSeq)),
    () => held(server),
  );
  await destination[Symbol.asyncDispose]();
  expect(deadLetters.list()).toEqual([]);
});

test.skipIf(!hasPostgres)(
  "takes it away behind a receiver too: at its FHIR server, and as rows (needs PostgreSQL)",
  async () => {
    await using server = await startMedplum();
    await using postgres = await startPostgres();
    await using rows = await postgresSink({ url: postgres.url });
    await throughMqtt(server, [rows]);
    const database = new pg.Client(postgres.url);
    await database.connect();
    const { rows: said } = await database.query(
      `SELECT body->'entry'->0->'resource'->>'status' AS status FROM vigie_received WHERE kind='measure' ORDER BY seq`,
    );
    await database.end();
    expect(said.map(({ status }) => status)).toEqual([
      ...twice("final"),
      ...["entered-in-error", "amended"],
      ...["entered-in-error", "amended"],
      ...twice("entered-in-error"),
    ]);
  },
);

test("takes it away behind a receiver too", async () => {
  await using server = await startMedplum();
  await throughMqtt(server, []);
});

async function throughMqtt(server: FhirServer, others: readonly Sink[]): Promise<void> {
  const broker = await startAedes();
  await using sink = await fhirSink({ config: { url: server.base }, clock: house.clock });
  const keys = gatewayKeys({ [gateway.id]: testKey().publicKey });
  const receiver = new Receiver({ keys, state: memoryState(), sinks: [sink, ...others], platformKey });
  const feed = openMqttReceiver({ receiver, config: { url: broker.url, version: "3.1.1", clientId: "platform" } });
  await feed.ready;
  const address = { structure: gateway.structure.finess, gateway: gateway.id };
  const { destination, receipted } = await openGateway(
    house.journal,
    { url: broker.url, version: "3.1.1", address },
    { withhold: routed("platform") },
  );
  await corrections(
    async () => void (await receipted(house.journal.lastSeq)),
    () => held(server),
  );
  await destination[Symbol.asyncDispose]();
  await feed[Symbol.asyncDispose]();
  await broker.stop();
}
