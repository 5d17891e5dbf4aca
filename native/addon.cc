// The border to JavaScript: ten functions, the same names in the same order as in
// src/device/native/Addon.ts. Values are checked for type here; what they say is checked by the
// device, which answers null or { place, reason }. One instance per environment, no globals.
#include <napi.h>

#include <cmath>
#include <map>
#include <memory>

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

}  // namespace

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env, Napi::Object exports) {
    DefineAddon(exports, {
                             InstanceMethod("detect", &Addon::detect, napi_enumerable),
                             InstanceMethod("open", &Addon::open, napi_enumerable),
                             InstanceMethod("close", &Addon::close, napi_enumerable),
                             InstanceMethod("info", &Addon::info, napi_enumerable),
                             InstanceMethod("grant", &Addon::grant, napi_enumerable),
                             InstanceMethod("revoke", &Addon::revoke, napi_enumerable),
                             InstanceMethod("upload", &Addon::upload, napi_enumerable),
                             InstanceMethod("submit", &Addon::submit, napi_enumerable),
                             InstanceMethod("cancel", &Addon::cancel, napi_enumerable),
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

  // (lanes, budgetBytes, isa | null, paint, onEvent) -> handle | { place, reason }
  Napi::Value open(const Napi::CallbackInfo& call) {
    Napi::Env env = call.Env();
    if (!call[4].IsFunction()) wrong_type(env, "onEvent must be a function");
    DeviceSettings settings{static_cast<int>(integer(call[0], "lanes")),
                            integer(call[1], "budgetBytes"), nullptr, call[3].ToBoolean()};
    if (settings.lanes < 1 || settings.lanes > kMaxLanes || settings.budget_bytes < 0) {
      return answer(env, refuse("open", "%d lanes (1 to %d), %lld bytes", settings.lanes, kMaxLanes,
                                static_cast<long long>(settings.budget_bytes)));
    }
    const std::string isa = call[2].IsNull() ? "" : call[2].ToString().Utf8Value();
    for (const KernelTable* table : available_kernels()) {
      if (settings.kernels == nullptr && (isa.empty() || isa == table->isa)) {
        settings.kernels = table;
      }
    }
    if (settings.kernels == nullptr) {
      return answer(env, refuse("isa", "this CPU does not run %s", isa.c_str()));
    }
    auto device = std::make_unique<Device>(env, settings);
    Verdict bad = device->open(call[4].As<Napi::Function>());
    if (bad) return answer(env, bad);
    const int64_t handle = next_handle_++;
    devices_.emplace(handle, std::move(device));
    return Napi::Number::New(env, static_cast<double>(handle));
  }

  // (handle): stops the lanes at their next operator boundary and frees the pool
  void close(const Napi::CallbackInfo& call) {
    device(call);
    devices_.erase(integer(call[0], "handle"));
  }

  // (handle) -> { isa, lanes, budgetBytes, overheadBytes, alignBytes }
  Napi::Value info(const Napi::CallbackInfo& call) {
    Device& at = device(call);
    Napi::Object out = Napi::Object::New(call.Env());
    out["isa"] = at.settings().kernels->isa;
    out["lanes"] = at.settings().lanes;
    out["budgetBytes"] = static_cast<double>(at.pool().budget_bytes());
    out["overheadBytes"] = static_cast<double>(at.overhead_bytes());
    out["alignBytes"] = static_cast<double>(kAlign);
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

  // (handle, ticket, lane, priority, words, arena, residents, output) -> as upload
  Napi::Value submit(const Napi::CallbackInfo& call) {
    auto words = typed_array<Napi::Float64Array>(call[4], napi_float64_array, "words");
    auto ids = typed_array<Napi::Float64Array>(call[6], napi_float64_array, "residents");
    auto output = typed_array<Napi::Float32Array>(call[7], napi_float32_array, "output");
    SubmitSettings request{integer(call[1], "ticket"), integer(call[2], "lane"),
                           integer(call[3], "priority"), integer(call[5], "arena"), {}};
    for (size_t i = 0; i < ids.ElementLength(); i++) {
      const double id = ids[i];
      // an id no grant has, where the number is no id at all
      request.residents.push_back(std::abs(id) < 9e15 ? static_cast<int64_t>(id) : INT64_MIN);
    }
    return answer(call.Env(), device(call).submit(request, words, output));
  }

  // (handle, ticket): the plan stops at its next operator boundary; its event still comes
  void cancel(const Napi::CallbackInfo& call) {
    device(call).cancel(integer(call[1], "ticket"));
  }

  // (handle) -> { usedBytes, peakBytes, grants }
  Napi::Value stats(const Napi::CallbackInfo& call) {
    const Pool& pool = device(call).pool();
    Napi::Object out = Napi::Object::New(call.Env());
    out["usedBytes"] = static_cast<double>(pool.used_bytes());
    out["peakBytes"] = static_cast<double>(pool.peak_bytes());
    out["grants"] = static_cast<double>(pool.grants());
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
