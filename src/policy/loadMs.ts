// How long it takes to bring what is not on the device yet.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"

/** In milliseconds, were the link free and nothing of it on the way. */
export const loadMs = (
  residents: WaitingTask["residents"],
  { loadBytesPerMs, memory }: Snapshot,
): number => {
  let missing = 0
  for (const { bytes, key } of residents) if (!memory.residents.has(key)) missing += bytes
  return missing / loadBytesPerMs
}
