// The folder of --out: all or nothing, nothing stale, and refused before the run when it cannot be.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { type OutputFolder, openOutputFolder } from "../../src/cli/report/OutputFolder.ts"
import { outputName } from "../../src/cli/workload/Workload.ts"

const root = mkdtempSync(join(tmpdir(), "gnnsched-out-"))
let folder = ""
let next = 0

beforeEach(() => {
  folder = join(root, `out-${next++}`)
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

const use = <E>(act: (out: OutputFolder) => Effect.Effect<void, E>) =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(openOutputFolder(folder, outputName), act)))

const reportOf = (...ids: ReadonlyArray<string>): ReadonlyArray<string> => [
  JSON.stringify({ tasks: ids.map((id) => ({ id })) }),
]

describe("the output folder", () => {
  it("shows nothing until it is published, then everything", async () => {
    await use((out) =>
      Effect.gen(function* () {
        yield* out.stageOutput("t.npy", Uint8Array.of(1, 2, 3))
        yield* out.stageText("report.json", reportOf("t"))
        expect(existsSync(join(folder, "report.json"))).toBe(false)
        expect(existsSync(join(folder, "outputs"))).toBe(false)
        yield* out.publish
      }),
    )
    expect(readdirSync(folder).sort()).toEqual(["outputs", "report.json"])
    expect([...readFileSync(join(folder, "outputs/t.npy"))]).toEqual([1, 2, 3])
  })

  it("leaves no trace when the run does not come to its end, parents included", async () => {
    const parent = folder
    folder = join(parent, "a/b")
    await use((out) => out.stageOutput("t.npy", Uint8Array.of(1)))
    expect(existsSync(parent)).toBe(false)
  })

  it("has no report while outputs of two runs lie side by side", async () => {
    const publish = use((out) =>
      Effect.andThen(out.stageText("report.json", reportOf("t")), out.publish),
    )
    await publish
    // A folder where an output must go stops the second run in the middle of its move.
    mkdirSync(join(folder, "outputs/t.npy"), { recursive: true })
    await use((out) =>
      out.stageOutput("t.npy", Uint8Array.of(1)).pipe(
        Effect.andThen(out.stageText("report.json", reportOf("t"))),
        Effect.andThen(Effect.result(out.publish)),
        Effect.map((result) => expect(Result.isFailure(result)).toBe(true)),
      ),
    )
    expect(existsSync(join(folder, "report.json"))).toBe(false)
  })

  it("removes outputs of the last run that are not of this one, and nothing else", async () => {
    const publish = (id: string) =>
      use((out) =>
        out
          .stageOutput(outputName(id), Uint8Array.of(1))
          .pipe(
            Effect.andThen(out.stageText("report.json", reportOf(id))),
            Effect.andThen(out.publish),
          ),
      )
    await publish("old/0")
    writeFileSync(join(folder, "outputs/mine.npy"), "")
    await publish("new")
    expect(readdirSync(join(folder, "outputs")).sort()).toEqual(["mine.npy", "new.npy"])
  })

  it("removes nothing in a folder whose report.json is not a report", async () => {
    mkdirSync(join(folder, "outputs"), { recursive: true })
    writeFileSync(join(folder, "report.json"), "not json")
    writeFileSync(join(folder, "outputs/mine.npy"), "")
    await use((out) => out.publish)
    expect(readdirSync(join(folder, "outputs"))).toEqual(["mine.npy"])
  })

  it("is refused where a file is in the way", async () => {
    writeFileSync(folder, "a file")
    const result = await Effect.runPromise(
      Effect.scoped(Effect.result(openOutputFolder(folder, outputName))),
    )
    expect(Result.isFailure(result) && result.failure).toMatchObject({
      _tag: "FileUnwritable",
      file: folder,
    })
  })

  it.runIf(process.platform === "linux")("is refused below /proc, and does not hang", async () => {
    folder = "/proc/no-such-thing/out"
    const result = await Effect.runPromise(
      Effect.scoped(Effect.result(openOutputFolder(folder, outputName))),
    )
    expect(Result.isFailure(result) && result.failure).toMatchObject({ _tag: "FileUnwritable" })
  })

  it("joins texts of any size", async () => {
    const line = "x".repeat(1000)
    await use((out) =>
      Effect.andThen(out.stageText("trace.json", Array(3000).fill(line)), out.publish),
    )
    expect(readFileSync(join(folder, "trace.json"), "utf8")).toHaveLength(3_000_000)
  })
})
