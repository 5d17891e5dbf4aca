// Sectors and bank conflicts: see trace.h.
#include "trace.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "block.h"

namespace emulator {

constinit thread_local bool tracing = false;

namespace {

constexpr uint64_t kSector = 32;
constexpr uint64_t kBanks = 32;
constexpr int kLanes = 32, kWarps = 32;
constexpr uint32_t kNone = 0xffffffffu;

// One place in the source, and how often each thread of this block was there.
struct Site {
  const char* file = nullptr;
  int line = 0;
  Access kind = Access::load;
  std::vector<uint32_t> turns;
  std::array<std::vector<uint32_t>, kWarps> accesses;  // of each warp: their numbers, by turn
};

// What the lanes of one warp did at one place, each its k-th time there, in the order they came.
struct WarpAccess {
  Access kind;
  int count;
  uint8_t lanes[kLanes];
  uint32_t bytes[kLanes];
  uint64_t addresses[kLanes];
};

// Least recently used sectors leave first; addresses are what they are on the host. A hash table with
// chains, and a list in the order of use: both are numbers in one array, of which it takes no more than
// there is room for.
class SmallL2 {
 public:
  explicit SmallL2(size_t bytes) : room_(static_cast<uint32_t>(bytes / kSector)) {
    while (heads_.size() < 2 * room_) heads_.resize(2 * heads_.size(), kNone);
  }

  bool touch(uint64_t sector) {
    uint32_t at = head_of(sector);
    while (at != kNone && lines_[at].sector != sector) at = lines_[at].chain;
    const bool found = at != kNone;
    if (found) {
      unlink(at);
    } else {
      at = lines_.size() < room_ ? added() : recycled();
      lines_[at].sector = sector;
      lines_[at].chain = head_of(sector);
      head_of(sector) = at;
    }
    to_front(at);
    return found;
  }

 private:
  struct Line {
    uint64_t sector;
    uint32_t chain;           // the next of the same hash
    uint32_t earlier, later;  // in the order of use
  };

  uint32_t& head_of(uint64_t sector) {
    return heads_[(sector * 0x9e3779b97f4a7c15ull >> 32) & (heads_.size() - 1)];
  }

  uint32_t added() {
    lines_.push_back({});
    return static_cast<uint32_t>(lines_.size() - 1);
  }

  // The line that was used longest ago, out of its chain.
  uint32_t recycled() {
    const uint32_t oldest = oldest_;
    unlink(oldest);
    uint32_t* link = &head_of(lines_[oldest].sector);
    while (*link != oldest) link = &lines_[*link].chain;
    *link = lines_[oldest].chain;
    return oldest;
  }

  void unlink(uint32_t at) {
    const auto [earlier, later] = std::pair(lines_[at].earlier, lines_[at].later);
    (later == kNone ? newest_ : lines_[later].earlier) = earlier;
    (earlier == kNone ? oldest_ : lines_[earlier].later) = later;
  }

  void to_front(uint32_t at) {
    lines_[at].earlier = newest_;
    lines_[at].later = kNone;
    (newest_ == kNone ? oldest_ : lines_[newest_].later) = at;
    newest_ = at;
  }

