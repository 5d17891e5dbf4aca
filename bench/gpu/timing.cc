#include "timing.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

// One sample lasts at least this long: the events' own resolution is about half a microsecond.
constexpr double kShortestSampleMs = 0.2;
constexpr int kMostRepeats = 200;

class Timer {
 public:
  explicit Timer(cudaStream_t stream) : stream_(stream) {
    must(cudaEventCreateWithFlags(&start_, cudaEventDefault), "event");
    must(cudaEventCreateWithFlags(&end_, cudaEventDefault), "event");
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() {
    (void)cudaEventDestroy(start_);
    (void)cudaEventDestroy(end_);
  }
  cudaError_t time(cudaGraphExec_t graph, double& ms) {
    must(cudaEventRecord(start_, stream_), "event");
    if (cudaError_t bad = cudaGraphLaunch(graph, stream_)) return bad;
    must(cudaEventRecord(end_, stream_), "event");
    if (cudaError_t bad = cudaStreamSynchronize(stream_)) return bad;
    float elapsed = 0;
    must(cudaEventElapsedTime(&elapsed, start_, end_), "event");
    ms = static_cast<double>(elapsed);
    return cudaSuccess;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, end_ = nullptr;
};

cudaError_t capture(const Launch& launch, int repeats, int sets, cudaStream_t stream,
                    cudaGraphExec_t& exec) {
  if (cudaError_t bad = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal)) return bad;
  cudaError_t launched = cudaSuccess;
  for (int i = 0; i < repeats && launched == cudaSuccess; i++) launched = launch(stream, i % sets);
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  cudaError_t bad = launched != cudaSuccess ? launched : ended;
  if (bad == cudaSuccess) bad = cudaGraphInstantiate(&exec, graph, 0);
  if (graph != nullptr) (void)cudaGraphDestroy(graph);
  return bad;
}

Spread spread_of(std::vector<double>& us) {
  if (us.empty()) return {};
  std::sort(us.begin(), us.end());
  const auto at = [&](double part) { return us[static_cast<size_t>(part * double(us.size() - 1))]; };
  return {at(0.5), us.front(), at(0.1), at(0.9), us.back(), static_cast<int>(us.size())};
}

// One candidate, ready to be sampled.
struct Prepared {
  Candidate* candidate;
  cudaGraphExec_t graph = nullptr;
  int repeats = 1;
  std::vector<double> us;
};

void fail(Prepared& it, cudaError_t error) {
  (void)cudaGetLastError();
  it.candidate->problem = cudaGetErrorString(error);
}

// Warm, and with as many repeats in a sample as make it long enough.
void prepare(Prepared& it, int sets, Timer& timer, cudaStream_t stream) {
  cudaGraphExec_t once = nullptr;
  double ms = 0;
  cudaError_t bad = capture(it.candidate->launch, sets, sets, stream, once);
  for (int i = 0; i < 3 && bad == cudaSuccess; i++) bad = timer.time(once, ms);
  if (once != nullptr) (void)cudaGraphExecDestroy(once);
  if (bad == cudaSuccess) {
    const double one = std::max(ms / sets, 1e-4);
    const int wanted = std::clamp(static_cast<int>(kShortestSampleMs / one), 1, kMostRepeats);
    it.repeats = (wanted + sets - 1) / sets * sets;
    bad = capture(it.candidate->launch, it.repeats, sets, stream, it.graph);
  }
  if (bad == cudaSuccess) bad = timer.time(it.graph, ms);
  if (bad != cudaSuccess) fail(it, bad);
}

void measure_one_way(std::vector<Candidate>& candidates, const TimingOptions& options, int sets,
                     Spread Candidate::*into) {
  Timer timer(options.stream);
  std::vector<Prepared> all;
  for (Candidate& candidate : candidates) {
    if (!candidate.problem.empty()) continue;
    all.push_back({&candidate, nullptr, 1, {}});
    prepare(all.back(), sets, timer, options.stream);
  }
  for (int sample = 0; sample < options.samples; sample++) {
    for (Prepared& it : all) {
      double ms = 0;
      if (!it.candidate->problem.empty()) continue;
      if (cudaError_t bad = timer.time(it.graph, ms)) fail(it, bad);
      it.us.push_back(1e3 * ms / it.repeats);
    }
  }
  for (Prepared& it : all) {
    it.candidate->*into = spread_of(it.us);
    if (it.graph != nullptr) (void)cudaGraphExecDestroy(it.graph);
  }
}

}  // namespace

void must(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}

DeviceArray::DeviceArray(size_t bytes) : bytes_(bytes) {
  must(cudaMalloc(&memory_, std::max<size_t>(bytes, 256)), "memory");
}

DeviceArray::~DeviceArray() {
  if (memory_ != nullptr) (void)cudaFree(memory_);
}

void DeviceArray::fill(const void* from, cudaStream_t stream) const {
  if (bytes_ == 0) return;
  must(cudaMemcpyAsync(memory_, from, bytes_, cudaMemcpyHostToDevice, stream), "copy");
  must(cudaStreamSynchronize(stream), "copy");
}

void DeviceArray::poison(cudaStream_t stream) const {
  if (bytes_ > 0) must(cudaMemsetAsync(memory_, 0xff, bytes_, stream), "poison");
}

void DeviceArray::read(void* to, size_t bytes, cudaStream_t stream) const {
  if (bytes == 0) return;
  must(cudaMemcpyAsync(to, memory_, bytes, cudaMemcpyDeviceToHost, stream), "copy");
  must(cudaStreamSynchronize(stream), "copy");
}

void measure(std::vector<Candidate>& candidates, const TimingOptions& options) {
  measure_one_way(candidates, options, 1, &Candidate::hot);
  if (options.sets > 1) measure_one_way(candidates, options, options.sets, &Candidate::cold);
}
