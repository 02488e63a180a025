import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts", "drivers/**/*.ts"],
      exclude: [
        "src/cli/main.ts", // the process's own streams, signals and EPIPE: test/cli/process.test.ts runs it as a child
        "src/**/port.ts", // types alone
      ],
      reporter: ["text-summary", "json-summary", "html"],
      thresholds: {
        lines: 85,
        statements: 85,
        functions: 85,
        branches: 75,
        // What decodes a device, and what reads the configuration, has no excuse: it is pure, and fed by tests alone.
        "drivers/**": { lines: 95, functions: 95, branches: 90 },
        "src/driver/**": { lines: 95, functions: 95, branches: 90 },
        "src/config/**": { lines: 95, functions: 90, branches: 80 },
        "src/measure/**": { lines: 95, functions: 95, branches: 85 },
      },
    },
  },
});
