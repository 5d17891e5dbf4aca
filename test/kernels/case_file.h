// The files between emulated.ts and emulated_checks: numbers and arrays in a fixed order. The lists
// of names are the same, in the same order, in emulated.ts.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "trace.h"

enum CaseKind { kGemm, kSpmm, kGat, kDensify, kRowwise, kReadout, kGather, kLogSoftmax, kGatv2, kAggGemm };

enum CaseNumber {
  kKind, kM, kK, kN, kNnz, kHeads, kHeadWidth, kCount, kReduce, kSkipSelf, kSelfCoefficient,
  kConcat, kSelfLoops, kNegativeSlope, kL2, kAffineAfter, kActivation, kParameter, kLdX, kLdB,
  kLdY, kLdAddend, kMode, kShift, kInPlace, kRows, kCols,
  kXStorage, kYStorage, kAddendStorage, kNumbers
};

enum CaseArray {
  kRowOffsets, kColIndices, kValues, kColScale, kSelfWeight, kX, kB, kScoreDst, kRowScale, kAddend,
  kBias, kScale, kShiftVector, kAtt, kArrays
};

// Elements of 4 bytes, or of 2.
struct CaseElements {
  bool present = false;
  int64_t element_bytes = 4;
  std::vector<uint8_t> bytes;
};

struct Case {
  double numbers[kNumbers];
  CaseElements arrays[kArrays];
  int64_t integer(int i) const { return static_cast<int64_t>(numbers[i]); }
  float real(int i) const { return static_cast<float>(numbers[i]); }
  int64_t output_elements() const {
    return integer(kRows) == 0 ? 0 : (integer(kRows) - 1) * integer(kLdY) + integer(kCols);
  }
};

struct Result {
  std::string problem;
  std::vector<float> values;
  emulator::Counters counters;
};

inline std::vector<Case> read_cases(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) std::abort();
  std::vector<Case> cases;
  Case c;
  while (std::fread(c.numbers, sizeof c.numbers, 1, file) == 1) {
    for (CaseElements& array : c.arrays) {
      int32_t header[2];  // elements, or -1: absent; bytes of each
      if (std::fread(header, 4, 2, file) != 2) std::abort();
      array.present = header[0] >= 0;
      array.element_bytes = header[1];
      array.bytes.resize(array.present ? static_cast<size_t>(header[0]) * header[1] : 0);
      if (!array.bytes.empty() &&
          std::fread(array.bytes.data(), 1, array.bytes.size(), file) != array.bytes.size()) {
        std::abort();
      }
    }
    cases.push_back(c);
  }
  std::fclose(file);
  return cases;
}

inline void write_results(const char* path, const std::vector<Result>& results) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) std::abort();
  const auto put = [&](const void* data, size_t bytes) {
    if (bytes > 0 && std::fwrite(data, 1, bytes, file) != bytes) std::abort();
  };
  for (const Result& r : results) {
    const auto text = static_cast<int32_t>(r.problem.size());
    const auto length = static_cast<int32_t>(r.values.size());
    put(&text, 4);
    put(r.problem.data(), r.problem.size());
    put(&length, 4);
    put(r.values.data(), r.values.size() * 4);
    put(&r.counters, sizeof r.counters);
  }
  std::fclose(file);
}
