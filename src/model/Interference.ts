// How co-located tasks slow each other, as plain data; src/cost/interference.ts says what it means.

export type InterferenceModel =
  | { readonly kind: "shares" }
  | { readonly kind: "fitted"; readonly memory: number; readonly core: number }

export const shares: InterferenceModel = { kind: "shares" }
