// For what is read at each step: without a call, though the addon is loaded late. glibc keeps room for some
// hundred bytes, and all thread_local objects of the addon must fit; other libraries refuse to load it.
#pragma once
#include <cstdint>  // says whose library it is

#if defined(__GLIBC__)
#define GNNSCHED_NEAR_TLS __attribute__((tls_model("initial-exec")))
#else
#define GNNSCHED_NEAR_TLS
#endif
