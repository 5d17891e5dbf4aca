// A graph by its path and what is written beside it, on the command line or in a workload: the name
// says of which kind it is, and so which words it takes.
import { Result } from "effect"
import type { FeatureRule, GraphSource } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { featureForms } from "../prep/formats/featureRule.ts"
import { textKind } from "../prep/formats/textGraph.ts"

/** A folder or a file. */
export const pathForms = "a graph folder or a .mtx, .txt, .csv or .tsv file (also with .gz)"

export const featureWords = `${featureForms}; of a TU folder: labels`

export interface GraphWords {
  readonly features?: string | number | undefined
  /** Of random features. */
  readonly seed?: number | undefined
  readonly undirected?: boolean | undefined
  readonly compact?: boolean | undefined
}

/** A word that is wrong or missing, and what would be right. */
export interface WordProblem {
  readonly key: keyof GraphWords
  readonly expected: string
}

const wholeFrom = (text: string, least: number, most: number): number | null => {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= least && value <= most ? value : null
}

/** `64`, `ones`, `identity`, `degree:64` or `labels`; null for anything else. */
export const parseFeatures = (words: string | number, seed: number): FeatureRule | null => {
  const text = `${words}`
  if (text === "ones" || text === "identity" || text === "labels") return { kind: text }
  const degree = /^degree:(.*)$/.exec(text)
  if (degree !== null) {
    const most = wholeFrom(degree[1]!, 0, limits.maxFeatureWidth - 1)
    return most === null ? null : { kind: "degree", most }
  }
  const width = wholeFrom(text, 1, limits.maxFeatureWidth)
  return width === null ? null : { kind: "random", width, seed }
}

const problem = (key: keyof GraphWords, expected: string) => Result.fail({ key, expected })

/** Whether the path is of one file; else it is of a folder. */
export const isGraphFile = (path: string): boolean => textKind(path) !== null

export const pathSource = (
  path: string,
  words: GraphWords,
): Result.Result<GraphSource, WordProblem> => {
  const { undirected, compact } = words
  const kind = textKind(path)
  const features =
    words.features === undefined ? undefined : parseFeatures(words.features, words.seed ?? 0)
  if (features === null) return problem("features", featureWords)
  if (compact === true && kind !== "edgeList") {
    return problem("compact", "an edge list (.txt, .csv or .tsv) beside it")
  }
  if (kind === null) {
    if (undirected === true) return problem("undirected", `a file beside it, not a folder`)
    return Result.succeed({ kind: "folder", path, ...(features === undefined ? {} : { features }) })
  }
  if (features === undefined) return problem("features", featureForms)
  return Result.succeed({
    kind,
    path,
    features,
    ...(undirected === true ? { undirected } : {}),
    ...(compact === true ? { compact } : {}),
  })
}
