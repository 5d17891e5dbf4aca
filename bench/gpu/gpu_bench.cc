// Kernels beside cuSPARSE and cuBLASLt on one GPU, as JSON for bench/compare.ts.
//   gpu_bench --graphs DIR[,DIR…] [--widths 16,32,64,128,256] [--samples 30] [--gpu N] --out FILE
//   gpu_bench --smoke --out FILE        a small seeded graph: that everything runs and agrees
// A graph is a folder that `gnnsched generate` writes. Exit status 1 when a result of ours is wrong.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sstream>
#include <string>

#include "bench_case.h"

using namespace gnnsched;

namespace {

struct Arguments {
  std::vector<std::string> graphs;
  std::vector<int> widths{16, 32, 64, 128, 256};
  int samples = 30, gpu = 0;
  bool smoke = false;
  std::string out, command;
};

[[noreturn]] void usage(const std::string& what) {
  std::fprintf(stderr,
               "%s\nusage: gpu_bench (--graphs DIR[,DIR...] | --smoke) [--widths 16,32,...] "
               "[--samples N] [--gpu N] --out FILE\n",
               what.c_str());
  std::exit(2);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

int number(const std::string& name, const std::string& text, int least, int most) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != 0 || value < least || value > most) {
    usage(name + ": \"" + text + "\" is not a number from " + std::to_string(least) + " to " +
          std::to_string(most));
  }
  return static_cast<int>(value);
}

Arguments read_arguments(int argc, char** argv) {
  Arguments out;
  out.command = "gpu_bench";
  for (int i = 1; i < argc; i++) {
    const std::string name = argv[i];
    out.command += " " + name;
    if (name == "--smoke") {
      out.smoke = true;
      continue;
    }
    if (i + 1 == argc) usage(name + " wants a value");
    const std::string value = argv[++i];
    out.command += " " + value;
    if (name == "--graphs") {
      out.graphs = split(value);
    } else if (name == "--widths") {
      out.widths.clear();
      for (const std::string& width : split(value)) {
        out.widths.push_back(number(name, width, 1, 4096));
      }
    } else if (name == "--samples") {
      out.samples = number(name, value, 1, 10000);
    } else if (name == "--gpu") {
      out.gpu = number(name, value, 0, 63);
    } else if (name == "--out") {
      out.out = value;
    } else {
      usage("there is no " + name);
    }
  }
  if (out.out.empty()) usage("--out is missing");
  if (out.smoke == !out.graphs.empty()) usage("either --graphs or --smoke");
  if (out.smoke) {
    out.widths = {16, 33};
    out.samples = 2;
  }
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return out + "\"";
}

#if defined(GNNSCHED_EMULATED)
constexpr bool kEmulated = true;
#else
constexpr bool kEmulated = false;
#endif

// A GPU in software has no times.
void write_spread(std::FILE* file, const char* name, const Spread& s) {
  if (kEmulated || s.samples == 0) {
    std::fprintf(file, ", \"%s\": null", name);
    return;
  }
  std::fprintf(file,
               ", \"%s\": {\"medianUs\": %.4g, \"minUs\": %.4g, \"p10Us\": %.4g, \"p90Us\": %.4g, "
               "\"maxUs\": %.4g, \"samples\": %d}",
               name, s.median_us, s.min_us, s.p10_us, s.p90_us, s.max_us, s.samples);
}

void write_row(std::FILE* file, const BenchRow& row, bool first) {
  std::fprintf(file, "%s\n    {\"kind\": %s, \"graph\": %s, \"type\": %s, ", first ? "" : ",",
               quoted(row.kind).c_str(), quoted(row.graph).c_str(), quoted(row.type).c_str());
  std::fprintf(file, "\"m\": %lld, \"k\": %lld, \"n\": %lld, \"nnz\": %lld, ", (long long)row.m,
               (long long)row.k, (long long)row.n, (long long)row.nnz);
  if (kEmulated) {
    std::fprintf(file, "\"bounds\": null, \"planMs\": null, ");
  } else {
    std::fprintf(file,
                 "\"bounds\": {\"compulsoryUs\": %.4g, \"l2Us\": %.4g, \"noReuseUs\": %.4g}, "
                 "\"planMs\": %.4g, ",
                 row.bounds.compulsory_us, row.bounds.l2_us, row.bounds.no_reuse_us, row.plan_ms);
  }
  std::fprintf(file, "\"operandBytes\": %lld, \"candidates\": [", (long long)row.peak_bytes);
  for (size_t i = 0; i < row.candidates.size(); i++) {
    const Candidate& it = row.candidates[i];
    std::fprintf(file, "%s\n      {\"name\": %s, \"workspaceBytes\": %lld, ", i == 0 ? "" : ",",
                 quoted(it.name).c_str(), (long long)it.workspace_bytes);
    if (it.problem.empty()) {
      std::fprintf(file, "\"problem\": null, \"error\": %.3g", it.error);
    } else {
      std::fprintf(file, "\"problem\": %s, \"error\": null", quoted(it.problem).c_str());
    }
    write_spread(file, "hot", it.hot);
    write_spread(file, "cold", it.cold);
    std::fprintf(file, "}");
  }
  std::fprintf(file, "]}");
}

