// Attained service per tenant: what fair sharing compares.
import { describe, expect, it } from "vitest"
import { idleCreditMs, TenantService } from "../../src/actors/TenantService.ts"

const shareOf = (service: TenantService, tenant: string) => service.shares.get(tenant)

describe("TenantService", () => {
  it("knows the weights it was given and takes any other tenant at 1", () => {
    const service = new TenantService([{ id: "a", weight: 3 }])
    service.enter("a")
    service.enter("b")
    expect(shareOf(service, "a")).toMatchObject({ weight: 3, attainedMs: 0 })
    expect(shareOf(service, "b")).toMatchObject({ weight: 1, attainedMs: 0 })
  })

  it("shows a tenant as long as it has a task, and remembers its service after", () => {
    const service = new TenantService([])
    service.enter("a")
    service.enter("a")
    service.served("a", 5)
    service.leave("a")
    expect(shareOf(service, "a")).toMatchObject({ attainedMs: 5 })
    service.leave("a")
    expect(service.shares.size).toBe(0)
    service.enter("a")
    expect(shareOf(service, "a")).toMatchObject({ attainedMs: 5 })
  })

  it("gives little credit for idleness: who comes back starts so far behind the neediest", () => {
    const service = new TenantService([{ id: "back", weight: 2 }])
    for (const tenant of ["busy", "busier"]) service.enter(tenant)
    service.served("busy", 100)
    service.served("busier", 400)
    service.enter("back")
    expect(shareOf(service, "back")).toMatchObject({ attainedMs: 2 * (100 - idleCreditMs) })
  })

  it("gives no credit for idleness that there was not", () => {
    const service = new TenantService([])
    service.enter("busy")
    service.enter("back")
    service.served("busy", 100)
    service.served("back", 90)
    service.leave("back")
    service.enter("back")
    expect(shareOf(service, "back")).toMatchObject({ attainedMs: 90 })
  })
})
