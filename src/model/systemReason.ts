// What the operating system said, in words a person reads, for the errors that carry a reason.

const words: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left",
  EMFILE: "too many open files",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EEXIST: "it exists and is not a folder",
}

export const systemReason = (cause: unknown): string => {
  const code = (cause as { readonly code?: unknown } | null)?.code
  if (typeof code === "string") return words[code] ?? code
  return cause instanceof Error ? cause.message : String(cause)
}
