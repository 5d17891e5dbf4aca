// The coefficients of a fitted profile.
import type { OpKind } from "../model/Op.ts"
import type { CacheSizes } from "./opFeatures.ts"

/** What `calibrate` found on one device: nanoseconds of each count of `opFeatures`. */
export interface FittedTimes {
  readonly caches: CacheSizes
  /** By operator kind, in the order of `featureNames`; a kind that never ran goes by the roofline. */
  readonly nanoseconds: Readonly<Partial<Record<OpKind, ReadonlyArray<number>>>>
}
