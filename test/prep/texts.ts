// Helpers of the tests of text formats: sources from literal texts, edges as people read them.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { bytesSource } from "../../src/prep/byteSource.ts"
import type { Edges } from "../../src/prep/formats/EdgeBuffer.ts"
import { temporaryFolder } from "./files.ts"

export const textSource = (text: string, file = "g.txt") => bytesSource(Buffer.from(text), file)

/** "source>target", or "source>target:weight", in their order. */
export const shown = ({ edgeIndex, edgeWeight }: Edges): ReadonlyArray<string> => {
  const count = edgeIndex.length / 2
  return Array.from({ length: count }, (_, edge) => {
    const ends = `${edgeIndex[edge]}>${edgeIndex[count + edge]}`
    return edgeWeight === null ? ends : `${ends}:${edgeWeight[edge]}`
  })
}

/** The path of a new file. */
export const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}
