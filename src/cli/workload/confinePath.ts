// Paths of a workload stay in the folder of its file, also through symbolic links, unless the
// person who runs it allows more: a workload may come from a stranger.
import { readdir, realpath } from "node:fs/promises"
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import { Effect } from "effect"
import { FileUnreadable, PathOutside } from "../../model/errors.ts"
import { systemReason } from "../../model/systemReason.ts"

export interface Confinement {
  /** The workload's file, for errors. */
  readonly file: string
  /** Its folder, absolute. */
  readonly folder: string
  readonly allowOutside: boolean
}

export const confinementOf = (file: string, allowOutside: boolean): Confinement => ({
  file,
  folder: dirname(resolve(file)),
  allowOutside,
})

const isInside = (root: string, path: string): boolean => {
  const way = relative(root, path)
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

const realPath = (path: string) =>
  Effect.tryPromise({
    try: () => realpath(path),
    catch: (cause) => new FileUnreadable({ file: path, reason: systemReason(cause) }),
  })

const checkReal = (confinement: Confinement, path: string) =>
  Effect.gen(function* () {
    const root = yield* realPath(confinement.folder)
    const real = yield* realPath(path)
    if (!isInside(root, real)) {
      return yield* new PathOutside({ file: confinement.file, path: real, root })
    }
  })

/** The absolute path of something the workload names; it must be there. */
export const confinePath = Effect.fnUntraced(function* (
  confinement: Confinement,
  path: string,
): Effect.fn.Return<string, PathOutside | FileUnreadable> {
  const { file, folder, allowOutside } = confinement
  const absolute = resolve(folder, path)
  if (allowOutside) {
    yield* realPath(absolute)
    return absolute
  }
  // Before the file system is asked: whether a file outside is there is nobody's business.
  if (!isInside(folder, absolute)) return yield* new PathOutside({ file, path, root: folder })
  yield* checkReal(confinement, absolute)
  return absolute
})

/** A folder, and each thing in it: a link inside may lead out too. */
export const confineFolder = Effect.fnUntraced(function* (
  confinement: Confinement,
  path: string,
): Effect.fn.Return<string, PathOutside | FileUnreadable> {
  const folder = yield* confinePath(confinement, path)
  const entries = yield* Effect.tryPromise({
    try: () => readdir(folder, { withFileTypes: true }),
    catch: (cause) => new FileUnreadable({ file: folder, reason: systemReason(cause) }),
  })
  if (confinement.allowOutside) return folder
  for (const entry of entries) {
    if (entry.isSymbolicLink()) yield* checkReal(confinement, join(folder, entry.name))
  }
  return folder
})
