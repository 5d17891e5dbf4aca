// Fibers: see fiber.h.
#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulator {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = 512 * 1024;  // red zones around every local
thread_local const void* main_base = nullptr;
thread_local size_t main_bytes = 0;
#else
constexpr size_t kStackBytes = 64 * 1024;
#endif

}  // namespace

#if defined(__x86_64__)
extern "C" void gnnsched_switch_stack(void** save, void* load);
asm(R"(
.text
.globl gnnsched_switch_stack
.type gnnsched_switch_stack, @function
gnnsched_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size gnnsched_switch_stack, .-gnnsched_switch_stack
)");

void* prepare(const Stack& stack, void (*entry)()) {
  auto* top = reinterpret_cast<uint64_t*>(stack.base + stack.bytes);
  top -= 1;  // entry finds its stack as after a call: 8 bytes off a multiple of 16
  *--top = reinterpret_cast<uint64_t>(entry);
  for (int saved = 0; saved < 6; saved++) *--top = 0;
  return top;
}

static void switch_stack(void** from, void* to) { gnnsched_switch_stack(from, to); }
#else
void* prepare(const Stack& stack, void (*entry)()) {
  auto* context = reinterpret_cast<ucontext_t*>(stack.base);
  getcontext(context);
  const size_t record = (sizeof(ucontext_t) + 63) / 64 * 64;
  context->uc_stack.ss_sp = stack.base + record;
  context->uc_stack.ss_size = stack.bytes - record;
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}

static void switch_stack(void** from, void* to) {
  ucontext_t own;  // lives on the stack that is left until somebody comes back
  *from = &own;
  swapcontext(&own, static_cast<ucontext_t*>(to));
}
#endif

Stack make_stack() {
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return {static_cast<char*>(memory), kStackBytes};
}

void free_stack(const Stack& stack) {
  clean_stack(stack, false);
  munmap(stack.base, stack.bytes);
}

#if defined(__SANITIZE_ADDRESS__)
void clean_stack(const Stack& stack, bool ended) {
  const size_t bytes = ended ? 4096 : stack.bytes;
  __asan_unpoison_memory_region(stack.base + stack.bytes - bytes, bytes);
}

void switch_to(void** from, void** from_fake, void* to, const Stack* stack) {
  void* ignored = nullptr;
  const void* base = stack == nullptr ? main_base : stack->base;
  const size_t bytes = stack == nullptr ? main_bytes : stack->bytes;
  __sanitizer_start_switch_fiber(from_fake, base, bytes);
  switch_stack(from == nullptr ? &ignored : from, to);
  __sanitizer_finish_switch_fiber(from_fake == nullptr ? nullptr : *from_fake, nullptr, nullptr);
}

void arrived() {
  const void* base = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(nullptr, &base, &bytes);
  if (main_base == nullptr) {
    main_base = base;
    main_bytes = bytes;
  }
}
#else
void clean_stack(const Stack&, bool) {}

void switch_to(void** from, void**, void* to, const Stack*) {
  void* ignored = nullptr;
  switch_stack(from == nullptr ? &ignored : from, to);
}

void arrived() {}
#endif

}  // namespace emulator
