// Runs the tinybench suites and writes one JSON with the machine, the command and the spread.
//   node bench/run.ts [--smoke] [--suite latency,decision,…] [--out FILE]
import { mkdirSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, release } from "node:os"
import { dirname } from "node:path"
import { parseArgs } from "node:util"
import { decisionSuite } from "./decision/decision.bench.ts"
import { latencySuite } from "./latency.bench.ts"
import { mailboxSuite } from "./mailbox.bench.ts"
import { planSuite } from "./plan.bench.ts"
import type { Suite, SuiteResult } from "./suite.ts"

export const suites: Readonly<Record<string, Suite>> = {
  latency: latencySuite,
  decision: decisionSuite,
  mailbox: mailboxSuite,
  plan: planSuite,
}

const machine = () => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  kernel: release(),
  node: process.version,
})

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      smoke: { type: "boolean", default: false },
      suite: { type: "string" },
      out: { type: "string" },
    },
  })
  const names = values.suite?.split(",") ?? Object.keys(suites)
  const results: Array<SuiteResult> = []
  for (const name of names) {
    const suite = suites[name]
    if (suite === undefined)
      throw new Error(`no suite "${name}": ${Object.keys(suites).join(", ")}`)
    const result = await suite({ smoke: values.smoke })
    results.push(result)
    console.log(`\n${result.suite}`)
    console.table(
      Object.fromEntries(
        result.rows.map(({ name: row, ...figures }) => [
          row,
          Object.fromEntries(
            Object.entries(figures).map(([k, v]) => [k, Number(v.toPrecision(4))]),
          ),
        ]),
      ),
    )
  }
  if (values.out === undefined) return
  mkdirSync(dirname(values.out), { recursive: true })
  const command = ["node", "bench/run.ts", ...process.argv.slice(2)].join(" ")
  const report = { machine: machine(), command, date: new Date().toISOString(), results }
  writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`)
}

if (import.meta.main) await main()
