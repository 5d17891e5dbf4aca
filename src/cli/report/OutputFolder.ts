// The folder of `--out`. Everything is written aside first and moved into place at the end, so that
// a reader never meets half a file and an interrupted run leaves the last one as it was.
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Effect, type Scope } from "effect"
import { FileUnwritable } from "../../model/errors.ts"
import { systemReason } from "../../model/systemReason.ts"
import { makeFolder } from "../../prep/makeFolder.ts"

export interface OutputFolder {
  /** Absolute. */
  readonly folder: string
  /** Writes `outputs/<name>`, aside. */
  readonly stageOutput: (name: string, bytes: Uint8Array) => Effect.Effect<void, FileUnwritable>
  /** Writes a file of the folder itself, aside; texts are joined. */
  readonly stageText: (name: string, texts: Iterable<string>) => Effect.Effect<void, FileUnwritable>
  /** Moves all of it into place; outputs of an earlier run that are not of this one go. */
  readonly publish: Effect.Effect<void, FileUnwritable>
}

/** Characters that are written at a time. */
const chunkLength = 1 << 20

const writing = <A>(file: string, run: () => Promise<A>): Effect.Effect<A, FileUnwritable> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new FileUnwritable({ file, reason: systemReason(cause) }),
  })

const writeAll = async (file: string, chunks: Iterable<Uint8Array | string>): Promise<void> => {
  const handle = await open(file, "w")
  try {
    for (const chunk of chunks) {
      await (typeof chunk === "string" ? handle.writeFile(chunk) : handle.writeFile(chunk))
    }
  } finally {
    await handle.close()
  }
}

/** Few large texts out of many small ones. */
function* gather(texts: Iterable<string>): Iterable<string> {
  let held = ""
  for (const text of texts) {
    held += text
    if (held.length < chunkLength) continue
    yield held
    held = ""
  }
  yield held
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (cause) => {
      if (cause.code === "ENOENT") return false
      throw cause
    },
  )

/** Names of outputs that the folder's report.json lists: ours to remove. */
const earlierOutputs = async (
  folder: string,
  nameOf: (taskId: string) => string,
): Promise<ReadonlyArray<string>> => {
  const file = join(folder, "report.json")
  if (!(await exists(file))) return []
  try {
    const report = JSON.parse(await readFile(file, "utf8")) as { readonly tasks?: unknown }
    const tasks: ReadonlyArray<{ id?: unknown }> = Array.isArray(report.tasks) ? report.tasks : []
    const ids = tasks.map((task) => task?.id).filter((id) => typeof id === "string")
    return ids.map(nameOf).filter((name) => !/[/\\\0]/.test(name))
  } catch {
    // Not a report of ours: then no output here is ours either, and nothing is removed.
    return []
  }
}

const publishFiles = async (
  folder: string,
  staging: string,
  nameOf: (taskId: string) => string,
): Promise<void> => {
  const outputs = join(folder, "outputs")
  const staged = new Set(await readdir(join(staging, "outputs")))
  // A simulation has none.
  if (staged.size > 0) makeFolder(outputs)
  const earlier = await earlierOutputs(folder, nameOf)
  // First of all: a run that is killed from here on leaves no report that looks complete.
  await rm(join(folder, "report.json"), { force: true })
  for (const name of earlier) {
    if (!staged.has(name)) await rm(join(outputs, name), { force: true })
  }
  for (const name of staged) await rename(join(staging, "outputs", name), join(outputs, name))
  const files = (await readdir(staging)).filter((name) => name !== "outputs")
  // report.json last: once it is there, all it speaks of is there.
  files.sort((a, b) => Number(a === "report.json") - Number(b === "report.json"))
  for (const name of files) await rename(join(staging, name), join(folder, name))
}

interface Staging {
  readonly staging: string
  /** Folders that were made for it, the innermost first. */
  readonly made: ReadonlyArray<string>
}

const makeStaging = async (folder: string): Promise<Staging> => {
  const made = makeFolder(folder)
  const staging = await mkdtemp(join(folder, ".partial-"))
  await mkdir(join(staging, "outputs"))
  return { staging, made }
}

const removeStaging = async ({ staging, made }: Staging): Promise<void> => {
  // A write that was interrupted may still be on its way and put its file there meanwhile.
  await rm(staging, { recursive: true, force: true, maxRetries: 8, retryDelay: 10 })
  for (const folder of made) {
    if ((await readdir(folder)).length > 0) return
    await rmdir(folder)
  }
}

/** Fails at once when the folder cannot be written, before anything runs. */
export const openOutputFolder = (
  path: string,
  nameOf: (taskId: string) => string,
): Effect.Effect<OutputFolder, FileUnwritable, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = resolve(path)
    const { staging } = yield* Effect.acquireRelease(
      writing(folder, () => makeStaging(folder)),
      (made) => Effect.promise(() => removeStaging(made)),
    )
    return {
      folder,
      stageOutput: (name, bytes) =>
        writing(join(folder, "outputs", name), () =>
          writeAll(join(staging, "outputs", name), [bytes]),
        ),
      stageText: (name, texts) =>
        writing(join(folder, name), () => writeAll(join(staging, name), gather(texts))),
      publish: writing(folder, () => publishFiles(folder, staging, nameOf)),
    }
  })
