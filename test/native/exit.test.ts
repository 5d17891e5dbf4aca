// A device that nobody closed must not crash or hang its process: worker threads are terminated and
// processes exit while a lane runs.
import { execFile } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Worker } from "node:worker_threads"
import { describe, expect, it } from "vitest"

const workerFile = new URL("./deviceWorker.ts", import.meta.url)

describe("an open device", () => {
  it("lets its worker thread be terminated while a lane runs, many times over", async () => {
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(workerFile)
      await once(worker, "message")
      expect(await worker.terminate()).toBe(1)
    }
  })

  it("lets several workers hold devices of their own at once", async () => {
    const workers = [1, 2, 3].map(() => new Worker(workerFile))
    await Promise.all(workers.map((worker) => once(worker, "message")))
    const codes = await Promise.all(workers.map((worker) => worker.terminate()))
    expect(codes).toEqual([1, 1, 1])
  })

  it("lets its process exit while a lane runs", async () => {
    const run = promisify(execFile)
    const { stderr } = await run(process.execPath, [fileURLToPath(workerFile)], { timeout: 30_000 })
    expect(stderr).toBe("")
  })

  it("does not keep an idle process alive", async () => {
    const addon = fileURLToPath(new URL("../../build/Release/gnnsched.node", import.meta.url))
    const script = `require(${JSON.stringify(addon)}).open({ lanes: 2, budgetBytes: 1 << 28, warmBytes: 1 << 28, isa: null, gpu: null, paint: false, opTimings: true }, () => {})`
    const run = promisify(execFile)
    const { stderr } = await run(process.execPath, ["-e", script], { timeout: 30_000 })
    expect(stderr).toBe("")
  })
})
