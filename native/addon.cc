// The border to JavaScript: eleven functions, the same names in the same order as in
// src/device/native/Addon.ts. Values are checked for type here; what they say is checked by the
// device, which answers null or { place, reason }. One instance per environment, no globals.
#include <napi.h>

#include <cmath>
#include <map>
#include <memory>

#include "cpu_engine.h"
#include "cuda/cuda_engine.h"
#include "device.h"
#include "machine.h"

namespace gnnsched {

namespace {

[[noreturn]] void wrong_type(Napi::Env env, const std::string& what) {
  throw Napi::TypeError::New(env, what);
}

int64_t integer(const Napi::Value& value, const char* what) {
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (std::trunc(number) == number && std::abs(number) <= 9007199254740991.0) {
      return static_cast<int64_t>(number);
    }
  }
  wrong_type(value.Env(), std::string(what) + " must be an integer");
}

template <typename Array>
Array typed_array(const Napi::Value& value, napi_typedarray_type type, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    wrong_type(value.Env(), std::string(what) + " has the wrong type");
  }
  return value.As<Array>();
}

Napi::Value answer(Napi::Env env, const Verdict& verdict) {
  if (!verdict) return env.Null();
  Napi::Object refusal = Napi::Object::New(env);
  refusal["place"] = verdict->place;
  refusal["reason"] = verdict->reason;
  return refusal;
}

