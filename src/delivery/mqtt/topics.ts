/** Where things travel on a broker. Topics carry no identity and no health value: a structure, a gateway, no more. */

export interface FeedAddress {
  readonly structure: string;
  readonly gateway: string;
}

export const segmentsTopic = ({ structure, gateway }: FeedAddress): string =>
  `vigie/v1/${structure}/${gateway}/segments`;

export const receiptsTopic = ({ structure, gateway }: FeedAddress): string =>
  `vigie/v1/${structure}/${gateway}/receipts`;

/** Every gateway's segments; shared among the receivers that name the same group (MQTT 5 §4.8.2). */
export const allSegments = (sharedGroup?: string): string =>
  sharedGroup === undefined ? "vigie/v1/+/+/segments" : `$share/${sharedGroup}/vigie/v1/+/+/segments`;

/** @returns undefined where the topic is no gateway's segments topic. */
export function addressOfSegments(topic: string): FeedAddress | undefined {
  const [root, version, structure, gateway, what, ...more] = topic.split("/");
  if (root !== "vigie" || version !== "v1" || what !== "segments" || more.length > 0) return undefined;
  return structure === undefined || gateway === undefined ? undefined : { structure, gateway };
}
