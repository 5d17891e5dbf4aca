// How far a run has come, on stderr: a bar on a terminal, a line every tenth otherwise, nothing when
// results are for a program.
import { formatCount } from "./units.ts"

export interface Progress {
  /** What happens now, when it cannot be counted. */
  readonly phase: (text: string) => void
  /** The `nth` of `total` things of a kind is being loaded. */
  readonly load: (what: string, nth: number, total: number) => void
  readonly update: (done: number, total: number, hurt: number) => void
  readonly finish: () => void
}

export const silentProgress: Progress = {
  phase: () => undefined,
  load: () => undefined,
  update: () => undefined,
  finish: () => undefined,
}

export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const loading = (what: string, nth: number, total: number): string =>
  `loading ${what} (${formatCount(nth)} of ${formatCount(total)})`

const barWidth = 28
/** Redraws of the bar that an eye can tell apart, as a share of the whole. */
const barSteps = 200

const describe = (done: number, total: number, hurt: number): string => {
  const failed = hurt === 0 ? "" : `, ${formatCount(hurt)} not completed`
  return `${formatCount(done)} of ${formatCount(total)} tasks ended${failed}`
}

export const barProgress = (stream: ProgressStream): Progress => {
  let drawnStep = -1
  const line = (text: string) => {
    stream.write(`\r\u001b[K${text.slice(0, Math.max(20, (stream.columns || 80) - 1))}`)
  }
  return {
    phase: line,
    load: (what, nth, total) => line(loading(what, nth, total)),
    update: (done, total, hurt) => {
      const step = Math.floor((done / Math.max(1, total)) * barSteps)
      if (step === drawnStep) return
      drawnStep = step
      const filled = Math.round((done / Math.max(1, total)) * barWidth)
      line(`[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] ${describe(done, total, hurt)}`)
    },
    finish: () => {
      stream.write("\r\u001b[K")
    },
  }
}

export const lineProgress = (stream: ProgressStream): Progress => {
  let tenth = 0
  return {
    phase: (text) => {
      stream.write(`${text}\n`)
    },
    load: (what, nth, total) => {
      const tenthOf = (count: number) => Math.floor((count / total) * 10)
      if (tenthOf(nth) > tenthOf(nth - 1)) stream.write(`${loading(what, nth, total)}\n`)
    },
    update: (done, total, hurt) => {
      const now = Math.floor((done / Math.max(1, total)) * 10)
      if (now === tenth) return
      tenth = now
      stream.write(`${describe(done, total, hurt)}\n`)
    },
    finish: () => undefined,
  }
}

export const makeProgress = (stream: ProgressStream, silent: boolean): Progress => {
  if (silent) return silentProgress
  return stream.isTTY === true ? barProgress(stream) : lineProgress(stream)
}
