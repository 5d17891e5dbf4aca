// Makes `npx gnnsched` work in a checkout: npm links the bins of dependencies, never a package's
// own. Runs after the build, in a checkout alone (an installed package has no `prepare`).
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const bins = join(root, "node_modules", ".bin")
const link = join(bins, "gnnsched")

if (existsSync(join(root, "node_modules"))) {
  chmodSync(join(root, "dist/cli/main.js"), 0o755)
  mkdirSync(bins, { recursive: true })
  rmSync(link, { force: true })
  if (process.platform === "win32") {
    writeFileSync(`${link}.cmd`, '@node "%~dp0\\..\\..\\dist\\cli\\main.js" %*\r\n')
  } else {
    symlinkSync("../../dist/cli/main.js", link)
  }
}
