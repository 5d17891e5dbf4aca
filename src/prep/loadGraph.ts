// From where a graph lies to its shape, or to the Graph itself.
import { BadConfig, Unsupported } from "../model/errors.ts"
import type { Graph, GraphShape, GraphSource } from "../model/Graph.ts"
import { loadText, textShape } from "./formats/textGraph.ts"
import { findTuSet, loadTu, tuShape } from "./formats/tuFolder.ts"
import { arraysShape, loadArrays } from "./graphArrays.ts"
import { folderShape, loadFolder } from "./graphFolder.ts"
import { generatePreset } from "./presets/generatePreset.ts"
import { presetShape } from "./presets/presetShape.ts"

type FolderSource = Extract<GraphSource, { readonly kind: "folder" }>

/** The TU data set in a folder; null: it is one of arrays, whose features are its own. */
const tuSetOf = ({ path, features }: FolderSource): string | null => {
  const set = findTuSet(path)
  if (set !== null || features === undefined) return set
  const expected = "none: a folder of .npy files has features of its own"
  throw new BadConfig({ file: path, path: "features", expected, found: features.kind })
}

/** Headers, array lengths, a preset's formula; text files are read through, their values checked. */
export const readGraphShape = (source: GraphSource): GraphShape => {
  switch (source.kind) {
    case "folder": {
      const set = tuSetOf(source)
      return set === null ? folderShape(source.path) : tuShape(set, source.features)
    }
    case "matrixMarket":
    case "edgeList":
      return textShape(source)
    case "preset":
      return presetShape(source)
    case "arrays":
      return arraysShape(source)
    case "shape":
      return source.shape
  }
}

export const loadGraph = (source: GraphSource): Graph => {
  switch (source.kind) {
    case "folder": {
      const set = tuSetOf(source)
      return set === null ? loadFolder(source.path) : loadTu(set, source.features)
    }
    case "matrixMarket":
    case "edgeList":
      return loadText(source)
    case "preset":
      return generatePreset(source)
    case "arrays":
      return loadArrays(source)
    case "shape":
      throw new Unsupported({
        file: source.name,
        path: "",
        found: "a graph of which only the shape is known",
        supported: "a folder, a file, a preset, or arrays; a shape can be simulated",
      })
  }
}
