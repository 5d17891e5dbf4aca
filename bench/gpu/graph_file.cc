#include "graph_file.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

namespace {

[[noreturn]] void stop(const std::string& file, const char* reason) {
  std::fprintf(stderr, "%s: %s\n", file.c_str(), reason);
  std::exit(2);
}

struct File {
  explicit File(const std::string& path) : path(path), stream(std::fopen(path.c_str(), "rb")) {}
  ~File() {
    if (stream != nullptr) std::fclose(stream);
  }
  void read(void* to, size_t bytes) {
    if (std::fread(to, 1, bytes, stream) != bytes) stop(path, "the file ends early");
  }
  std::string path;
  std::FILE* stream;
};

// NPY version 1: the text after the magic number and its length (numpy.lib.format).
std::string read_header(File& file) {
  char magic[8];
  file.read(magic, sizeof magic);
  if (std::memcmp(magic, "\x93NUMPY\x01", 7) != 0) stop(file.path, "not an .npy file of version 1");
  uint8_t length[2];
  file.read(length, sizeof length);
  std::string header(static_cast<size_t>(length[0] | length[1] << 8), ' ');
  file.read(header.data(), header.size());
  return header;
}

// The two numbers of 'shape': (a, b).
void shape_of(const File& file, const std::string& header, long long& rows, long long& cols) {
  const size_t at = header.find("'shape': (");
  if (at == std::string::npos ||
      std::sscanf(header.c_str() + at, "'shape': (%lld, %lld)", &rows, &cols) != 2) {
    stop(file.path, "not a matrix");
  }
}

}  // namespace

CsrGraph read_graph(const std::string& folder) {
  File file(folder + "/edge_index.npy");
  if (file.stream == nullptr) stop(file.path, "cannot be opened");
  const std::string header = read_header(file);
  if (header.find("'<i8'") == std::string::npos) stop(file.path, "not int64");
  long long two = 0, edges = 0;
  shape_of(file, header, two, edges);
  if (two != 2 || edges < 0 || edges > INT32_MAX) stop(file.path, "not [2, edges < 2^31]");
  std::vector<int64_t> sources(static_cast<size_t>(edges)), targets(sources.size());
  file.read(sources.data(), sources.size() * 8);
  file.read(targets.data(), targets.size() * 8);

  CsrGraph graph;
  graph.name = folder.substr(folder.find_last_of('/') + 1);
  int64_t last = -1;
  for (const auto* list : {&sources, &targets}) {
    for (const int64_t node : *list) {
      if (node < 0 || node >= INT32_MAX) stop(file.path, "a node is out of range");
      last = std::max(last, node);
    }
  }
  graph.nodes = last + 1;
  long long rows = 0, cols = 64;
  File dense(folder + "/x.npy");
  if (dense.stream != nullptr) {
    shape_of(dense, read_header(dense), rows, cols);
    graph.nodes = std::max<int64_t>(graph.nodes, rows);
  }
  graph.feature_width = cols;
  graph.row_offsets.assign(static_cast<size_t>(graph.nodes) + 1, 0);
  for (const int64_t target : targets) graph.row_offsets[static_cast<size_t>(target) + 1]++;
  for (size_t r = 0; r < static_cast<size_t>(graph.nodes); r++) {
    graph.row_offsets[r + 1] += graph.row_offsets[r];
  }
  graph.col_indices.resize(sources.size());
  std::vector<int32_t> next(graph.row_offsets.begin(), graph.row_offsets.end() - 1);
  for (size_t e = 0; e < sources.size(); e++) {
    graph.col_indices[static_cast<size_t>(next[static_cast<size_t>(targets[e])]++)] =
        static_cast<int32_t>(sources[e]);
  }
  return graph;
}

CsrGraph smoke_graph(int64_t nodes, int64_t edges) {
  std::mt19937 random(7);
  CsrGraph graph;
  graph.name = "smoke";
  graph.nodes = nodes;
  graph.feature_width = 29;
  std::vector<int32_t> targets(static_cast<size_t>(edges));
  for (int32_t& target : targets) {
    target = random() % 4 == 0 ? 0 : static_cast<int32_t>(random() % static_cast<uint32_t>(nodes));
  }
  std::sort(targets.begin(), targets.end());
  graph.row_offsets.assign(static_cast<size_t>(nodes) + 1, 0);
  for (const int32_t target : targets) {
    graph.row_offsets[static_cast<size_t>(target) + 1]++;
    graph.col_indices.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(nodes)));
  }
  for (size_t r = 0; r < static_cast<size_t>(nodes); r++) {
    graph.row_offsets[r + 1] += graph.row_offsets[r];
  }
  return graph;
}
