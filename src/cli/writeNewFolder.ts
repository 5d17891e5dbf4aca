// A graph written as a folder of its own, for the commands that make one.
import { readdir } from "node:fs/promises"
import { resolve } from "node:path"
import { Effect } from "effect"
import { Flag } from "effect/cli"
import { FileUnwritable } from "../model/errors.ts"
import type { Graph } from "../model/Graph.ts"
import { systemReason } from "../model/systemReason.ts"
import { writeGraphFolder } from "../prep/writeGraphFolder.ts"
import { attemptSync } from "./attempt.ts"
import type { GnnschedError } from "./describeError.ts"
import { outFlag } from "./flags.ts"
import { print, printJson } from "./terminal.ts"
import { formatCount } from "./units.ts"

export const newFolderFlag = outFlag.pipe(
  Flag.withDescription("The folder to write; it must be new or empty"),
)

/** Files of another graph must not lie beside the new ones: readers would take both as one. */
const checkEmpty = (folder: string) =>
  Effect.tryPromise({
    try: () =>
      readdir(folder).catch((cause) => {
        if (cause.code === "ENOENT") return []
        throw cause
      }),
    catch: (cause) => new FileUnwritable({ file: folder, reason: systemReason(cause) }),
  }).pipe(
    Effect.flatMap((entries) =>
      entries.length === 0
        ? Effect.void
        : new FileUnwritable({ file: folder, reason: "the folder is not empty" }),
    ),
  )

/** `made` says in JSON what the graph is of. */
export const writeNewFolder = Effect.fnUntraced(function* <R>(
  load: Effect.Effect<Graph, GnnschedError, R>,
  options: {
    readonly out: string
    readonly format: "table" | "json"
    readonly made: Readonly<Record<string, unknown>>
  },
) {
  const folder = resolve(options.out)
  yield* checkEmpty(folder)
  const graph = yield* load
  yield* attemptSync(() => writeGraphFolder(graph, folder))
  const { shape, contentId } = graph
  if (options.format === "json") {
    return yield* printJson({ folder, ...options.made, contentId, ...shape })
  }
  yield* print(
    `${folder}: ${formatCount(shape.numNodes)} nodes, ${formatCount(shape.numEdges)} edges, ` +
      `${formatCount(shape.featureWidth)} features` +
      (shape.numGraphs === null ? "" : `, ${formatCount(shape.numGraphs)} graphs`),
  )
})
