// The code of a worker thread: plain functions behind one dispatcher. It never throws: an error is
// part of the reply, so that a rejected job always means a lost worker.
import { toPlain } from "../model/plainError.ts"
import { gcnScale, gcnSelfWeight } from "./gcnNorm.ts"
import { loadGraph, readGraphShape } from "./loadGraph.ts"
import { loadGnnModel, readModelConfig } from "./model/loadModel.ts"
import { packWeights } from "./model/packWeights.ts"
import { extractNeighbourhood } from "./neighbourhood.ts"
import type { PrepEnvelope, PrepJob, PrepReply } from "./prepJob.ts"
import { targetResident } from "./residentObjects.ts"
import { buildRowWork } from "./rowWork.ts"

const exitStatus = 70

const crash = (): never => process.exit(exitStatus)

const hang = (): never => {
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (;;) Atomics.wait(never, 0, 0)
}

const run = (job: PrepJob): unknown => {
  switch (job.kind) {
    case "graphShape":
      return readGraphShape(job.input)
    case "modelConfig":
      return readModelConfig(job.input)
    case "loadGraph":
      return loadGraph(job.input)
    case "loadModel":
      return loadGnnModel(job.input)
    case "gcnScale":
      return gcnScale(job.input.graph, job.input.fill)
    case "gcnSelfWeight":
      return gcnSelfWeight(job.input.graph, job.input.fill)
    case "rowWork":
      return buildRowWork(job.input)
    case "packWeights":
      return packWeights(job.input)
    case "targets":
      return targetResident(job.input)
    case "neighbourhood":
      return extractNeighbourhood(job.input)
    case "crash":
      return crash()
    case "hang":
      return hang()
  }
}

const prepWorker = ({ job, taken }: PrepEnvelope): PrepReply => {
  Atomics.store(taken, 0, 1)
  try {
    return { kind: "done", value: run(job) }
  } catch (thrown) {
    const error = toPlain(thrown)
    if (error !== null) return { kind: "failed", error }
    return { kind: "broken", reason: thrown instanceof Error ? thrown.message : `${thrown}` }
  }
}

export default prepWorker
