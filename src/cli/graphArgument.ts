// A graph as the command line names it: the path of a folder, or `preset:NAME`.
import type { GraphSource } from "../model/Graph.ts"

export const graphForms = "the path of a graph folder, or preset:NAME"

export const graphSourceOf = (
  text: string,
  preset: { readonly seed: number; readonly scale: number },
): GraphSource =>
  text.startsWith("preset:")
    ? { kind: "preset", preset: text.slice("preset:".length), ...preset }
    : { kind: "folder", path: text }
