// Runs kernels under the emulator for emulated.ts: reads cases from a file, runs each in several
// orders of blocks and threads, writes the first result and what went wrong. Every operand ends
// exactly where its memory ends, so AddressSanitizer sees one element too many.
//   emulated_checks CASES RESULTS ORDERS L2_BYTES
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "block.h"
#include "case_file.h"
#include "agg_gemm/agg_gemm.h"
#include "gat/gat.h"
#include "gemm/gemm.h"
#include "../emulator/half.h"
#include "rows/rows.h"
#include "spmm/spmm.h"
#include "trace.h"

using namespace gnnsched;
using namespace gnnsched::gpu;

namespace {

// Device memory for one operand, `shift` elements behind a 16-byte boundary.
class Buffer {
 public:
  Buffer() = default;
  Buffer(int64_t elements, int64_t shift, int64_t element_bytes = 4)
      : shift_bytes_(shift * element_bytes) {
    cudaMalloc(&memory_, static_cast<size_t>(elements * element_bytes + shift_bytes_));
  }
  Buffer(Buffer&& other) noexcept : memory_(other.memory_), shift_bytes_(other.shift_bytes_) {
    other.memory_ = nullptr;
  }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(shift_bytes_, other.shift_bytes_);
    return *this;
  }
  ~Buffer() { cudaFree(memory_); }
  // whatever its elements are: see Storage
  float* floats() const {
    if (memory_ == nullptr) return nullptr;
    return reinterpret_cast<float*>(static_cast<uint8_t*>(memory_) + shift_bytes_);
  }
  const int32_t* ints() const { return reinterpret_cast<const int32_t*>(floats()); }

 private:
  void* memory_ = nullptr;
  int64_t shift_bytes_ = 0;
};

template <class T>
Buffer upload(const std::vector<T>& values) {
  Buffer out(static_cast<int64_t>(values.size() * sizeof(T) / 4), 0);
  if (!values.empty()) std::memcpy(out.floats(), values.data(), values.size() * sizeof(T));
  return out;
}

Storage storage_of(const Case& c, int number) { return static_cast<Storage>(c.integer(number)); }

struct Operands {
  Buffer arrays[kArrays];
  Buffer output;
  const float* floats(int i) const { return arrays[i].floats(); }
  const int32_t* ints(int i) const { return arrays[i].ints(); }
};

Operands place(const Case& c) {
  Operands out;
  for (int i = 0; i < kArrays; i++) {
    const CaseElements& array = c.arrays[i];
    if (!array.present) continue;
    const auto elements = static_cast<int64_t>(array.bytes.size()) / array.element_bytes;
    out.arrays[i] = Buffer(elements, c.integer(kShift), array.element_bytes);
    if (elements > 0) std::memcpy(out.arrays[i].floats(), array.bytes.data(), array.bytes.size());
  }
  const int64_t bytes = element_bytes(storage_of(c, kYStorage));
  out.output = Buffer(c.output_elements(), c.integer(kShift), bytes);
  const int in_place = static_cast<int>(c.integer(kInPlace));
  if (in_place >= 0) {
    std::memcpy(out.output.floats(), out.floats(in_place),
                static_cast<size_t>(c.output_elements() * bytes));
  }
  return out;
}

// The operand, or the output where the operator runs in place.
const float* input(const Case& c, const Operands& o, int i) {
  return c.integer(kInPlace) == i ? o.output.floats() : o.floats(i);
}

Epilogue epilogue_of(const Case& c, const Operands& o) {
  return {o.floats(kRowScale),
          input(c, o, kAddend),
          c.integer(kLdAddend),
          o.floats(kBias),
          o.floats(kScale),
          o.floats(kShiftVector),
          c.integer(kAffineAfter) != 0,
          static_cast<Activation>(c.integer(kActivation)),
          c.real(kParameter),
          storage_of(c, kAddendStorage)};
}

// Every edge of every row lies in one unit, and units are in order.
std::string check_plan(const RowPlan& plan, const int32_t* row_offsets, int64_t m) {
  std::vector<int> owners(static_cast<size_t>(m), 0);
  for (const RowBundle& bundle : plan.bundles) {
    for (int32_t r = bundle.begin; r < bundle.end; r++) owners[r]++;
  }
  for (const HeavyRow& heavy : plan.heavy) {
    owners[heavy.row]++;
    int32_t edge = row_offsets[heavy.row];
    for (int32_t s = heavy.first_segment; s < heavy.first_segment + heavy.segments; s++) {
      const RowSegment& segment = plan.segments[s];
      if (segment.row != heavy.row || segment.begin != edge) return "a segment is out of place";
      edge = segment.end;
    }
    if (edge != row_offsets[heavy.row + 1]) return "segments miss the end of their row";
  }
  for (int count : owners) {
    if (count != 1) return "a row lies in " + std::to_string(count) + " units";
  }
  return "";
}

