// Writes what a run leaves behind into its folder: report.json, trace.json and report.html beside
// the outputs that are there already.
import { Effect } from "effect"
import type { FileUnwritable } from "../../model/errors.ts"
import { jsonLines } from "./jsonLines.ts"
import type { OutputFolder } from "./OutputFolder.ts"
import type { NamedReport } from "./RunInputs.ts"
import { reportHtml } from "./reportHtml.ts"
import { reportJson } from "./reportJson.ts"
import { traceOf } from "./trace.ts"

/** The files it writes. */
export const reportFiles = ["trace.json", "report.html", "report.json"] as const

export const writeReport = Effect.fnUntraced(function* (
  folder: OutputFolder,
  title: string,
  report: NamedReport,
): Effect.fn.Return<void, FileUnwritable> {
  yield* folder.stageText("trace.json", jsonLines(traceOf(report)))
  yield* folder.stageText("report.html", [reportHtml(title, report)])
  yield* folder.stageText("report.json", jsonLines(reportJson(report)))
  yield* folder.publish
})
