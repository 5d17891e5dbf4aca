// A typed, seeded plan of faults: which tasks are hurt, how, and how often. The wrappers of the
// device and the prep pool obey it; nothing else knows of it.

interface FaultTarget {
  /** A task id, or a prefix that ends in `*`; null hits any task. */
  readonly task: string | null
  /** How many attempts in all this fault hits; a retried task counts again. */
  readonly times: number
  /** Chance in [0, 1] that a matching attempt is hit, drawn from the plan's seed. */
  readonly probability: number
}

/** An attempt's grant is refused with DeviceOutOfMemory. */
export interface AllocationFault extends FaultTarget {
  readonly kind: "allocation"
  readonly transient: boolean
}

/** The op (by index, or by name when a string) fails after those before it have run. */
export interface OpFault extends FaultTarget {
  readonly kind: "op"
  readonly op: number | string
  readonly transient: boolean
}

/** The lane waits this long before the op. */
export interface DelayFault extends FaultTarget {
  readonly kind: "delay"
  readonly op: number | string
  readonly delayMs: number
}

/** A worker thread really exits, or really stops answering, on the task's preparation. */
export interface PrepFault extends FaultTarget {
  readonly kind: "prep-crash" | "prep-hang"
  readonly transient: boolean
}

/** The lane is lost before the op; the executor must be started again. */
export interface LaneFault extends FaultTarget {
  readonly kind: "lane"
  readonly op: number | string
}

export type Fault = AllocationFault | OpFault | DelayFault | PrepFault | LaneFault

export interface FaultPlan {
  readonly seed: number
  readonly faults: ReadonlyArray<Fault>
}
