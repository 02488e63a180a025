import project from "../package.json" with { type: "json" };

/** The version of this software, as package.json says. */
export const version: string = project.version;
