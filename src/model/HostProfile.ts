// What the runtime itself costs on the machine of a cpu device: its threads run on the cores that the
// lanes run on as well. Fitted by `calibrate` from runs of the whole runtime, for simulations.

export interface HostProfile {
  /** Cores that lanes and host share. */
  readonly cores: number
  /** Runtime thread, milliseconds before the first task is taken in: scripts are not yet compiled. */
  readonly warmUpMs: number
  /** Runtime thread, milliseconds for each task: from its submission until it is ready. */
  readonly takeInMs: number
  /** Runtime thread, milliseconds for each operator of the smaller plans that a task is given. */
  readonly planOpMs: number
  /** Runtime thread, milliseconds for each object that it has a worker make. */
  readonly orderMs: number
  /** Runtime thread, milliseconds for each object that is brought to the device. */
  readonly uploadMs: number
  /** Preparation worker, milliseconds for each object that it makes: weights packed, norms, lists. */
  readonly makeMs: number
  /** Processor time of all host threads over that of those that are waited for; at least 1. */
  readonly helpers: number
}
