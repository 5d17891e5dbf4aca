// How `gnnsched` ends: what each exit status says to the shell that started it.

export const exitCodes = {
  /** All tasks completed; the command did what was asked. */
  ok: 0,
  /** A task did not complete, or a self-check of `doctor` failed. */
  taskFailed: 1,
  /** The input or the command line was wrong; nothing was run. */
  badInput: 2,
  /** A defect of gnnsched itself (EX_SOFTWARE of sysexits.h). */
  defect: 70,
  /** Ended by Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM: 128 + 15. */
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
