#include "vendor.h"

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>
#include <vector>

#include "timing.h"

namespace vendor {

namespace {

// The first that opens, in the folders of GNNSCHED_VENDOR_LIBS and then by the loader's own rules.
void* open_library(const std::vector<std::string>& names) {
  std::vector<std::string> folders;
  if (const char* set = std::getenv("GNNSCHED_VENDOR_LIBS")) {
    std::stringstream text(set);
    for (std::string folder; std::getline(text, folder, ':');) folders.push_back(folder + "/");
  }
  folders.push_back("");
  for (const std::string& folder : folders) {
    for (const std::string& name : names) {
      if (void* library = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_GLOBAL)) return library;
    }
  }
  return nullptr;
}

template <class F>
F* entry(void* library, const char* name, bool& all) {
  void* found = library == nullptr ? nullptr : dlsym(library, name);
  all = all && found != nullptr;
  return reinterpret_cast<F*>(found);
}

using Handle = void*;
constexpr int kInt32 = 2, kZeroBased = 0, kRowMajor = 2, kNoTranspose = 0;

struct Sparse {
  bool all = true;
  void* library = nullptr;
  int (*create)(Handle*) = nullptr;
  int (*set_stream)(Handle, cudaStream_t) = nullptr;
  int (*create_csr)(Handle*, int64_t, int64_t, int64_t, void*, void*, void*, int, int, int,
                    int) = nullptr;
  int (*create_dense)(Handle*, int64_t, int64_t, int64_t, void*, int, int) = nullptr;
  int (*set_values)(Handle, void*) = nullptr;
  int (*destroy_sparse)(Handle) = nullptr;
  int (*destroy_dense)(Handle) = nullptr;
  int (*buffer_size)(Handle, int, int, const void*, Handle, Handle, const void*, Handle, int, int,
                     size_t*) = nullptr;
  int (*preprocess)(Handle, int, int, const void*, Handle, Handle, const void*, Handle, int, int,
                    void*) = nullptr;
  int (*multiply)(Handle, int, int, const void*, Handle, Handle, const void*, Handle, int, int,
                  void*) = nullptr;
  Handle handle = nullptr;

