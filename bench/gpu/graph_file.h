// The graph of a folder that `gnnsched generate` writes: edge_index.npy as CSR of incoming edges.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

struct CsrGraph {
  std::string name;
  int64_t nodes = 0;
  int64_t feature_width = 0;
  std::vector<int32_t> row_offsets, col_indices;
  int64_t edges() const { return static_cast<int64_t>(col_indices.size()); }
};

// Ends the program with the file and the reason where it cannot be read.
CsrGraph read_graph(const std::string& folder);

// Small and seeded, with a hub, for a run that only proves that everything runs.
CsrGraph smoke_graph(int64_t nodes, int64_t edges);