void write_header(std::FILE* file, const Arguments& arguments, const cudaDeviceProp& gpu,
                  const Ceilings& ceilings) {
  int driver = 0;
  must(cudaDriverGetVersion(&driver), "driver");
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  std::fprintf(file, "{\n  \"bench\": \"gpu\", \"emulated\": %s, \"date\": \"%s\",\n",
               kEmulated ? "true" : "false", date);
  std::fprintf(file, "  \"command\": %s,\n", quoted(arguments.command).c_str());
  std::fprintf(file,
               "  \"gpu\": {\"name\": %s, \"computeCapability\": \"%d.%d\", \"multiprocessors\": %d, "
               "\"cuda\": \"%d.%d\"},\n",
               quoted(gpu.name).c_str(), gpu.major, gpu.minor, gpu.multiProcessorCount,
               driver / 1000, driver % 1000 / 10);
  if (kEmulated) {
    std::fprintf(file, "  \"ceilings\": null,\n  \"rows\": [");
  } else {
    std::fprintf(file,
                 "  \"ceilings\": {\"copyBytesPerSecond\": %.4g, \"l2GatherBytesPerSecond\": %.4g, "
                 "\"launchUs\": %.4g},\n  \"rows\": [",
                 ceilings.copy_bytes_per_second, ceilings.gather_bytes_per_second,
                 ceilings.launch_us);
  }
}

bool ours_are_right(const BenchRow& row) {
  bool right = true;
  for (const Candidate& it : row.candidates) {
    const bool bad = it.name.rfind("gnnsched", 0) == 0 && !it.problem.empty();
    if (bad) {
      std::fprintf(stderr, "%s %s %lld: %s: %s\n", row.kind.c_str(), row.graph.c_str(),
                   (long long)row.n, it.name.c_str(), it.problem.c_str());
    }
    right = right && !bad;
  }
  return right;
}

// So that the file is whole after each graph: the time may be up before the last.
void write_end(std::FILE* file) {
  const long end = std::ftell(file);
  std::fprintf(file, "\n  ]\n}\n");
  std::fflush(file);
  std::fseek(file, end, SEEK_SET);
}

std::vector<BenchRow> rows_of(const CsrGraph& graph, const BenchSettings& settings) {
  std::vector<BenchRow> rows;
  for (const Storage storage : {Storage::f32, Storage::f16}) {
    for (const int width : settings.widths) {
      rows.push_back(spmm_bench(graph, width, storage, settings));
    }
  }
  for (const int width : settings.widths) {
    if (width > kWidestFused) continue;  // hidden widths of first layers
    for (const Storage storage : {Storage::f32, Storage::f16, Storage::bf16}) {
      rows.push_back(
          gemm_bench(graph.name, graph.nodes, graph.feature_width, width, storage, settings));
    }
    rows.push_back(layer_bench(graph, width, settings));
  }
  rows.push_back(gat_bench(graph, 4, 16, settings));
  rows.push_back(gat_bench(graph, 8, 8, settings));
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  must(cudaSetDevice(arguments.gpu), "GPU");
  cudaDeviceProp gpu{};
  must(cudaGetDeviceProperties(&gpu, arguments.gpu), "GPU");
  size_t free = 0, total = 0;
  must(cudaMemGetInfo(&free, &total), "memory");
  cudaStream_t stream = nullptr;
  must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  const size_t copy_bytes = arguments.smoke ? size_t{1} << 16 : size_t{1} << 30;
  const Ceilings ceilings = measure_ceilings(copy_bytes, arguments.samples, stream);
  const auto l2_bytes = arguments.smoke ? size_t{1} << 14 : static_cast<size_t>(gpu.l2CacheSize);
  const BenchSettings settings{arguments.widths, arguments.samples, ceilings, l2_bytes,
                               free / 4,         gpu.major >= 8,    stream};

  std::FILE* file = std::fopen(arguments.out.c_str(), "w");
  if (file == nullptr) usage(arguments.out + " cannot be written");
  write_header(file, arguments, gpu, ceilings);
  bool first = true, right = true;
  const size_t graphs = arguments.smoke ? 1 : arguments.graphs.size();
  for (size_t i = 0; i < graphs; i++) {
    const CsrGraph graph = arguments.smoke ? smoke_graph(500, 4000) : read_graph(arguments.graphs[i]);
    for (const BenchRow& row : rows_of(graph, settings)) {
      write_row(file, row, first);
      right = ours_are_right(row) && right;
      first = false;
    }
    write_end(file);
    std::fprintf(stderr, "%s\n", graph.name.c_str());
  }
  std::fclose(file);
  return right ? 0 : 1;
}