  Sparse() {
    open_library({"libnvJitLink.so.13", "libnvJitLink.so.12"});  // what it needs, found beside it
    library = open_library({"libcusparse.so.12", "libcusparse.so.13", "libcusparse.so"});
    const auto get = [&](auto& to, const char* name) {
      to = entry<std::remove_pointer_t<std::remove_reference_t<decltype(to)>>>(library, name, all);
    };
    get(create, "cusparseCreate");
    get(set_stream, "cusparseSetStream");
    get(create_csr, "cusparseCreateCsr");
    get(create_dense, "cusparseCreateDnMat");
    get(set_values, "cusparseDnMatSetValues");
    get(destroy_sparse, "cusparseDestroySpMat");
    get(destroy_dense, "cusparseDestroyDnMat");
    get(buffer_size, "cusparseSpMM_bufferSize");
    get(preprocess, "cusparseSpMM_preprocess");
    get(multiply, "cusparseSpMM");
    if (all) all = create(&handle) == 0;
  }
  static Sparse& get() {
    static Sparse* it = new Sparse;
    return *it;
  }
};

class CusparseProduct final : public SparseProduct {
 public:
  ~CusparseProduct() override {
    Sparse& lib = Sparse::get();
    if (matrix_ != nullptr) lib.destroy_sparse(matrix_);
    if (x_ != nullptr) lib.destroy_dense(x_);
    if (y_ != nullptr) lib.destroy_dense(y_);
  }
  int open(const SparseShape& s, int algorithm, const void* x, void* y, cudaStream_t stream) {
    Sparse& lib = Sparse::get();
    algorithm_ = algorithm == 1 ? 4 : algorithm == 2 ? 6 : 12;
    const int number = static_cast<int>(s.number);
    auto* offsets = const_cast<int32_t*>(s.row_offsets);
    auto* columns = const_cast<int32_t*>(s.col_indices);
    if (int bad = lib.set_stream(lib.handle, stream)) return bad;
    if (int bad = lib.create_csr(&matrix_, s.m, s.k, s.nnz, offsets, columns,
                                 const_cast<void*>(s.values), kInt32, kInt32, kZeroBased, number)) {
      return bad;
    }
    if (int bad = lib.create_dense(&x_, s.k, s.n, s.n, const_cast<void*>(x), number, kRowMajor)) {
      return bad;
    }
    if (int bad = lib.create_dense(&y_, s.m, s.n, s.n, y, number, kRowMajor)) return bad;
    size_t bytes = 0;
    if (int bad = lib.buffer_size(lib.handle, kNoTranspose, kNoTranspose, &one_, matrix_, x_, &zero_,
                                  y_, 0, algorithm_, &bytes)) {
      return bad;
    }
    buffer_ = DeviceArray(bytes);
    return lib.preprocess(lib.handle, kNoTranspose, kNoTranspose, &one_, matrix_, x_, &zero_, y_, 0,
                          algorithm_, buffer_.as<void>());
  }
  int64_t workspace_bytes() const override { return static_cast<int64_t>(buffer_.bytes()); }
  cudaError_t launch(const void* x, void* y, cudaStream_t stream) override {
    Sparse& lib = Sparse::get();
    int bad = lib.set_stream(lib.handle, stream);
    if (bad == 0) bad = lib.set_values(x_, const_cast<void*>(x));
    if (bad == 0) bad = lib.set_values(y_, y);
    if (bad == 0) {
      bad = lib.multiply(lib.handle, kNoTranspose, kNoTranspose, &one_, matrix_, x_, &zero_, y_, 0,
                         algorithm_, buffer_.as<void>());
    }
    return bad == 0 ? cudaSuccess : cudaErrorUnknown;
  }

 private:
  const float one_ = 1, zero_ = 0;  // computed in float32 whatever is stored
  int algorithm_ = 0;
  Handle matrix_ = nullptr, x_ = nullptr, y_ = nullptr;
  DeviceArray buffer_;
};

constexpr int kCompute32 = 68, kCompute32Tf32 = 77;
constexpr int kEpilogueNone = 1, kEpilogueReluBias = 6;
constexpr int kAttributeEpilogue = 7, kAttributeBias = 8, kPreferWorkspaceBytes = 1;
constexpr size_t kWorkspaceBytes = size_t{32} << 20;

// cublasLtMatmulHeuristicResult_t
struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
};

struct Dense {
  bool all = true;
  int (*create)(Handle*) = nullptr;
  int (*create_desc)(Handle*, int, int) = nullptr;
  int (*set_attribute)(Handle, int, const void*, size_t) = nullptr;
  int (*create_layout)(Handle*, int, uint64_t, uint64_t, int64_t) = nullptr;
  int (*create_preference)(Handle*) = nullptr;
  int (*set_preference)(Handle, int, const void*, size_t) = nullptr;
  int (*heuristic)(Handle, Handle, Handle, Handle, Handle, Handle, Handle, int, Heuristic*,
                   int*) = nullptr;
  int (*multiply)(Handle, Handle, const void*, const void*, Handle, const void*, Handle, const void*,
                  const void*, Handle, void*, Handle, const uint64_t*, void*, size_t,
                  cudaStream_t) = nullptr;
  Handle handle = nullptr;

  Dense() {
    void* library = open_library({"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"});
    const auto get = [&](auto& to, const char* name) {
      to = entry<std::remove_pointer_t<std::remove_reference_t<decltype(to)>>>(library, name, all);
    };
    get(create, "cublasLtCreate");
    get(create_desc, "cublasLtMatmulDescCreate");
    get(set_attribute, "cublasLtMatmulDescSetAttribute");
    get(create_layout, "cublasLtMatrixLayoutCreate");
    get(create_preference, "cublasLtMatmulPreferenceCreate");
    get(set_preference, "cublasLtMatmulPreferenceSetAttribute");
    get(heuristic, "cublasLtMatmulAlgoGetHeuristic");
    get(multiply, "cublasLtMatmul");
    if (all) all = create(&handle) == 0;
  }
  static Dense& get() {
    static Dense* it = new Dense;
    return *it;
  }
};

