import { defineConfig } from "vitest/config"
import { LongestFirst } from "./test/support/LongestFirst.ts"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Native devices, worker threads and spawned commands: processes keep them apart.
    pool: "forks",
    // V8 of Node 24 aborts now and then where threads come and go ("jit_page.has_value()").
    execArgv: ["--no-memory-protection-keys"],
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default"],
  },
})
