// The end of both product kernels: the block's tile of sums goes through shared memory, so that
// rows of c are stored by neighbouring lanes and the epilogue's code exists once.
#pragma once
#include "common/epilogue.h"

namespace gnnsched::gpu {

// Where a block's tile lies in c.
struct TilePlace {
  int64_t r0, c0, part;
};

// All threads of the block call this after a barrier that ends all other use of `tile`.
template <int Rows, int Columns, int Pitch, int Threads>
__device__ __forceinline__ void store_tile(const GemmArgs& g, const float (&tile)[Rows][Pitch],
                                           TilePlace at, float* partials) {
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < Rows * Columns; i += Threads) {
    const int64_t r = at.r0 + i / Columns, c = at.c0 + i % Columns;
    const float v = load_shared(&tile[i / Columns][i % Columns]);
    if (r >= g.m || c >= g.n) continue;
    if (partials != nullptr) {
      store_once(partials + (at.part * g.m + r) * g.n + c, v);
    } else {
      store_element(g.c_storage, g.c, r * g.ldc + c, finish(g.epilogue, r, c, v));
    }
  }
}

}  // namespace gnnsched::gpu
