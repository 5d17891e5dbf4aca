// An edge list as SNAP publishes them: a line an edge, source and target by their ids and perhaps a
// weight, parted by blanks or a comma; lines that begin with # or % say nothing, nor does a first
// line of names. Edges stand as they stand in the file.
import { IndexOverflow } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import type { ByteSource } from "../byteSource.ts"
import { EdgeBuffer, type Edges } from "./EdgeBuffer.ts"
import { TextCursor } from "./TextCursor.ts"

const comments = new Set([35, 37])

const isName = (byte: number): boolean => /["'A-Z_a-z]/.test(String.fromCharCode(byte))

const readId = (text: TextCursor, max: number): number => {
  const id = text.readWhole("a node id, a whole number from 0")
  if (id <= max) return id
  const what = `the node id in line ${text.line}`
  throw new IndexOverflow({ file: text.file, what, value: id, limit: max })
}

/** All edges; the first says whether there are weights. */
const readLines = (text: TextCursor, maxId: number): EdgeBuffer => {
  const isThere = text.seekEntry(comments)
  if (isThere && isName(text.peek())) text.skipLine()
  let edges: EdgeBuffer | null = null
  while (text.seekEntry(comments)) {
    const source = readId(text, maxId)
    text.seekValue()
    const target = readId(text, maxId)
    const hasWeight = text.seekValue()
    edges ??= new EdgeBuffer(text.file, hasWeight)
    const isWeighted = edges.weights !== null
    if (hasWeight !== isWeighted) {
      throw text.refuse(isWeighted ? "a weight, as before" : "the end of the line, as before")
    }
    const weight = isWeighted ? text.readFloat("a weight, a number") : 1
    text.endLine()
    edges.push(source, target, weight)
  }
  return edges ?? new EdgeBuffer(text.file, false)
}

const countNodes = (ends: Int32Array): number => {
  let most = -1
  for (const end of ends) if (end > most) most = end
  return most + 1
}

/** The ids that occur, ascending, become 0, 1, 2 …; answers how many there are. */
const renumber = (ends: Int32Array): number => {
  const ids = ends.slice().sort()
  let count = 0
  for (const id of ids) if (count === 0 || id !== ids[count - 1]) ids[count++] = id
  if (count === 0) return 0
  // An id is looked for among those with its upper bits: there are up to twice as many as ids.
  const shift = Math.max(0, Math.clz32(count) - Math.clz32(ids[count - 1]!))
  const firstOf = new Int32Array((ids[count - 1]! >> shift) + 2)
  for (let i = 0; i < count; i++) firstOf[(ids[i]! >> shift) + 1] = i + 1
  for (let i = 1; i < firstOf.length; i++) firstOf[i] = Math.max(firstOf[i]!, firstOf[i - 1]!)
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!
    let low = firstOf[end >> shift]!
    let high = firstOf[(end >> shift) + 1]! - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (ids[middle]! < end) low = middle + 1
      else high = middle
    }
    ends[i] = low
  }
  return count
}

/** Without `compact` there are as many nodes as the largest id and one. */
export const readEdgeList = (source: ByteSource, compact: boolean): Edges => {
  const text = new TextCursor(source)
  const maxId = compact ? limits.maxIndex : limits.maxTextNodes - 1
  const { edgeIndex, edgeWeight } = readLines(text, maxId).edges(0)
  const numNodes = compact ? renumber(edgeIndex) : countNodes(edgeIndex)
  return { numNodes, edgeIndex, edgeWeight }
}
