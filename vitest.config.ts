import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { LongestFirst } from "./test/support/LongestFirst.ts"

// Hundreds of processes and threads run the sources: compiled and stripped of types once, they start in half
// the processor time. Those that vitest begins inherit it.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "build/compile-cache")

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Native devices, worker threads and spawned commands: processes keep them apart.
    pool: "forks",
    // Where threads come and go, V8 of Node 24 aborts now and then when it replaces a wrapper of WebAssembly
    // ("jit_page.has_value()"), as Node's stripping of types uses it: here it replaces none.
    execArgv: ["--wasm-wrapper-tiering-budget=2147483647"],
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default"],
  },
})