  uint32_t room_;
  uint32_t newest_ = kNone, oldest_ = kNone;
  std::vector<Line> lines_;
  std::vector<uint32_t> heads_{kNone};
};

struct Tracer {
  Counters counters;
  SmallL2 l2{0};
  std::vector<Site> sites;
  std::vector<uint32_t> places = std::vector<uint32_t>(1024, kNone);  // a hash table of the sites
  std::vector<WarpAccess> accesses;  // of this block, in the order they began
};

thread_local Tracer tracer;

Site& site_at(const char* file, int line, Access kind) {
  Tracer& t = tracer;
  const auto address = reinterpret_cast<uint64_t>(file);
  uint64_t at = (address ^ static_cast<uint64_t>(line) * 4) + static_cast<uint64_t>(kind);
  for (;; at++) {
    uint32_t& place = t.places[at % t.places.size()];
    if (place == kNone) {
      place = static_cast<uint32_t>(t.sites.size());
      if (2 * t.sites.size() > t.places.size()) fail("a kernel accesses memory in too many places");
      t.sites.push_back({file, line, kind, std::vector<uint32_t>(kLanes * kWarps, 0), {}});
      return t.sites.back();
    }
    Site& site = t.sites[place];
    if (site.file == file && site.line == line && site.kind == kind) return site;
  }
}

// Lanes share a pass where they read the same word or different banks; 16-byte accesses go by
// quarter warps, 8-byte ones by halves.
int64_t shared_conflicts(const WarpAccess& access) {
  const int group = access.bytes[0] >= 16 ? 8 : access.bytes[0] == 8 ? 16 : 32;
  int64_t conflicts = 0;
  for (int lane = 0; lane < kLanes; lane += group) {
    std::array<std::array<uint64_t, kLanes>, kBanks> words;  // the different ones
    std::array<size_t, kBanks> counts{};
    for (int i = 0; i < access.count; i++) {
      if (access.lanes[i] < lane || access.lanes[i] >= lane + group) continue;
      const uint64_t address = access.addresses[i];
      for (uint64_t word = address / 4; word < (address + access.bytes[i]) / 4; word++) {
        auto& bank = words[word % kBanks];
        size_t& count = counts[word % kBanks];
        if (std::find(bank.begin(), bank.begin() + count, word) == bank.begin() + count) {
          bank[count++] = word;
        }
      }
    }
    const size_t most = *std::max_element(counts.begin(), counts.end());
    conflicts += most > 1 ? static_cast<int64_t>(most) - 1 : 0;
  }
  return conflicts;
}

void count_access(const WarpAccess& access) {
  Counters& c = tracer.counters;
  if (access.kind == Access::shared) {
    c.shared_accesses++;
    c.bank_conflicts += shared_conflicts(access);
    return;
  }
  static thread_local std::vector<uint64_t> sectors;
  sectors.clear();
  for (int i = 0; i < access.count; i++) {
    const uint64_t address = access.addresses[i];
    for (uint64_t s = address / kSector; s <= (address + access.bytes[i] - 1) / kSector; s++) {
      if (sectors.empty() || sectors.back() != s) sectors.push_back(s);
    }
  }
  std::sort(sectors.begin(), sectors.end());
  sectors.erase(std::unique(sectors.begin(), sectors.end()), sectors.end());
  c.requested_sectors += static_cast<int64_t>(sectors.size());
  if (access.kind == Access::store) {
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
  Site& site = site_at(file, line, kind);
  const uint32_t turn = site.turns[current->number]++;
  if (bytes == 0) return;
  auto& of_warp = site.accesses[current->warp];
  if (of_warp.size() <= turn) of_warp.resize(turn + 1, kNone);
  if (of_warp[turn] == kNone) {
    of_warp[turn] = static_cast<uint32_t>(tracer.accesses.size());
    WarpAccess& fresh = tracer.accesses.emplace_back();
    fresh.kind = kind;
    fresh.count = 0;
  }
  WarpAccess& access = tracer.accesses[of_warp[turn]];
  access.lanes[access.count] = static_cast<uint8_t>(current->lane);
  access.bytes[access.count] = static_cast<uint32_t>(bytes);
  access.addresses[access.count++] = reinterpret_cast<uint64_t>(address);
}

void trace_block_start() {
  if (!tracing) return;
  tracer.accesses.clear();
  for (Site& site : tracer.sites) {
    std::fill(site.turns.begin(), site.turns.end(), 0);
    for (auto& of_warp : site.accesses) of_warp.clear();
  }
}

// The L2 sees the accesses in the order they began.
void trace_block_end() {
  if (!tracing) return;
  for (const WarpAccess& access : tracer.accesses) count_access(access);
}

}  // namespace emulator
