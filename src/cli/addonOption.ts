// GNNSCHED_ADDON names another build of the native addon; every command that opens a device obeys it.

export const addonOption = (): { readonly addonPath?: string } => {
  const addonPath = process.env.GNNSCHED_ADDON
  return addonPath === undefined || addonPath === "" ? {} : { addonPath }
}
