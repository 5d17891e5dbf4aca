// The flags of the commands that run a workload, for real or simulated, and the options they make.
import { Effect, Option } from "effect"
import { Argument, type Command, Flag } from "effect/cli"
import { BadConfig } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import { policyNames } from "../model/Snapshot.ts"
import type { RuntimeOptions } from "../runtime/RuntimeApi.ts"
import { readFaultFile } from "./faultFile.ts"
import {
  bytesFlag,
  formatFlag,
  lanesFlag,
  memoryFlag,
  outFlag,
  quietFlag,
  wholeFlag,
} from "./flags.ts"
import { formatBytes } from "./units.ts"
import type { Workload } from "./workload/Workload.ts"

export const workloadFlags = {
  workload: Argument.String("workload").pipe(
    Argument.withDescription("The workload, YAML or JSON: graphs, models, tenants, tasks"),
  ),
  policy: Flag.Literals("policy", policyNames).pipe(
    Flag.withDescription(
      "Who runs next, with whom: slo targets met, then short responses; base order of arrival; " +
        "lmcf, bmc by memory; sqtf, bqt by target; edf earliest deadline; sjf shortest first; " +
        "priority; fair by tenants' weights; default: slo",
    ),
    Flag.withDefault("slo"),
  ),
  mode: Flag.Literals("mode", ["groups", "continuous"]).pipe(
    Flag.withDescription(
      "groups: one after another, as published; continuous: refill at once; default: continuous",
    ),
    Flag.withDefault("continuous"),
  ),
  noPreempt: Flag.Boolean("no-preempt").pipe(
    Flag.withDescription(
      "Let every run go to its end; without, slo and priority may stop one for a task that is urgent",
    ),
    Flag.withDefault(false),
  ),
  admit: Flag.Literals("admit", ["all", "deadline"]).pipe(
    Flag.withDescription(
      "Which tasks are taken: all; deadline refuses those whose deadline cannot be promised; " +
        "default: all",
    ),
    Flag.withDefault("all"),
  ),
  late: Flag.Literals("late", ["run", "expire"]).pipe(
    Flag.withDescription(
      "Tasks whose deadline passes while they wait: run them, or end them; default: run",
    ),
    Flag.withDefault("run"),
  ),
  noShare: Flag.Boolean("no-share").pipe(
    Flag.withDescription(
      "Run every task by itself, also those that ask for the same; --faults and " +
        "--sweep imply it",
    ),
    Flag.withDefault(false),
  ),
  maxQueued: wholeFlag("max-queued", 1, limits.maxQueuedTasks).pipe(
    Flag.withDescription(
      `Tasks that may be there unended; a further one is refused; default: ${limits.maxQueuedTasks}`,
    ),
    Flag.withDefault(limits.maxQueuedTasks),
  ),
  maxQueuedBytes: bytesFlag("max-queued-bytes").pipe(
    Flag.filter(
      (value) => value <= limits.maxQueuedBytes,
      () => `at most ${limits.maxQueuedBytes} bytes`,
    ),
    Flag.withDescription(
      "Device memory that the waiting tasks may ask for, all together; beyond it a task is refused; " +
        `default: ${formatBytes(limits.maxQueuedBytes)}`,
    ),
    Flag.withDefault(limits.maxQueuedBytes),
  ),
  memory: memoryFlag,
  lanes: lanesFlag,
  out: outFlag.pipe(
    Flag.withDescription("Write report.json, report.html, trace.json and outputs/ here"),
    Flag.optional,
  ),
  faults: Flag.String("faults").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("Inject the faults of this plan (YAML or JSON)"),
    Flag.optional,
  ),
  allowOutside: Flag.Boolean("allow-outside").pipe(
    Flag.withDescription("Let the workload name files outside its own folder"),
    Flag.withDefault(false),
  ),
  iKnow: Flag.Boolean("i-know").pipe(
    Flag.withDescription("Allow --policy unsafe, which runs out of memory by design"),
    Flag.withDefault(false),
  ),
  quiet: quietFlag,
  format: formatFlag,
} as const

export type WorkloadFlags = Command.Command.Config.Infer<typeof workloadFlags>

export const checkUnsafe = (policies: ReadonlyArray<string>, iKnow: boolean): BadConfig | null =>
  iKnow || !policies.includes("unsafe")
    ? null
    : new BadConfig({
        file: "command line",
        path: "--policy",
        expected:
          "--i-know beside unsafe, a policy that runs out of memory to show why others do not",
        found: "unsafe alone",
      })

/** Threads that read files: loading is the only time they work at once. */
const prepThreads = 2

/** What the flags say of scheduling, as a runtime takes it. */
export const schedulingOptions = Effect.fnUntraced(function* (
  flags: WorkloadFlags,
  workload: Workload,
) {
  const refused = checkUnsafe([flags.policy], flags.iKnow)
  if (refused !== null) return yield* refused
  const taskIds = workload.tasks.map(({ id }) => id)
  const faults = Option.isSome(flags.faults)
    ? yield* readFaultFile(flags.faults.value, taskIds)
    : null
  return {
    policy: flags.policy,
    mode: flags.mode,
    preempt: !flags.noPreempt,
    lateTasks: flags.late,
    admit: flags.admit,
    shareWork: !flags.noShare && faults === null,
    allowUnsafe: flags.iKnow,
    maxQueuedTasks: flags.maxQueued,
    maxQueuedBytes: flags.maxQueuedBytes,
    tenants: workload.tenants,
    prepThreads,
    historyTasks: Math.max(1, workload.tasks.length),
    ...(Option.isSome(flags.memory) ? { memoryBytes: flags.memory.value } : {}),
    ...(Option.isSome(flags.lanes) ? { lanes: flags.lanes.value } : {}),
    ...(faults === null ? {} : { faults }),
  } satisfies RuntimeOptions
})
