/// <reference lib="dom" />
// Runs in the browser: the head of the page, its key figures, and the legend of tenants.
import type { PageData } from "../pageData.ts"
import type { Kit } from "./kit.ts"

export function keyFigure(
  kit: Kit,
  label: string,
  value: string,
  note: string,
  share: number | null,
) {
  const card = kit.el(
    "div",
    "card",
    kit.el("div", "card-label", label),
    kit.el("div", "card-value", value),
    kit.el("div", "card-note", note),
  )
  if (share !== null) {
    const bar = kit.el("div", "bar-fill")
    bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`
    card.append(kit.el("div", "bar", bar))
  }
  return card
}

export function drawHead(kit: Kit, data: PageData): void {
  const { device } = data
  const chips = [
    `policy ${data.policy}`,
    `mode ${data.mode}`,
    `device ${device.kind}`,
    device.name,
    device.isa,
    `${device.lanes} ${device.lanes === 1 ? "lane" : "lanes"}`,
    `budget ${kit.bytes(device.budgetBytes)}`,
  ]
  document
    .getElementById("chips")!
    .replaceChildren(
      ...chips.filter((text) => text !== "").map((text) => kit.el("span", "chip", text)),
    )
  const notes = data.notes.map((note) => kit.el("p", "note", note))
  document.getElementById("notes")!.replaceChildren(...notes)
}

export function drawFigures(kit: Kit, data: PageData): void {
  const total = Object.values(data.counts).reduce((sum, count) => sum + count, 0)
  const completed = data.counts.completed ?? 0
  const others = Object.entries(data.counts)
    .filter(([status]) => status !== "completed")
    .map(([status, count]) => `${count} ${status}`)
  const tenants = `${data.tenants.length} ${data.tenants.length === 1 ? "tenant" : "tenants"}`
  const targets = data.tenants.reduce((sum, tenant) => sum + tenant.tasks, 0)
  const withTarget = kit.tasks.filter((task) => task.qosMet !== null)
  const met = withTarget.filter((task) => task.qosMet === true).length
  const { peakBytes, budgetBytes, overheadBytes } = data.device
  const rate = data.makespanMs > 0 ? completed / (data.makespanMs / 1e3) : 0
  const { equal, of } = data.exactBytes
  document
    .getElementById("figures")!
    .replaceChildren(
      keyFigure(
        kit,
        "Tasks completed",
        `${completed} of ${total}`,
        others.length === 0 ? tenants : others.join(", "),
        targets === 0 ? null : completed / targets,
      ),
      keyFigure(
        kit,
        "Makespan",
        kit.ms(data.makespanMs),
        `${Number(rate.toFixed(1))} tasks a second`,
        null,
      ),
      keyFigure(
        kit,
        "Peak memory",
        kit.bytes(peakBytes),
        `of ${kit.bytes(budgetBytes)}; ${kit.bytes(overheadBytes)} overhead apart`,
        budgetBytes > 0 ? peakBytes / budgetBytes : null,
      ),
      keyFigure(
        kit,
        "Targets met",
        withTarget.length === 0 ? "–" : `${met} of ${withTarget.length}`,
        withTarget.length === 0 ? "no task has a deadline" : "completed within the deadline",
        withTarget.length === 0 ? null : met / withTarget.length,
      ),
      keyFigure(
        kit,
        "Bytes predicted exactly",
        of === 0 ? "–" : `${equal} of ${of}`,
        "predicted peak = measured peak",
        of === 0 ? null : equal / of,
      ),
    )
}

export function drawLegend(kit: Kit, data: PageData): void {
  const shown = data.tenants.slice(0, 24)
  const items = shown.map((tenant) => {
    const swatch = kit.el("span", "swatch")
    swatch.style.background = kit.tenantColor(tenant.id)
    return kit.el("span", "legend-item", swatch, tenant.id)
  })
  if (data.tenants.length > shown.length) {
    items.push(kit.el("span", "legend-item", `and ${data.tenants.length - shown.length} more`))
  }
  document.getElementById("legend")!.replaceChildren(...items)
}
