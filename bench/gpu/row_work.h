// The work lists of a graph on the device, and how long building them took.
#pragma once
#include <chrono>

#include "graph_file.h"
#include "spmm/spmm_plan.h"
#include "timing.h"

struct DeviceRowWork {
  DeviceRowWork(const CsrGraph& graph, cudaStream_t stream) {
    const auto start = std::chrono::steady_clock::now();
    const gnnsched::gpu::RowPlan plan =
        gnnsched::gpu::build_row_plan(graph.row_offsets.data(), graph.nodes);
    build_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    bundles_ = on_device(plan.bundles, stream);
    segments_ = on_device(plan.segments, stream);
    heavy_ = on_device(plan.heavy, stream);
    bytes = static_cast<int64_t>(bundles_.bytes() + segments_.bytes() + heavy_.bytes());
    work = {bundles_.as<gnnsched::gpu::RowBundle>(),
            segments_.as<gnnsched::gpu::RowSegment>(),
            heavy_.as<gnnsched::gpu::HeavyRow>(),
            static_cast<int64_t>(plan.bundles.size()),
            static_cast<int64_t>(plan.segments.size()),
            static_cast<int64_t>(plan.heavy.size())};
  }
  gnnsched::gpu::RowWork work{};
  int64_t bytes = 0;
  double build_ms = 0;

 private:
  DeviceArray bundles_, segments_, heavy_;
};
