// All checks that need the emulated kernels run in one process: they share one build, and the
// sanitized one is made while the plain one is tested.
import "./kernels.suite.ts"
import "./sectors.suite.ts"
import "./faults.suite.ts"
