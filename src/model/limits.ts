// Every bound of the system, named, in one place. A request beyond one of them is answered with a
// typed error that carries the number; nothing grows without end.

export const limits = {
  /** Nodes, edges and stored feature entries are indexed by int32 on every device. */
  maxIndex: 2 ** 31 - 1,
  /** Columns of one feature or hidden matrix. */
  maxFeatureWidth: 1 << 16,
  /** Layers of one network. */
  maxLayers: 128,
  /** Propagation steps of SGC and APPNP: alpha 0.1 leaves under 1e-11 of the start after as many. */
  maxPropagations: 256,
  /** Attention heads of one layer. */
  maxHeads: 64,
  /** Graphs of one disjoint union, empty ones included. */
  maxGraphsInUnion: 1 << 26,
  /** Bytes of the text header of a .npy file. */
  maxNpyHeaderBytes: 64 * 1024,
  /** Members of one .npz archive. */
  maxArchiveMembers: 4096,
  /** Bytes one member of an archive may inflate to: as many float32 or int32 as can be indexed. */
  maxArchiveMemberBytes: 4 * 2 ** 31,
  /** Bytes a gzip text may inflate to: com-Orkut, 117 million edges, has 1.8 GB. */
  maxInflatedTextBytes: 2 ** 31,
  /** Bytes of one number in a text. */
  maxNumberBytes: 256,
  /** Nodes of a graph in a text file, where ten bytes may name any: com-Friendster needs 124,836,180. */
  maxTextNodes: 1 << 27,
  /** Bytes of a safetensors JSON header. */
  maxSafetensorsHeaderBytes: 100 * 1024 * 1024,
  /** Bytes of a workload, model-configuration or fault-plan file. */
  maxConfigFileBytes: 16 * 1024 * 1024,
  /** Bytes of a trace of arrivals. */
  maxTraceBytes: 256 * 1024 * 1024,
  /** Tasks of one workload file after `count` is expanded. */
  maxWorkloadTasks: 1_000_000,
  /** Clients of one kind of task in a closed loop. */
  maxClients: 10_000,
  /** Tasks that may wait in the queue before submission is refused. */
  maxQueuedTasks: 100_000,
  /** What all tasks that wait would take of a device, each alone. */
  maxQueuedBytes: 2 ** 44,
  /** Tenants of one runtime. */
  maxTenants: 10_000,
  /** Graphs and models that one runtime keeps. */
  maxGraphs: 10_000,
  maxModels: 10_000,
  /** Target nodes of one task. */
  maxTargets: 10_000_000,
  /** Target lists up to this long are checked in the calling thread: a worker costs more. */
  maxInlineTargets: 65_536,
  /** Tasks that one run answers. */
  sharedTasks: 1024,
  /** Bytes of the answers that a run copies for those that asked for the same. */
  sharedAnswerBytes: 256 * 2 ** 20,
  /** Bytes of a task, weights apart, that may run beside others as one; and of all of them. */
  smallTaskBytes: 2 ** 20,
  mergedBytes: 4 * 2 ** 20,
  /** Predicted length of such a run, as the sum of its parts. */
  mergedMs: 20,
  /** A neighbourhood of this many nodes and edges is looked up in the calling thread. */
  maxInlineVisited: 16_384,
  /** Of these a report keeps the list, so that it can be replayed; of more their number. */
  maxReportedTargets: 1024,
  /** Bytes of a report that is read again. */
  maxReportBytes: 500 * 1000 * 1000,
  /** Bytes of a cpu device's pool that are touched before the first run. */
  warmPoolBytes: 2 ** 30,
  /** Lanes of one device. */
  maxLanes: 64,
  /** GPUs of one machine. */
  maxGpus: 64,
  /** Piscina threads of one runtime. */
  maxPrepThreads: 64,
  /** Messages that wait in an actor's mailbox. */
  mailboxCapacity: 4096,
  /** Times a task is run again after a transient fault. */
  maxRetries: 1,
  /** Times a running task gives its lane to a more urgent one. */
  maxPreemptions: 8,
  /** Times a lost lane is started again before it is given up. */
  maxLaneRestarts: 8,
  /** Ended tasks that a runtime keeps for its report unless told otherwise, and at most. */
  historyTasks: 10_000,
  maxHistoryTasks: 1_000_000,
  /** Decisions, and changes of the pool, kept for each of them. */
  decisionsPerTask: 4,
  memoryEventsPerTask: 8,
  /** Plans kept for reuse by (model, graph shape). */
  planCacheEntries: 1024,
  /** Tasks' smaller plans kept for reuse: hundreds of operators each. */
  frontierCacheEntries: 64,
  /** Plans that one task may choose from. */
  maxPlansPerTask: 6,
  /** Operators of a plan that works part by part. */
  maxPlanOps: 4096,
  /** Host memory that one task may take for what the device has no room for. */
  maxSpillBytes: 16 * 2 ** 30,
  /** A preparation job that takes longer is ended and its worker replaced. */
  prepTimeoutMs: 120_000,
  /** Least bytes a device's pool may have. */
  minBudgetBytes: 4096,
} as const