Napi::Value text_or_null(Napi::Env env, const std::string& text) {
  return text.empty() ? env.Null() : Napi::String::New(env, text);
}

}  // namespace

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env, Napi::Object exports) {
    DefineAddon(exports, {
                             InstanceMethod("detect", &Addon::detect, napi_enumerable),
                             InstanceMethod("gpus", &Addon::gpus, napi_enumerable),
                             InstanceMethod("open", &Addon::open, napi_enumerable),
                             InstanceMethod("close", &Addon::close, napi_enumerable),
                             InstanceMethod("info", &Addon::info, napi_enumerable),
                             InstanceMethod("grant", &Addon::grant, napi_enumerable),
                             InstanceMethod("revoke", &Addon::revoke, napi_enumerable),
                             InstanceMethod("upload", &Addon::upload, napi_enumerable),
                             InstanceMethod("submit", &Addon::submit, napi_enumerable),
                             InstanceMethod("cancel", &Addon::cancel, napi_enumerable),
                             InstanceMethod("progress", &Addon::progress, napi_enumerable),
                             InstanceMethod("stats", &Addon::stats, napi_enumerable),
                         });
  }

 private:
  // () -> { name, isas, cores, memoryBytes }
  Napi::Value detect(const Napi::CallbackInfo& call) {
    Napi::Env env = call.Env();
    Napi::Object machine = Napi::Object::New(env);
    Napi::Array isas = Napi::Array::New(env);
    for (const KernelTable* table : available_kernels()) isas[isas.Length()] = table->isa;
    machine["name"] = cpu_name();
    machine["isas"] = isas;
    machine["cores"] = usable_cores();
    machine["memoryBytes"] = static_cast<double>(usable_memory_bytes());
    return machine;
  }

  // (gpu) -> { devices: [{ name, computeCapability, memoryBytes, driver, noSmShares | null }],
  //   freeBytes, reason | null }; freeBytes is of the GPU that was named, null where there is none of
  // that number
  Napi::Value gpus(const Napi::CallbackInfo& call) {
    Napi::Env env = call.Env();
    const GpuList list = list_gpus();
    Napi::Object out = Napi::Object::New(env);
    Napi::Array devices = Napi::Array::New(env);
    for (const GpuInfo& gpu : list.gpus) {
      Napi::Object device = Napi::Object::New(env);
      device["name"] = gpu.name;
      device["computeCapability"] = gpu.compute_capability;
      device["memoryBytes"] = static_cast<double>(gpu.memory_bytes);
      device["driver"] = gpu.driver;
      device["noSmShares"] = text_or_null(env, gpu.no_sm_shares);
      devices[devices.Length()] = device;
    }
    out["devices"] = devices;
    const int64_t index = integer(call[0], "gpu");
    const bool there = index >= 0 && index < static_cast<int64_t>(list.gpus.size());
    const int64_t free = there ? gpu_free_bytes(static_cast<int>(index)) : -1;
    out["freeBytes"] = free < 0 ? env.Null() : Napi::Number::New(env, static_cast<double>(free));
    out["reason"] = text_or_null(env, list.reason);
    return out;
  }

  // ({ lanes, budgetBytes, isa | null, gpu | null, paint, warmBytes, opTimings, sliceBytes,
  //   smShare }, onEvent)
  //   -> handle | { place, reason }
  Napi::Value open(const Napi::CallbackInfo& call) {
    Napi::Env env = call.Env();
    if (!call[0].IsObject()) wrong_type(env, "settings must be an object");
    if (!call[1].IsFunction()) wrong_type(env, "onEvent must be a function");
    const auto settings = call[0].As<Napi::Object>();
    const int64_t lanes = integer(settings.Get("lanes"), "lanes");
    const int64_t budget = integer(settings.Get("budgetBytes"), "budgetBytes");
    if (lanes < 1 || lanes > kMaxLanes || budget < 0) {
      return answer(env, refuse("open", "%lld lanes (1 to %d), %lld bytes",
                                static_cast<long long>(lanes), kMaxLanes,
                                static_cast<long long>(budget)));
    }
    std::unique_ptr<Engine> engine;
    Verdict bad = open_engine(settings, static_cast<int>(lanes), budget, engine);
    if (bad) return answer(env, bad);
    auto device = std::make_unique<Device>(env, std::move(engine), static_cast<int>(lanes));
    bad = device->open(call[1].As<Napi::Function>());
    if (bad) return answer(env, bad);
    const int64_t handle = next_handle_++;
    devices_.emplace(handle, std::move(device));
    return Napi::Number::New(env, static_cast<double>(handle));
  }

  static Verdict open_engine(const Napi::Object& settings, int lanes, int64_t budget,
                             std::unique_ptr<Engine>& engine) {
    const bool paint = settings.Get("paint").ToBoolean();
    const Napi::Value gpu = settings.Get("gpu");
    if (!gpu.IsNull()) {
      const bool op_timings = settings.Get("opTimings").ToBoolean();
      const int index = static_cast<int>(integer(gpu, "gpu"));
      const int64_t slice = integer(settings.Get("sliceBytes"), "sliceBytes");
      const double share = settings.Get("smShare").ToNumber().DoubleValue();
      return open_cuda({index, lanes, budget, paint, op_timings, slice, share}, engine);
    }
    const Napi::Value wanted = settings.Get("isa");
    const std::string isa = wanted.IsNull() ? "" : wanted.ToString().Utf8Value();
    for (const KernelTable* table : available_kernels()) {
      if (!isa.empty() && isa != table->isa) continue;
      auto cpu = std::make_unique<CpuEngine>(table, paint);
      Verdict bad = cpu->open(budget, integer(settings.Get("warmBytes"), "warmBytes"));
      engine = std::move(cpu);
      return bad;
    }
    return refuse("isa", "this CPU does not run %s", isa.c_str());
  }

  // (handle): stops the lanes at their next operator boundary and frees the pool
  void close(const Napi::CallbackInfo& call) {
    device(call);
    devices_.erase(integer(call[0], "handle"));
  }

  // (handle) -> { isa, lanes, budgetBytes, overheadBytes, alignBytes, gpu: null | { index,
  //   copyBytesPerSecond, sliceBytes, urgentSms, ordinarySms, notShared | null } }
  Napi::Value info(const Napi::CallbackInfo& call) {
    Device& at = device(call);
    Napi::Object out = Napi::Object::New(call.Env());
    out["isa"] = at.engine().isa();
    out["lanes"] = at.lanes();
    out["budgetBytes"] = static_cast<double>(at.pool().budget_bytes());
    out["overheadBytes"] = static_cast<double>(at.overhead_bytes());
    out["alignBytes"] = static_cast<double>(at.pool().align());
    out["gpu"] = gpu_facts(call.Env(), at.engine().gpu());
    return out;
  }

  static Napi::Value gpu_facts(Napi::Env env, const GpuFacts* facts) {
    if (facts == nullptr) return env.Null();
    Napi::Object out = Napi::Object::New(env);
    out["index"] = facts->index;
    out["copyBytesPerSecond"] = facts->copy_bytes_per_second;
    out["sliceBytes"] = facts->slice_bytes;
    out["urgentSms"] = facts->urgent_sms;
    out["ordinarySms"] = facts->ordinary_sms;
    out["notShared"] = text_or_null(env, facts->not_shared);
    return out;
  }

  // (handle, id, offset, bytes) -> null | { place, reason }
  Napi::Value grant(const Napi::CallbackInfo& call) {
    return answer(call.Env(), device(call).grant(integer(call[1], "id"), integer(call[2], "offset"),
                                                 integer(call[3], "bytes")));
  }

  // (handle, id) -> null | { place, reason }
  Napi::Value revoke(const Napi::CallbackInfo& call) {
    return answer(call.Env(), device(call).revoke(integer(call[1], "id")));
  }

  // (handle, ticket, id, Uint8Array) -> null | { place, reason }; then one event
  Napi::Value upload(const Napi::CallbackInfo& call) {
    auto data = typed_array<Napi::Uint8Array>(call[3], napi_uint8_array, "data");
    return answer(call.Env(), device(call).upload(integer(call[1], "ticket"), integer(call[2], "id"),
                                                  data));
  }

  // (handle, ticket, lane, priority, words, arena, residents, output, host, firstOp) ->
  // as upload
  Napi::Value submit(const Napi::CallbackInfo& call) {
    auto words = typed_array<Napi::Float64Array>(call[4], napi_float64_array, "words");
    auto ids = typed_array<Napi::Float64Array>(call[6], napi_float64_array, "residents");
    auto output = typed_array<Napi::Float32Array>(call[7], napi_float32_array, "output");
    SubmitSettings request{integer(call[1], "ticket"), integer(call[2], "lane"),
                           integer(call[3], "priority"), integer(call[5], "arena"), {}, {},
                           integer(call[9], "firstOp")};
    for (size_t i = 0; i < ids.ElementLength(); i++) {
      const double id = ids[i];
      // an id no grant has, where the number is no id at all
      request.residents.push_back(std::abs(id) < 9e15 ? static_cast<int64_t>(id) : INT64_MIN);
    }
    if (!call[8].IsArray()) wrong_type(call.Env(), "host must be an array");
    const auto host = call[8].As<Napi::Array>();
    for (uint32_t i = 0; i < host.Length(); i++) {
      const Napi::Value array = host[i];
      request.host.push_back(typed_array<Napi::Uint8Array>(array, napi_uint8_array, "host memory"));
    }
    return answer(call.Env(), device(call).submit(request, words, output));
  }

  // (handle, ticket): the plan stops at its next operator boundary; its event still comes
  void cancel(const Napi::CallbackInfo& call) {
    device(call).cancel(integer(call[1], "ticket"));
  }

  // (handle, lane) -> [operators done, ms since the last of them, or since the lane was given the plan] |
  // null: the lane has nothing, or the engine does not tell
  Napi::Value progress(const Napi::CallbackInfo& call) {
    const LaneProgress* lane = device(call).progress(integer(call[1], "lane"));
    if (lane == nullptr) wrong_type(call.Env(), "no such lane");
    const auto [ops_done, since_ms] = lane->view();
    if (ops_done < 0) return call.Env().Null();
    Napi::Float64Array values = Napi::Float64Array::New(call.Env(), 2);
    values[0] = static_cast<double>(ops_done);
    values[1] = since_ms;
    return values;
  }

  // (handle) -> { usedBytes, peakBytes, grants, gpu: null | { pieces, graphsMade, graphsUpdated } }
  Napi::Value stats(const Napi::CallbackInfo& call) {
    Device& at = device(call);
    const Pool& pool = at.pool();
    Napi::Object out = Napi::Object::New(call.Env());
    out["usedBytes"] = static_cast<double>(pool.used_bytes());
    out["peakBytes"] = static_cast<double>(pool.peak_bytes());
    out["grants"] = static_cast<double>(pool.grants());
    out["gpu"] = gpu_counts(call.Env(), at.engine().gpu_counts());
    return out;
  }

  static Napi::Value gpu_counts(Napi::Env env, const GpuCounts* counts) {
    if (counts == nullptr) return env.Null();
    Napi::Object out = Napi::Object::New(env);
    out["pieces"] = static_cast<double>(counts->pieces);
    out["graphsMade"] = static_cast<double>(counts->graphs_made);
    out["graphsUpdated"] = static_cast<double>(counts->graphs_updated);
    return out;
  }

  Device& device(const Napi::CallbackInfo& call) {
    const auto found = devices_.find(integer(call[0], "handle"));
    if (found == devices_.end()) wrong_type(call.Env(), "the device is closed");
    return *found->second;
  }

  static constexpr int kMaxLanes = 64;
  int64_t next_handle_ = 1;
  std::map<int64_t, std::unique_ptr<Device>> devices_;
};

NODE_API_NAMED_ADDON(gnnsched, Addon)

}  // namespace gnnsched
