// How much other programs disturb a measurement, by the kernel's own accounts (Linux; elsewhere 0):
// threads of this process that were ready and had no core, and cores that others used.
import { readdirSync, readFileSync } from "node:fs"

const readOr = (file: string, otherwise: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    // A thread that has just ended, or a system without such files.
    return otherwise
  }
}

const threads = (): ReadonlyArray<string> => {
  try {
    return readdirSync("/proc/self/task")
  } catch {
    return []
  }
}

interface ThreadTimes {
  readonly id: number
  readonly name: string
  readonly processorMs: number
  /** It was ready and had no core. */
  readonly waitedMs: number
}

/** Of every thread of this process since it began; empty where the system does not say. */
export const threadTimes = (): ReadonlyArray<ThreadTimes> =>
  threads().map((id) => {
    const folder = `/proc/self/task/${id}`
    const [ranNs = 0, waitedNs = 0] = readOr(`${folder}/schedstat`, "").split(" ").map(Number)
    const name = readOr(`${folder}/comm`, "").trim()
    return { id: Number(id), name, processorMs: ranNs / 1e6, waitedMs: waitedNs / 1e6 }
  })

/** Milliseconds that threads of this process have waited for a core since they began. */
export const waitedMs = (): number => threadTimes().reduce((sum, one) => sum + one.waitedMs, 0)

/** Clock ticks, of 10 ms each: the kernel's fixed unit for user space. */
const tickMs = 10

/** Processor time since boot of everything but idling, what the hypervisor took included. */
const busyMs = (): number => {
  const [, user, nice, system, , , irq, softIrq, steal] = readOr("/proc/stat", "")
    .split("\n", 1)[0]!
    .split(/\s+/)
  const ticks = [user, nice, system, irq, softIrq, steal].map((text) => Number(text ?? 0))
  return tickMs * ticks.reduce((sum, n) => sum + n, 0)
}

/** Of all threads of this process since it began. */
export const processorMs = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** Starts to count; the answer is the processor time of others since, in milliseconds. */
export const countOthers = (): (() => number) => {
  const [busy, own] = [busyMs(), processorMs()]
  return () => Math.max(0, busyMs() - busy - (processorMs() - own))
}
