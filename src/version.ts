import description from "../package.json" with { type: "json" };

/** The version of this software, as package.json says it. */
export const version: string = description.version;
