// A GPU for whole programs: streams with a thread each, events, copies, graphs, a bounded memory and
// errors that stay. What CUDA forbids is refused here: a call that waits while its stream is captured,
// a graph updated with one of another shape, memory that is freed twice.
//
// Knobs, read at each use so that a test can turn them in a running process:
//   GNNSCHED_EMULATED_MEMORY        bytes of each device's memory (default 768 MiB)
//   GNNSCHED_EMULATED_GPUS          how many devices there are (default 1)
//   GNNSCHED_EMULATED_LOSE_AFTER    the kernel launch, counted from 1, that takes the devices away
//   GNNSCHED_EMULATED_SMS           multiprocessors of each device (default 132)
//   GNNSCHED_EMULATED_DRIVER        what the driver implements (default 13000: CUDA 13.0)
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "block.h"
#include "streams.h"

namespace emulator {

std::atomic<int> green_contexts{0};

int64_t knob(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == 0 ? otherwise : std::atoll(text);
}

namespace {

using Clock = std::chrono::steady_clock;
using Work = std::function<void()>;

thread_local cudaError_t last_error = cudaSuccess;
// An error of the device that stays: every later call answers with it.
std::atomic<int> lost{cudaSuccess};
std::atomic<int64_t> launches{0};

cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

// What a call that did nothing wrong answers.
cudaError_t state() { return report(static_cast<cudaError_t>(lost.load())); }

void lose(cudaError_t error) {
  int none = cudaSuccess;
  lost.compare_exchange_strong(none, error);
}

// The device of this thread's next calls.
thread_local int device = 0;

// The memory of the devices: sizes by address, so that what is free is known and a wrong free is seen.
struct Block {
  int device;
  size_t bytes;
};
struct Memory {
  std::mutex mutex;
  std::map<void*, Block> blocks;
  std::map<int, size_t> used;
  size_t free_bytes(int on);
};
Memory& memory() {
  static Memory* it = new Memory;  // outlives static destructors of the program
  return *it;
}

size_t memory_bytes() {
  return static_cast<size_t>(knob("GNNSCHED_EMULATED_MEMORY", int64_t{768} << 20));
}

size_t Memory::free_bytes(int on) { return memory_bytes() - std::min(memory_bytes(), used[on]); }

// Of the device, for a graph that can be launched: so that one kept for ever shows.
constexpr size_t kGraphBytes = 64 << 10;

}  // namespace

struct Graph {
  std::vector<Launch> launches;
};
struct GraphExec {
  std::vector<Launch> launches;
  void* memory;
};

struct Event {
  std::mutex mutex;
  std::condition_variable done;
  uint64_t recorded = 0, reached = 0;
  Clock::time_point at;
};

// A queue that its own thread empties in order.
struct Stream {
  explicit Stream(bool green) : in_share(green), thread([this] { loop(); }) {}
  ~Stream() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    thread.join();
  }

  void push(Work work) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      queue.push_back(std::move(work));
    }
    wake.notify_all();
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex);
    idle.wait(lock, [this] { return queue.empty() && !busy; });
  }

  void loop() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      const Work work = std::move(queue.front());
      queue.pop_front();
      busy = true;
      lock.unlock();
      work();
      lock.lock();
      busy = false;
      if (queue.empty()) idle.notify_all();
    }
  }

  std::mutex mutex;
  std::condition_variable wake, idle;
  std::deque<Work> queue;
  bool busy = false, stopping = false;
  Graph* capturing = nullptr;
  const int on = device;
  const bool in_share;  // of the multiprocessors, by a green context
  std::thread thread;
};

namespace {

void run_launch(const Launch& launch, const Stream& stream) {
  // allowed by CUDA, but it would run on the multiprocessors that were set apart for others
  if (!stream.in_share && green_contexts.load() > 0) {
    std::fprintf(stderr, "emulated kernel: beside green contexts, in the primary context\n");
    return lose(cudaErrorLaunchFailure);
  }
  if (lost.load() != cudaSuccess) return;  // nothing runs on a device that is gone
  const int64_t number = ++launches;
  if (number == knob("GNNSCHED_EMULATED_LOSE_AFTER", -1)) return lose(cudaErrorIllegalAddress);
  const std::string failure = run(launch);
  if (failure.empty()) return;
  std::fprintf(stderr, "emulated kernel: %s\n", failure.c_str());
  lose(cudaErrorLaunchFailure);
}

bool fits(const Launch& launch) {
  const dim3 grid = launch.grid, block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  return grid.x >= 1 && grid.x <= 0x7fffffffu && grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 &&
         grid.z <= 65535 && threads >= 1 && threads <= 1024;
}

// Waiting is not allowed while the stream's work is recorded instead of run.
cudaError_t settle(Stream* stream) {
  if (stream->capturing != nullptr) return report(cudaErrorStreamCaptureUnsupported);
  stream->wait();
  return state();
}

}  // namespace

cudaError_t enqueue(Launch launch, cudaStream_t stream) {
  if (!fits(launch)) return report(cudaErrorInvalidConfiguration);
  if (stream == nullptr) return report(cudaErrorInvalidValue);
  if (stream->on != device) return report(cudaErrorInvalidResourceHandle);
  if (stream->capturing != nullptr) {
    stream->capturing->launches.push_back(std::move(launch));
    return cudaSuccess;
  }
  stream->push([launch = std::move(launch), stream] { run_launch(launch, *stream); });
  return state();
}

