// What the driver's side of the emulator (green_driver.cc) knows of the runtime's.
#pragma once
#include <atomic>
#include <cstdint>

namespace emulator {

struct Stream;

int64_t knob(const char* name, int64_t otherwise);
inline int64_t driver_version() { return knob("GNNSCHED_EMULATED_DRIVER", 13000); }
inline int64_t multiprocessors() { return knob("GNNSCHED_EMULATED_SMS", 132); }

// While there are any, a kernel outside of them takes the device away.
extern std::atomic<int> green_contexts;
Stream* make_green_stream();

}  // namespace emulator
