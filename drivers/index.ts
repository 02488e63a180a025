/** Every driver of Vigie: one line each. test/drivers/catalogue.test.ts fails for a driver that is not here. */
export { default as gattBloodPressure } from "./gatt-blood-pressure.ts";
export { default as gattThermometer } from "./gatt-thermometer.ts";
export { default as gattWeightScale } from "./gatt-weight-scale.ts";
export { default as scaleLine } from "./scale-line.ts";
