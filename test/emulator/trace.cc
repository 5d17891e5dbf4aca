// Sectors and bank conflicts: see trace.h.
#include "trace.h"

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "block.h"

namespace emulator {

thread_local bool tracing = false;

namespace {

constexpr uint64_t kSector = 32;
constexpr int kBanks = 32;

struct Record {
  int warp, lane, site;
  Access kind;
  int turn;  // how many times this lane has been here
  uint64_t address;
  uint32_t bytes;
  uint32_t sequence;
};

// Least recently used sectors leave first; addresses are what they are on the host.
class SmallL2 {
 public:
  explicit SmallL2(size_t bytes) : room_(bytes / kSector) {}
  bool touch(uint64_t sector) {
    const auto found = where_.find(sector);
    if (found != where_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return true;
    }
    recent_.push_front(sector);
    where_[sector] = recent_.begin();
    if (where_.size() > room_) {
      where_.erase(recent_.back());
      recent_.pop_back();
    }
    return false;
  }

 private:
  size_t room_;
  std::list<uint64_t> recent_;
  std::unordered_map<uint64_t, std::list<uint64_t>::iterator> where_;
};

struct Tracer {
  Counters counters;
  SmallL2 l2{0};
  std::vector<Record> records;
  std::map<std::tuple<const char*, int, Access>, int> sites;
  std::unordered_map<uint64_t, int> turns;  // of (thread, site)
};

thread_local Tracer tracer;

// Lanes share a pass where they read the same word or different banks; 16-byte accesses go by
// quarter warps, 8-byte ones by halves.
int64_t shared_conflicts(const Record* first, const Record* last) {
  const int group = first->bytes >= 16 ? 8 : first->bytes == 8 ? 16 : 32;
  int64_t conflicts = 0;
  for (int lane = 0; lane < 32; lane += group) {
    std::set<uint64_t> words[kBanks];
    size_t most = 1;
    for (const Record* r = first; r < last; r++) {
      if (r->lane < lane || r->lane >= lane + group) continue;
      for (uint64_t word = r->address / 4; word < (r->address + r->bytes) / 4; word++) {
        words[word % kBanks].insert(word);
        most = std::max(most, words[word % kBanks].size());
      }
    }
    conflicts += static_cast<int64_t>(most) - 1;
  }
  return conflicts;
}

void count_access(const Record* first, const Record* last) {
  Counters& c = tracer.counters;
  if (first->kind == Access::shared) {
    c.shared_accesses++;
    c.bank_conflicts += shared_conflicts(first, last);
    return;
  }
  std::set<uint64_t> sectors;
  for (const Record* r = first; r < last; r++) {
    for (uint64_t s = r->address / kSector; s <= (r->address + r->bytes - 1) / kSector; s++) {
      sectors.insert(s);
    }
  }
  c.requested_sectors += static_cast<int64_t>(sectors.size());
  if (first->kind == Access::store) {
    c.stored_sectors += static_cast<int64_t>(sectors.size());
    return;
  }
  for (uint64_t sector : sectors) c.loaded_sectors += tracer.l2.touch(sector) ? 0 : 1;
}

}  // namespace

void start_trace(size_t l2_bytes) {
  tracer = Tracer{};
  tracer.l2 = SmallL2(l2_bytes);
  tracing = l2_bytes > 0;
}

Counters stop_trace() {
  tracing = false;
  return tracer.counters;
}

void record(Access kind, const void* address, size_t bytes, const char* file, int line) {
  const auto [found, fresh] =
      tracer.sites.try_emplace({file, line, kind}, static_cast<int>(tracer.sites.size()));
  const int site = found->second;
  const uint64_t key = static_cast<uint64_t>(current->number) << 32 | static_cast<uint32_t>(site);
  const int turn = tracer.turns[key]++;
  if (bytes == 0) return;
  tracer.records.push_back({current->warp, current->lane, site, kind, turn,
                            reinterpret_cast<uint64_t>(address), static_cast<uint32_t>(bytes),
                            static_cast<uint32_t>(tracer.records.size())});
}

void trace_block_start() {
  if (!tracing) return;
  tracer.records.clear();
  tracer.turns.clear();
}

void trace_block_end() {
  if (!tracing) return;
  auto& records = tracer.records;
  const auto access_of = [](const Record& r) { return std::tuple(r.warp, r.site, r.turn); };
  std::sort(records.begin(), records.end(), [&](const Record& a, const Record& b) {
    return std::tuple(access_of(a), a.sequence) < std::tuple(access_of(b), b.sequence);
  });
  // [first, last) of each warp access; the L2 sees them in the order they began
  std::vector<std::tuple<uint32_t, size_t, size_t>> accesses;
  for (size_t i = 0; i < records.size();) {
    size_t j = i;
    while (j < records.size() && access_of(records[j]) == access_of(records[i])) j++;
    accesses.push_back({records[i].sequence, i, j});
    i = j;
  }
  std::sort(accesses.begin(), accesses.end());
  for (const auto& [began, first, last] : accesses) {
    count_access(records.data() + first, records.data() + last);
  }
}

}  // namespace emulator
