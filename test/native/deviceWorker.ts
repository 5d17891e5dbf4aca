// A worker thread that opens the cpu device, starts a long plan and never closes either: what the
// exit tests terminate. It says "running" once the lane has work.
import { parentPort } from "node:worker_threads"
import { Effect } from "effect"
import { openCpuDevice } from "../../src/device/native/cpuDevice.ts"
import { identityEpilogue } from "../../src/model/Op.ts"
import { randomFloats } from "../cases/shapes.ts"
import { PlanBench, place, submit } from "./planBench.ts"

const size = 256

const longPlan = () => {
  const bench = new PlanBench()
  const b = bench.resident(randomFloats(1, size * size), size)
  const c = bench.arena(size, size)
  for (let i = 0; i < 5000; i++) {
    bench.ops.push({
      ...{ kind: "gemm", name: "gemm", m: size, k: size, n: size, a: b, b, c },
      epilogue: identityEpilogue,
    })
  }
  return { bench, plan: bench.plan({ operand: c, rows: size, cols: size }) }
}

Effect.runFork(
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* openCpuDevice({ lanes: 2, memoryBytes: 8 << 20 })
      const { bench, plan } = longPlan()
      const placed = yield* place(device, bench, plan)
      yield* Effect.forkChild(submit(device, placed))
      yield* Effect.yieldNow
      if (parentPort === null) process.exit(0)
      parentPort.postMessage("running")
      yield* Effect.never
    }),
  ),
)
