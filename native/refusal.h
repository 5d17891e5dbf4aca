// Why the device did not take a grant, an upload or a plan: where, and the numbers.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <optional>
#include <string>

namespace gnnsched {

struct Refusal {
  std::string place;
  std::string reason;
};

using Verdict = std::optional<Refusal>;  // empty: accepted

__attribute__((format(printf, 2, 3))) inline Refusal refuse(std::string place, const char* format,
                                                            ...) {
  char text[256];
  va_list list;
  va_start(list, format);
  std::vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return Refusal{std::move(place), text};
}

}  // namespace gnnsched