Stream* make_green_stream() { return new Stream(true); }

}  // namespace emulator

using namespace emulator;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    default: return "cudaError";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    case cudaErrorLaunchFailure: return "unspecified launch failure";
    default: return "an error of the emulator";
  }
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = static_cast<int>(driver_version());
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(knob("GNNSCHED_EMULATED_GPUS", 1));
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int index) {
  if (index < 0 || index >= knob("GNNSCHED_EMULATED_GPUS", 1)) return report(cudaErrorInvalidDevice);
  device = index;
  return state();
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "emulated GPU");
  properties->major = 9;
  properties->multiProcessorCount = static_cast<int>(multiprocessors());
  properties->totalGlobalMem = memory_bytes();
  properties->l2CacheSize = 1 << 20;
  return state();
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const std::lock_guard<std::mutex> lock(memory().mutex);
  *total = memory_bytes();
  *free = memory().free_bytes(device);
  return state();
}

cudaError_t cudaMalloc(void** block, size_t bytes) {
  *block = nullptr;
  const std::lock_guard<std::mutex> lock(memory().mutex);
  if (bytes > memory().free_bytes(device)) {
    return report(cudaErrorMemoryAllocation);
  }
  if (posix_memalign(block, 256, bytes) != 0 || *block == nullptr) {
    return report(cudaErrorMemoryAllocation);
  }
  std::memset(*block, 0xff, bytes);  // NaN for a float, -1 for an index
  memory().blocks[*block] = {device, bytes};
  memory().used[device] += bytes;
  return state();
}

cudaError_t cudaFree(void* block) {
  if (block == nullptr) return state();
  const std::lock_guard<std::mutex> lock(memory().mutex);
  const auto found = memory().blocks.find(block);
  if (found == memory().blocks.end()) return report(cudaErrorInvalidValue);
  memory().used[found->second.device] -= found->second.bytes;
  memory().blocks.erase(found);
  std::free(block);
  return state();
}

cudaError_t cudaMallocHost(void** block, size_t bytes) {
  *block = std::malloc(bytes);
  return *block == nullptr ? report(cudaErrorMemoryAllocation) : state();
}

cudaError_t cudaFreeHost(void* block) {
  std::free(block);
  return state();
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return state();
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new Stream(false);
  return state();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return cudaStreamCreate(stream);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int priority) {
  if (priority > 0 || priority < -5) return report(cudaErrorInvalidValue);
  return cudaStreamCreate(stream);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return state();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return settle(stream); }

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  if (stream->capturing != nullptr) return report(cudaErrorStreamCaptureUnsupported);
  stream->push([=] {
    if (lost.load() == cudaSuccess) std::memcpy(to, from, bytes);
  });
  return state();
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch,
                              size_t width, size_t height, cudaMemcpyKind, cudaStream_t stream) {
  if (stream->capturing != nullptr) return report(cudaErrorStreamCaptureUnsupported);
  if (width > to_pitch || width > from_pitch) return report(cudaErrorInvalidValue);
  stream->push([=] {
    if (lost.load() != cudaSuccess) return;
    for (size_t row = 0; row < height; row++) {
      std::memcpy(static_cast<uint8_t*>(to) + row * to_pitch,
                  static_cast<const uint8_t*>(from) + row * from_pitch, width);
    }
  });
  return state();
}

cudaError_t cudaMemsetAsync(void* block, int value, size_t bytes, cudaStream_t stream) {
  if (stream->capturing != nullptr) return report(cudaErrorStreamCaptureUnsupported);
  stream->push([=] { std::memset(block, value, bytes); });
  return state();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new Event;
  return state();
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return state();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (stream->capturing != nullptr) return report(cudaErrorStreamCaptureUnsupported);
  uint64_t number;
  {
    const std::lock_guard<std::mutex> lock(event->mutex);
    number = ++event->recorded;
  }
  stream->push([=] {
    const std::lock_guard<std::mutex> lock(event->mutex);
    event->reached = number;
    event->at = Clock::now();
    event->done.notify_all();
  });
  return state();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  std::unique_lock<std::mutex> lock(event->mutex);
  event->done.wait(lock, [=] { return event->reached == event->recorded; });
  return state();
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t end) {
  if (start->reached == 0 || end->reached == 0) return report(cudaErrorInvalidValue);
  *ms = std::chrono::duration<float, std::milli>(end->at - start->at).count();
  return state();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->capturing != nullptr) return report(cudaErrorInvalidValue);
  stream->capturing = new Graph;
  return state();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = stream->capturing;
  stream->capturing = nullptr;
  return *graph == nullptr ? report(cudaErrorInvalidValue) : state();
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  *exec = nullptr;
  void* memory = nullptr;
  if (cudaError_t bad = cudaMalloc(&memory, kGraphBytes)) return bad;
  *exec = new GraphExec{graph->launches, memory};
  return state();
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* info) {
  *info = {};
  if (exec->launches.size() != graph->launches.size()) {
    info->result = 1;
    return report(cudaErrorGraphExecUpdateFailure);
  }
  exec->launches = graph->launches;
  return state();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  if (stream->on != device) return report(cudaErrorInvalidResourceHandle);
  // a copy: the graph may be updated while this launch waits
  stream->push([launches = exec->launches, stream] {
    for (const Launch& launch : launches) run_launch(launch, *stream);
  });
  return state();
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return state();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  (void)cudaFree(exec->memory);
  delete exec;
  return state();
}
