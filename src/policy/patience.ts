// How long `slo` lets a task wait behind later ones, and what it wants to spare before a target.
import type { WaitingTask } from "../model/Snapshot.ts"

/** A target is at risk when less than this part of it would be to spare: predictions err. */
export const sparePart = 0.1
export const patienceMs = 10_000
export const patienceFactor = 50
/** Of so many starts one is the oldest's, where it has lost patience. */
export const patienceTurn = 4

export const patienceOf = ({ predictedMs }: WaitingTask): number =>
  patienceMs + patienceFactor * predictedMs