cudaError_t launch_graph_op(const Case& c, const Operands& o, Buffer* held, cudaStream_t stream) {
  const int64_t m = c.integer(kM), n = c.integer(kN), heads = c.integer(kHeads);
  const RowPlan plan = build_row_plan(o.ints(kRowOffsets), m);
  held[0] = upload(plan.bundles);
  held[1] = upload(plan.segments);
  held[2] = upload(plan.heavy);
  const RowWork work{reinterpret_cast<const RowBundle*>(held[0].floats()),
                     reinterpret_cast<const RowSegment*>(held[1].floats()),
                     reinterpret_cast<const HeavyRow*>(held[2].floats()),
                     static_cast<int64_t>(plan.bundles.size()),
                     static_cast<int64_t>(plan.segments.size()),
                     static_cast<int64_t>(plan.heavy.size())};
  float* y = o.output.floats();
  if (c.integer(kKind) == kSpmm) {
    held[3] = Buffer(spmm_workspace_bytes(work.segment_count, n) / 4, 0);
    return launch_spmm_csr({m, c.integer(kK), n, c.integer(kNnz),
                            static_cast<Reduce>(c.integer(kReduce)), c.integer(kSkipSelf) != 0,
                            c.real(kSelfCoefficient), o.ints(kRowOffsets), o.ints(kColIndices),
                            o.floats(kValues), o.floats(kColScale), o.floats(kSelfWeight),
                            o.floats(kX), c.integer(kLdX), y, c.integer(kLdY), epilogue_of(c, o),
                            storage_of(c, kXStorage), storage_of(c, kYStorage)},
                           work, held[3].floats(), stream);
  }
  if (c.integer(kKind) == kAggGemm) {
    const int64_t k = c.integer(kK);
    held[3] = Buffer(agg_gemm_workspace_bytes(work.segment_count, k) / 4, 0);
    const SpmmArgs aggregate{m, m, k, c.integer(kNnz), static_cast<Reduce>(c.integer(kReduce)),
                             c.integer(kSkipSelf) != 0, c.real(kSelfCoefficient),
                             o.ints(kRowOffsets), o.ints(kColIndices), o.floats(kValues),
                             o.floats(kColScale), o.floats(kSelfWeight), o.floats(kX),
                             c.integer(kLdX), nullptr, 0, Epilogue{}};
    const GemmArgs product{m, k, n, nullptr, 0, o.floats(kB), c.integer(kLdB), y, c.integer(kLdY),
                           epilogue_of(c, o)};
    return launch_agg_gemm({aggregate, product}, static_cast<GemmMode>(c.integer(kMode)), work,
                           held[3].floats(), stream);
  }
  held[3] = Buffer(gat_workspace_bytes(work.segment_count, heads, c.integer(kHeadWidth)) / 4, 0);
  return launch_gat_csr({m, c.integer(kNnz), heads, c.integer(kHeadWidth), c.integer(kConcat) != 0,
                         c.integer(kSelfLoops) != 0, c.real(kNegativeSlope), o.ints(kRowOffsets),
                         o.ints(kColIndices), o.floats(kX), c.integer(kLdX), o.floats(kB), heads,
                         o.floats(kScoreDst), c.integer(kLdB), o.floats(kAtt), y, c.integer(kLdY), epilogue_of(c, o)},
                        work, held[3].floats(), stream);
}

