import type { Driver } from "../src/driver/index.ts";
import * as catalogue from "./index.ts";

/** All drivers, to make a DriverRegistry of. */
export const drivers: readonly Driver[] = Object.values(catalogue);
