// Switching between the stacks of one thread. On x86-64 a switch is a dozen instructions; elsewhere
// it is ucontext, which costs two system calls. AddressSanitizer is told of each switch.
#pragma once
#include <cstddef>

namespace emulator {

struct Stack {
  char* base;
  size_t bytes;
};

Stack make_stack();
void free_stack(const Stack& stack);
// Forgets what the last fiber left behind: no more than its first call where it came to its end.
void clean_stack(const Stack& stack, bool ended);

// A stack pointer that, switched to, calls entry() on the stack; entry never returns.
void* prepare(const Stack& stack, void (*entry)());

// Saves the running fiber in *from and continues `to`, which lies on `stack` (null: the first one).
// `from` and `from_fake` are null where the running fiber never comes back.
void switch_to(void** from, void** from_fake, void* to, const Stack* stack);

// A fiber calls this first.
void arrived();

}  // namespace emulator