cudaError_t launch_case(const Case& c, const Operands& o, Buffer* held, cudaStream_t stream) {
  const int64_t m = c.integer(kM), k = c.integer(kK), n = c.integer(kN);
  const int64_t ldx = c.integer(kLdX), ldy = c.integer(kLdY);
  const float* x = input(c, o, kX);
  float* y = o.output.floats();
  const auto reduce = static_cast<Reduce>(c.integer(kReduce));
  const Storage in_x = storage_of(c, kXStorage), in_y = storage_of(c, kYStorage);
  switch (c.integer(kKind)) {
    case kGemm:
      held[0] = Buffer(gemm_workspace_bytes(m, k, n) / 4, 0);
      return launch_gemm_f32({m, k, n, x, ldx, o.floats(kB), c.integer(kLdB), y, ldy,
                              epilogue_of(c, o), in_x, in_y},
                             static_cast<GemmMode>(c.integer(kMode)), held[0].floats(), stream);
    case kSpmm:
    case kGat:
    case kGatv2:
    case kAggGemm: return launch_graph_op(c, o, held, stream);
    case kDensify:
      return launch_densify_csr(
          {m, k, o.ints(kRowOffsets), o.ints(kColIndices), o.floats(kValues), y, ldy}, stream);
    case kRowwise:
      return launch_rowwise_f32({m, n, c.integer(kL2) != 0, x, ldx, y, ldy, epilogue_of(c, o), in_x,
                                 in_y},
                                stream);
    case kReadout:
      return launch_readout_f32({c.integer(kCount), n, reduce, o.ints(kRowOffsets), x, ldx, y, ldy,
                                 in_x, in_y},
                                stream);
    case kGather:
      return launch_gather_f32(
          {c.integer(kCount), n, o.ints(kRowOffsets), x, ldx, y, ldy, in_x, in_y}, stream);
    default: return launch_log_softmax_f32({m, n, x, ldx, y, ldy}, stream);
  }
}

// Gaps between rows keep their poison; every element of a row has lost it.
std::string check_poison(const Case& c, const float* y) {
  const int64_t rows = c.integer(kRows), cols = c.integer(kCols), ld = c.integer(kLdY);
  const int64_t bytes = element_bytes(storage_of(c, kYStorage));
  for (int64_t i = 0; i < c.output_elements(); i++) {
    uint32_t bits = 0xffffffffu;
    std::memcpy(&bits, reinterpret_cast<const uint8_t*>(y) + i * bytes, static_cast<size_t>(bytes));
    const bool poison = bits == 0xffffffffu, inside = i % ld < cols;
    if (inside && poison) return "element " + std::to_string(i) + " was not written";
    if (!inside && !poison && c.integer(kInPlace) < 0) {
      return "written between rows at " + std::to_string(i) + " of " + std::to_string(rows * ld);
    }
  }
  return "";
}

// Element i of a matrix, as a float.
float value_of(Storage storage, const float* matrix, int64_t i) {
  if (storage == Storage::f32) return matrix[i];
  uint16_t bits;
  std::memcpy(&bits, reinterpret_cast<const uint8_t*>(matrix) + 2 * i, 2);
  return storage == Storage::f16 ? emulator::from_f16(bits) : emulator::from_bf16(bits);
}

// Whether the operator takes the work list of its matrix.
bool walks_rows(const Case& c) {
  const int64_t kind = c.integer(kKind);
  return kind == kSpmm || kind == kGat || kind == kGatv2 || kind == kAggGemm;
}

Result run_case(const Case& c, int orders, size_t l2_bytes) {
  Result result;
  for (int order = 0; order < orders && result.problem.empty(); order++) {
    emulator::set_order(static_cast<uint64_t>(order));
    const Operands operands = place(c);
    Buffer held[4];
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    if (l2_bytes > 0) emulator::start_trace(l2_bytes);
    cudaError_t error = launch_case(c, operands, held, stream);
    if (error == cudaSuccess) error = cudaStreamSynchronize(stream);
    if (l2_bytes > 0) result.counters = emulator::stop_trace();
    cudaStreamDestroy(stream);
    const float* y = operands.output.floats();
    if (walks_rows(c)) {
      const int32_t* offsets = operands.ints(kRowOffsets);
      result.problem = check_plan(build_row_plan(offsets, c.integer(kM)), offsets, c.integer(kM));
    }
    if (error != cudaSuccess) {
      result.problem = "error " + std::to_string(error) + ": " + emulator::last_failure();
    } else if (result.problem.empty()) {
      result.problem = check_poison(c, y);
    }
    if (!result.problem.empty()) break;
    std::vector<float> dense;
    for (int64_t r = 0; r < c.integer(kRows); r++) {
      for (int64_t column = 0; column < c.integer(kCols); column++) {
        dense.push_back(value_of(storage_of(c, kYStorage), y, r * c.integer(kLdY) + column));
      }
    }
    if (order == 0) {
      result.values = std::move(dense);
    } else if (!dense.empty() &&
               std::memcmp(dense.data(), result.values.data(), dense.size() * 4) != 0) {
      result.problem = "order " + std::to_string(order) + " gives other bits";
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "emulated_checks CASES RESULTS ORDERS L2_BYTES\n");
    return 2;
  }
  const std::vector<Case> cases = read_cases(argv[1]);
  std::vector<Result> results;
  for (const Case& c : cases) {
    results.push_back(run_case(c, std::atoi(argv[3]), static_cast<size_t>(std::atoll(argv[4]))));
  }
  write_results(argv[2], results);
  return 0;
}
