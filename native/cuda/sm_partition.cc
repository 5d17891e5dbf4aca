// Shares of the multiprocessors: see sm_partition.h.
#include "cuda/sm_partition.h"

#include <cmath>

namespace gnnsched {

struct GreenDriver {
  decltype(&cuGetErrorName) error_name;
  decltype(&cuDeviceGet) device_get;
  decltype(&cuDeviceGetDevResource) device_resource;
  decltype(&cuDevSmResourceSplitByCount) split;
  decltype(&cuDevResourceGenerateDesc) describe;
  decltype(&cuGreenCtxCreate) create;
  decltype(&cuGreenCtxDestroy) destroy;
  decltype(&cuGreenCtxStreamCreate) create_stream;

  // Empty when all are there.
  std::string load();
  std::string why(const char* call, CUresult result) const;
};

namespace {

constexpr unsigned kSince = 12040;  // the CUDA that brought green contexts

template <class Call>
bool look_up(const char* name, Call& call) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult status = cudaDriverEntryPointSymbolNotFound;
  const cudaError_t bad =
      cudaGetDriverEntryPointByVersion(name, &found, kSince, cudaEnableDefault, &status);
  if (bad != cudaSuccess) (void)cudaGetLastError();
  call = reinterpret_cast<Call>(found);
  return bad == cudaSuccess && status == cudaDriverEntryPointSuccess && found != nullptr;
}

}  // namespace

std::string GreenDriver::load() {
  const bool all = look_up("cuGetErrorName", error_name) && look_up("cuDeviceGet", device_get) &&
                   look_up("cuDeviceGetDevResource", device_resource) &&
                   look_up("cuDevSmResourceSplitByCount", split) &&
                   look_up("cuDevResourceGenerateDesc", describe) &&
                   look_up("cuGreenCtxCreate", create) && look_up("cuGreenCtxDestroy", destroy) &&
                   look_up("cuGreenCtxStreamCreate", create_stream);
  return all ? "" : "the driver has none: it takes one of CUDA 12.4 or later";
}

std::string GreenDriver::why(const char* call, CUresult result) const {
  const char* name = nullptr;
  (void)error_name(result, &name);
  return std::string(call) + ": " + (name == nullptr ? std::to_string(result) : name);
}

GreenContext::~GreenContext() { (void)driver_.destroy(context_); }

std::string GreenContext::make_stream(int priority, cudaStream_t& stream) const {
  const CUresult result =
      driver_.create_stream(&stream, context_, CU_STREAM_NON_BLOCKING, priority);
  return result == CUDA_SUCCESS ? "" : driver_.why("cuGreenCtxStreamCreate", result);
}

SmPartition::SmPartition() = default;
SmPartition::~SmPartition() = default;

std::string SmPartition::open(int gpu, double urgent_share) {
  auto driver = std::make_unique<GreenDriver>();
  if (std::string missing = driver->load(); !missing.empty()) return missing;
  if (CUresult bad = driver->device_get(&device_, gpu)) return driver->why("cuDeviceGet", bad);
  CUdevResource all{}, urgent{}, rest{};
  if (CUresult bad = driver->device_resource(device_, &all, CU_DEV_RESOURCE_TYPE_SM)) {
    return driver->why("cuDeviceGetDevResource", bad);
  }
  const auto wanted = static_cast<unsigned>(std::ceil(urgent_share * all.sm.smCount));
  unsigned groups = 1;
  if (CUresult bad = driver->split(&urgent, &groups, &all, &rest, 0, wanted)) {
    return driver->why("cuDevSmResourceSplitByCount", bad);
  }
  if (groups != 1 || rest.type != CU_DEV_RESOURCE_TYPE_SM || rest.sm.smCount == 0) {
    return std::to_string(wanted) + " of " + std::to_string(all.sm.smCount) +
           " multiprocessors leave none for ordinary plans";
  }
  CUdevResource* resources[2] = {&rest, &urgent};
  for (int side = 0; side < 2; side++) {
    sms_[side] = resources[side]->sm.smCount;
    if (CUresult bad = driver->describe(&shares_[side], resources[side], 1)) {
      return driver->why("cuDevResourceGenerateDesc", bad);
    }
  }
  driver_ = std::move(driver);
  return "";
}

std::string SmPartition::make_context(bool urgent, std::unique_ptr<GreenContext>& context) const {
  CUgreenCtx made = nullptr;
  const CUresult result =
      driver_->create(&made, shares_[urgent ? 1 : 0], device_, CU_GREEN_CTX_DEFAULT_STREAM);
  if (result != CUDA_SUCCESS) return driver_->why("cuGreenCtxCreate", result);
  context = std::make_unique<GreenContext>(*driver_, made);
  return "";
}

std::string green_contexts_missing(int gpu) {
  // any share will do: what is asked is whether there can be two
  return SmPartition().open(gpu, 0.01);
}

}  // namespace gnnsched
