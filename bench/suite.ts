// What every suite of benches returns, and how a tinybench result becomes one.
import type { Bench, Task } from "tinybench"

export interface SuiteOptions {
  /** Few iterations on small inputs: proves that the suite runs; its figures mean nothing. */
  readonly smoke: boolean
}

export interface BenchRow {
  readonly name: string
  readonly samples: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly minMs: number
  readonly meanMs: number
  /** Relative margin of error of the mean, per cent. */
  readonly rmePercent: number
}

export interface SuiteResult {
  readonly suite: string
  readonly rows: ReadonlyArray<BenchRow>
}

export type Suite = (options: SuiteOptions) => Promise<SuiteResult>

const rowOf = (task: Task): BenchRow => {
  const { result } = task
  if (result.state !== "completed")
    throw new Error(`bench "${task.name}" ended ${result.state}`, {
      cause: "error" in result ? result.error : undefined,
    })
  const { latency } = result
  return {
    name: task.name,
    samples: latency.samplesCount,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    minMs: latency.min,
    meanMs: latency.mean,
    rmePercent: latency.rme,
  }
}

export const runBench = async (suite: string, bench: Bench): Promise<SuiteResult> => {
  await bench.run()
  return { suite, rows: bench.tasks.map(rowOf) }
}
