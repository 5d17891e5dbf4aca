// A GPU's multiprocessors shared out between urgent and ordinary plans, by green contexts of the driver
// (CUDA 12.4): kernels of one class run on its own multiprocessors alone. The two halves cover the device
// and nothing runs outside of them, because a kernel of the ordinary context would use all of it.
#pragma once
#include <cuda.h>
#include <cuda_runtime_api.h>

#include <memory>
#include <string>

namespace gnnsched {

// The driver's functions, looked up when they are wanted: an older driver lacks them.
struct GreenDriver;

// One class's share, for the streams of one lane: a green context must not be used by two threads.
class GreenContext {
 public:
  GreenContext(const GreenDriver& driver, CUgreenCtx context) : driver_(driver), context_(context) {}
  ~GreenContext();
  GreenContext(const GreenContext&) = delete;
  GreenContext& operator=(const GreenContext&) = delete;

  // Destroyed as any stream, before the context.
  std::string make_stream(int priority, cudaStream_t& stream) const;

 private:
  const GreenDriver& driver_;
  CUgreenCtx context_;
};

class SmPartition {
 public:
  SmPartition();
  ~SmPartition();

  // Why this driver or GPU cannot be shared out, or nothing. Splits off what urgent plans get: at least
  // that share, in the steps that the hardware has.
  std::string open(int gpu, double urgent_share);
  std::string make_context(bool urgent, std::unique_ptr<GreenContext>& context) const;

  unsigned urgent_sms() const { return sms_[1]; }
  unsigned ordinary_sms() const { return sms_[0]; }

 private:
  std::unique_ptr<GreenDriver> driver_;
  CUdevice device_ = 0;
  CUdevResourceDesc shares_[2] = {nullptr, nullptr};  // ordinary, urgent
  unsigned sms_[2] = {0, 0};
};

// Why green contexts cannot be had on this GPU, or nothing.
std::string green_contexts_missing(int gpu);

}  // namespace gnnsched
