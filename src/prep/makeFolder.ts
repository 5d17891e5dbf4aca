// A folder with its parents, one level at a time: Node's own recursive mkdir never returns where a
// parent cannot be made and says so with ENOENT, as below /proc.
import { existsSync, mkdirSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"

/** Answers the folders that were not there before, the innermost first. */
export const makeFolder = (path: string): ReadonlyArray<string> => {
  const made: Array<string> = []
  const missing: Array<string> = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) if (makeOne(folder)) made.unshift(folder)
  if (missing.length === 0) makeOne(path)
  return made
}

/** False when it is there already, as a folder. */
const makeOne = (folder: string): boolean => {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return false
    throw error
  }
}
