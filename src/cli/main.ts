#!/usr/bin/env node
// The executable `gnnsched`: arguments in, exit status out.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Exit } from "effect"
import { runApp } from "./app.ts"
import { exitCodes } from "./exitCodes.ts"
import { guardOutput } from "./guardOutput.ts"

guardOutput(process.stdout, "stdout")
guardOutput(process.stderr, "stderr")

NodeRuntime.runMain(runApp(process.argv.slice(2)), {
  disableErrorReporting: true,
  teardown: (exit, onExit) => {
    const code = Exit.isSuccess(exit) ? Number(exit.value) : exitCodes.interrupted
    // Set as well as passed on: what is still in a pipe gets out before the process ends.
    process.exitCode = code
    onExit(process.stdout.writableLength === 0 ? code : exitCodes.ok)
  },
})
