/** Where things travel on a broker. Topics carry no identity and no health value: a structure, a gateway, no more. */

export interface FeedAddress {
  readonly structure: string;
  readonly gateway: string;
}

export const segmentsTopic = ({ structure, gateway }: FeedAddress): string =>
  `vigie/v1/${structure}/${gateway}/segments`;

/** Alarms, ahead of their turn among the segments. */
export const alarmsTopic = ({ structure, gateway }: FeedAddress): string => `vigie/v1/${structure}/${gateway}/alarms`;

export const receiptsTopic = ({ structure, gateway }: FeedAddress): string =>
  `vigie/v1/${structure}/${gateway}/receipts`;

/** Whether the gateway is there: said at once, every few minutes, and by its will. Unsigned: nobody decides anything by it. */
export const presenceTopic = ({ structure, gateway }: FeedAddress): string =>
  `vigie/v1/${structure}/${gateway}/presence`;

/** What is said there. */
export const Presence = { online: "online", offline: "offline" } as const;

/** What a gateway sends on the topics that a receiver takes. */
export type FeedPart = (typeof parts)[number];
const parts = ["segments", "alarms", "presence"] as const;

/** Every gateway's, or those of one structure; shared among the receivers that name the same group (MQTT 5 §4.8.2). */
export const everyGateways = (part: FeedPart, sharedGroup?: string, structure = "+"): string =>
  `${sharedGroup === undefined ? "" : `$share/${sharedGroup}/`}vigie/v1/${structure}/+/${part}`;

/** @returns undefined where the topic is none that a receiver takes. */
export function readTopic(topic: string): { readonly address: FeedAddress; readonly part: FeedPart } | undefined {
  const [root, version, structure, gateway, last, ...more] = topic.split("/");
  const part = parts.find((known) => known === last);
  if (root !== "vigie" || version !== "v1" || more.length > 0 || part === undefined) return undefined;
  return structure === undefined || gateway === undefined ? undefined : { address: { structure, gateway }, part };
}
