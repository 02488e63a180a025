/** All that a driver imports. */
export { Decimal } from "../measure/decimal.ts";
export type * from "../measure/measurement.ts";
export type * from "../measure/quantity.ts";
export { isQuantity } from "../measure/quantity.ts";
export { ByteReader } from "./bytes.ts";
export { readDateTime } from "./datetime.ts";
export * from "./define.ts";
export { float, sfloat } from "./float.ts";
export { lines } from "./framing.ts";
export type { Reject } from "./reject.ts";