// cuBLASLt is column-major: it computes the transposed product, bᵀ aᵀ = cᵀ, on the same memory.
class CublasProduct final : public DenseProduct {
 public:
  int open(const DenseShape& s) {
    Dense& lib = Dense::get();
    const int number = static_cast<int>(s.number);
    const int epilogue = s.bias == nullptr ? kEpilogueNone : kEpilogueReluBias;
    const auto m = static_cast<uint64_t>(s.m), k = static_cast<uint64_t>(s.k),
               n = static_cast<uint64_t>(s.n);
    Handle preference = nullptr;
    int found = 0;
    int bad = lib.create_desc(&desc_, s.tf32 ? kCompute32Tf32 : kCompute32, 0);
    if (bad == 0) bad = lib.set_attribute(desc_, kAttributeEpilogue, &epilogue, sizeof epilogue);
    if (bad == 0 && s.bias != nullptr) {
      bad = lib.set_attribute(desc_, kAttributeBias, &s.bias, sizeof s.bias);
    }
    if (bad == 0) bad = lib.create_layout(&b_, number, n, k, s.n);
    if (bad == 0) bad = lib.create_layout(&a_, number, k, m, s.k);
    if (bad == 0) bad = lib.create_layout(&c_, number, n, m, s.n);
    if (bad == 0) bad = lib.create_preference(&preference);
    if (bad == 0) {
      bad = lib.set_preference(preference, kPreferWorkspaceBytes, &kWorkspaceBytes,
                               sizeof kWorkspaceBytes);
    }
    if (bad == 0) {
      bad = lib.heuristic(lib.handle, desc_, b_, a_, c_, c_, preference, 1, &chosen_, &found);
    }
    if (bad != 0 || found == 0) return bad != 0 ? bad : 15;  // CUBLAS_STATUS_NOT_SUPPORTED
    buffer_ = DeviceArray(chosen_.workspace_bytes);
    return 0;
  }
  int64_t workspace_bytes() const override { return static_cast<int64_t>(buffer_.bytes()); }
  cudaError_t launch(const void* a, const void* b, void* c, cudaStream_t stream) override {
    Dense& lib = Dense::get();
    const float one = 1, zero = 0;
    const int bad = lib.multiply(lib.handle, desc_, &one, b, b_, a, a_, &zero, c, c_, c, c_,
                                 chosen_.algorithm, buffer_.as<void>(), buffer_.bytes(), stream);
    return bad == 0 ? cudaSuccess : cudaErrorUnknown;
  }

 private:
  Handle desc_ = nullptr, a_ = nullptr, b_ = nullptr, c_ = nullptr;
  Heuristic chosen_ = {};
  DeviceArray buffer_;
};

}  // namespace

std::unique_ptr<SparseProduct> sparse_product(const SparseShape& shape, int algorithm,
                                              const void* x, void* y, cudaStream_t stream,
                                              std::string& problem) {
  if (!Sparse::get().all) {
    problem = "cuSPARSE is not on this machine";
    return nullptr;
  }
  auto product = std::make_unique<CusparseProduct>();
  if (const int bad = product->open(shape, algorithm, x, y, stream)) {
    problem = "cusparseStatus_t " + std::to_string(bad);
    return nullptr;
  }
  return product;
}

std::unique_ptr<DenseProduct> dense_product(const DenseShape& shape, std::string& problem) {
  if (!Dense::get().all) {
    problem = "cuBLASLt is not on this machine";
    return nullptr;
  }
  auto product = std::make_unique<CublasProduct>();
  if (const int bad = product->open(shape)) {
    problem = "cublasStatus_t " + std::to_string(bad);
    return nullptr;
  }
  return product;
}

}  // namespace vendor
