// From where a graph lies to its shape, or to the Graph itself.
import { Unsupported } from "../model/errors.ts"
import type { Graph, GraphShape, GraphSource } from "../model/Graph.ts"
import { arraysShape, loadArrays } from "./graphArrays.ts"
import { folderShape, loadFolder } from "./graphFolder.ts"
import { generatePreset } from "./presets/generatePreset.ts"
import { presetShape } from "./presets/presetShape.ts"

/** Nothing of the graph's size is read: file headers, array lengths, or a preset's formula. */
export const readGraphShape = (source: GraphSource): GraphShape => {
  switch (source.kind) {
    case "folder":
      return folderShape(source.path)
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
    case "folder":
      return loadFolder(source.path)
    case "preset":
      return generatePreset(source)
    case "arrays":
      return loadArrays(source)
    case "shape":
      throw new Unsupported({
        file: source.name,
        path: "",
        found: "a graph of which only the shape is known",
        supported: "a graph folder, a preset, or arrays; a shape can be simulated",
      })
  }
}
