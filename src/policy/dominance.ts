// What a task takes of the device by the resource of which it takes most (dominant resource fairness,
// Ghodsi et al., NSDI 2011): a lane of so many, or a part of the memory. In lanes: 1 for a task that
// takes no more than a lane's part of the memory, the number of lanes for one that takes all of it.

export const dominanceOf = (
  footprintBytes: number,
  { budgetBytes, lanes }: { readonly budgetBytes: number; readonly lanes: number },
): number => Math.max(1, (lanes * footprintBytes) / budgetBytes)
