#pragma once
// The loops over rows of resample.h: plain functions, compiled when this header is read, with the optimisation of that
// moment; all else runs once a block of rows. No physics here.

#include "rdfplugins/hash.h"

#include <TBasket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rdfp::resample {

// What stands in front of a record, which is a copy of a row on its way.
struct Record {
  std::uint64_t hash, key;
  std::int32_t copy, source;
  std::uint64_t size; // of all, a multiple of 8
};

// Rows with what the new columns say of them; arrays that there are not are null.
struct Chosen {
  const std::uint64_t *entry, *key;
  const std::int32_t *class_id, *copies;
  const double *weight;
  const std::uint64_t *subsets; // a bit for each subset; the copies of a row belong to them in their order
  std::int32_t source;
};

// Copies of rows: which row, and the number of the copy.
struct Copies {
  const std::uint32_t *row;
  const std::int32_t *number;
  std::size_t n;
};

// The new columns, in their order.
enum class Extra { kClass, kSource, kKey, kCopy, kWeight, kSubset };

// Entries of a branch one behind the other, whose sizes differ.
struct Entries {
  const char *bytes;
  const std::uint32_t *size, *place;
  const std::size_t *begin;
};

namespace loops {

template <std::size_t kSize> void move(char *to, const char *from, std::size_t size) {
  std::memcpy(to, from, kSize ? kSize : size);
}
// Calls one of them, for the sizes of numbers: a size that the compiler knows is a register.
template <template <std::size_t> class Loop, typename... Arguments> void with_size(std::size_t size, Arguments... all) {
  if (size == 4) return Loop<4>::run(all...);
  if (size == 8) return Loop<8>::run(all...);
  if (size == 1) return Loop<1>::run(all...);
  Loop<0>::run(all...);
}

template <std::size_t kSize> struct Gather {
  static void run(char *to, std::size_t step, const char *base, std::size_t size, const std::uint64_t *entry,
                  std::uint64_t first, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) move<kSize>(to + i * step, base + (entry[i] - first) * size, size);
  }
};
template <std::size_t kSize> struct Pick {
  static void run(char *to, const char *from, std::size_t size, const std::uint32_t *row, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) move<kSize>(to + i * size, from + row[i] * size, size);
  }
};
template <std::size_t kSize> struct Collect {
  static void run(char *to, std::size_t size, const Record *const *record, std::size_t offset, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
      move<kSize>(to + i * size, reinterpret_cast<const char *>(record[i]) + offset, size);
  }
};

} // namespace loops

// Entries of a basket, all of one size, to places that are `step` bytes apart.
void gather(char *to, std::size_t step, const char *base, std::size_t size, const std::uint64_t *entry,
            std::uint64_t first, std::size_t n) {
  loops::with_size<loops::Gather>(size, to, step, base, size, entry, first, n);
}
// Rows of one size, several times or not at all.
void pick(char *to, const char *from, std::size_t size, const std::uint32_t *row, std::size_t n) {
  loops::with_size<loops::Pick>(size, to, from, size, row, n);
}
// The bytes at `offset` of records.
void collect(char *to, std::size_t size, const Record *const *record, std::size_t offset, std::size_t n) {
  loops::with_size<loops::Collect>(size, to, size, record, offset, n);
}

// How many of the entries, which ascend, are below `end`.
std::size_t below(const std::uint64_t *entry, std::size_t n, std::uint64_t end) {
  std::size_t found = 0;
  while (found < n && entry[found] < end) ++found;
  return found;
}
// Sizes and places of entries of a basket; how many bytes they are, and whether all lie in [key, last].
bool measure(const int *offset, const int *moved, int count, int key, int last, const std::uint64_t *entry,
             std::uint64_t first, std::size_t n, std::uint32_t *size, std::uint32_t *place, std::size_t &bytes) {
  bool sound = true;
  for (std::size_t i = 0; i < n; ++i) {
    const int k = static_cast<int>(entry[i] - first);
    const int begin = offset[k], end = k + 1 < count ? offset[k + 1] : last;
    sound &= begin >= key && end >= begin && end <= last;
    size[i] = static_cast<std::uint32_t>(end - begin);
    place[i] = static_cast<std::uint32_t>(moved ? moved[k] : begin);
    bytes += size[i];
  }
  return sound;
}
void copy(char *to, const char *base, const int *offset, const std::uint64_t *entry, std::uint64_t first,
          const std::uint32_t *size, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(to, base + offset[entry[i] - first], size[i]);
    to += size[i];
  }
}
// Sizes and places of copies; returns how many bytes they are.
std::size_t measure(const Entries &from, const std::uint32_t *row, std::size_t n, std::uint32_t *size,
                    std::uint32_t *place) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < n; ++i) {
    size[i] = from.size[row[i]];
    place[i] = from.place[row[i]];
    bytes += size[i];
  }
  return bytes;
}
void copy(char *to, const Entries &from, const std::uint32_t *row, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(to, from.bytes + from.begin[row[i]], from.size[row[i]]);
    to += from.size[row[i]];
  }
}
// Likewise of what is at the cursors, which are moved behind it by `copy`.
std::size_t measure(const char *const *cursor, std::size_t n, std::uint32_t *size, std::uint32_t *place) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(size + i, cursor[i], sizeof *size);
    std::memcpy(place + i, cursor[i] + sizeof *size, sizeof *place);
    bytes += size[i];
  }
  return bytes;
}
void copy(char *to, const char **cursor, const std::uint32_t *size, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(to, cursor[i] + 2 * sizeof *size, size[i]);
    cursor[i] += 2 * sizeof *size + size[i];
    to += size[i];
  }
}
// Where entries begin whose sizes are known.
void sum(const std::uint32_t *size, std::size_t n, std::size_t *begin) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    begin[i] = total;
    total += size[i];
  }
}
// How many of the next entries fit into `room` bytes with 8 more for each, at least one; and how many bytes they are.
std::size_t fitting(const std::uint32_t *size, std::size_t n, std::size_t room, std::size_t &bytes) {
  bytes = 0;
  std::size_t i = 0;
  for (; i < n && (i == 0 || bytes + size[i] + 8 * (i + 1) <= room); ++i) bytes += size[i];
  return i;
}
// Tell a basket of entries from `begin` on; `place` null: that nothing refers to where they were.
void note(TBasket &basket, int begin, const std::uint32_t *size, const std::uint32_t *place, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    place ? basket.Update(begin, static_cast<int>(place[i])) : basket.Update(begin);
    begin += static_cast<int>(size[i]);
  }
}

// How many of the keys, as they are stored, are those of the rows, up to the first that is another.
std::size_t equal(const char *stored, const std::uint64_t *key, std::size_t n) {
  std::size_t i = 0;
  for (; i < n; ++i) {
    std::uint64_t value = 0;
    std::memcpy(&value, stored + i * sizeof value, sizeof value);
    if (__builtin_bswap64(value) != key[i]) break;
  }
  return i;
}

// Write row and number of the copies of rows, of which each is taken once where there are no `copies`.
void expand(const std::int32_t *copies, std::size_t n, std::uint32_t *row, std::int32_t *number) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::int32_t k = 0; k < (copies ? copies[i] : 1); ++k) {
      *row++ = static_cast<std::uint32_t>(i);
      *number++ = k;
    }
}
std::size_t total(const std::int32_t *copies, std::size_t n) {
  std::size_t found = copies ? 0 : n;
  for (std::size_t i = 0; copies && i < n; ++i) found += static_cast<std::size_t>(copies[i]);
  return found;
}

// Values of a new column as they are stored, big end first, at places that are `step` bytes apart.
void fill(Extra extra, const Chosen &rows, const Copies &copies, char *to, std::size_t step) {
  for (std::size_t i = 0; i < copies.n; ++i, to += step) {
    const std::uint32_t row = copies.row[i];
    std::int32_t whole = 0;
    std::uint64_t wide = 0;
    if (extra == Extra::kClass) whole = rows.class_id[row];
    if (extra == Extra::kSource) whole = rows.source;
    if (extra == Extra::kCopy) whole = copies.number[i];
    if (extra == Extra::kKey) wide = rows.key[row];
    if (extra == Extra::kWeight) std::memcpy(&wide, rows.weight + row, sizeof wide);
    if (extra == Extra::kSubset) {
      std::uint64_t bits = rows.subsets[row];
      for (std::int32_t k = 0; k < copies.number[i]; ++k) bits &= bits - 1;
      whole = bits ? __builtin_ctzll(bits) : -1;
    }
    const std::uint32_t four = __builtin_bswap32(static_cast<std::uint32_t>(whole));
    const std::uint64_t eight = __builtin_bswap64(wide);
    if (extra == Extra::kKey || extra == Extra::kWeight)
      std::memcpy(to, &eight, sizeof eight);
    else
      std::memcpy(to, &four, sizeof four);
  }
}

// How the bytes of a record follow each other: those of one size of the row, those of the copy, and the others.
struct Layout {
  const char *row;
  std::size_t row_size;
  const char *copy;
  std::size_t copy_size;
  const Entries *others;
  std::size_t n_others;
  std::uint64_t start; // of the hash
};

// Bytes of the records of copies.
std::size_t measure(const Layout &layout, const Copies &copies, std::size_t *size) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < copies.n; ++i) {
    std::size_t found = sizeof(Record) + layout.row_size + layout.copy_size + 8 * layout.n_others;
    for (std::size_t k = 0; k < layout.n_others; ++k) found += layout.others[k].size[copies.row[i]];
    size[i] = (found + 7) / 8 * 8;
    bytes += size[i];
  }
  return bytes;
}
// Write them one behind the other.
void assemble(char *to, const Layout &layout, const Chosen &rows, const Copies &copies, const std::size_t *size) {
  for (std::size_t i = 0; i < copies.n; to += size[i], ++i) {
    const std::uint32_t row = copies.row[i];
    Record record{0, rows.key[row], copies.number[i], rows.source, size[i]};
    record.hash = combine(combine(layout.start, record.key), static_cast<std::uint64_t>(record.copy));
    std::memcpy(to, &record, sizeof record);
    char *at = to + sizeof record;
    std::memcpy(at, layout.row + row * layout.row_size, layout.row_size);
    std::memcpy(at + layout.row_size, layout.copy + i * layout.copy_size, layout.copy_size);
    at += layout.row_size + layout.copy_size;
    for (std::size_t k = 0; k < layout.n_others; ++k) {
      const Entries &other = layout.others[k];
      const std::uint32_t bytes = other.size[row];
      std::memcpy(at, &bytes, 4);
      std::memcpy(at + 4, other.place + row, 4);
      std::memcpy(at + 8, other.bytes + other.begin[row], bytes);
      at += 8 + bytes;
    }
    std::memset(at, 0, static_cast<std::size_t>(to + size[i] - at));
  }
}

// Memory that waits to be written to a file.
struct Waiting {
  char *at, *end;
  std::size_t bytes, records;
};
// Deal records out by six bits of their hashes, up to `end` or to one for which there is no room; returns where that
// is.
const char *deal(Waiting *waiting, int bits, const char *at, const char *end) {
  while (at < end) {
    const auto *record = reinterpret_cast<const Record *>(at);
    Waiting &to = waiting[(record->hash << bits) >> 58];
    if (record->size > static_cast<std::size_t>(to.end - to.at)) return at;
    std::memcpy(to.at, at, record->size);
    to.at += record->size;
    to.bytes += record->size;
    ++to.records;
    at += record->size;
  }
  return at;
}
// Where the last whole record ends before `end`; `at` where not even one is whole.
const char *whole(const char *at, const char *end) {
  while (static_cast<std::size_t>(end - at) >= sizeof(Record)) {
    const std::size_t size = reinterpret_cast<const Record *>(at)->size;
    if (size > static_cast<std::size_t>(end - at)) return at;
    at += size;
  }
  return at;
}

struct Place {
  std::uint64_t hash;
  const Record *record;
};
void list(Place *places, const char *at, const char *end) {
  for (; at < end; ++places) {
    const auto *record = reinterpret_cast<const Record *>(at);
    *places = {record->hash, record};
    at += record->size;
  }
}
void take(const Place *places, std::size_t n, const Record **records, const char **cursors, std::size_t offset) {
  for (std::size_t i = 0; i < n; ++i) {
    records[i] = places[i].record;
    cursors[i] = reinterpret_cast<const char *>(places[i].record) + offset;
  }
}
// Order of two places, for qsort. Rows that have the same key in different samples, or by mistake, have the same hash:
// what they hold decides, not where they were.
int compare(const void *one, const void *other) {
  const auto *a = static_cast<const Place *>(one), *b = static_cast<const Place *>(other);
  if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
  const Record &x = *a->record, &y = *b->record;
  if (x.key != y.key) return x.key < y.key ? -1 : 1;
  if (x.copy != y.copy) return x.copy < y.copy ? -1 : 1;
  if (x.source != y.source) return x.source < y.source ? -1 : 1;
  if (x.size != y.size) return x.size < y.size ? -1 : 1;
  return std::memcmp(&x + 1, &y + 1, x.size - sizeof(Record));
}

} // namespace rdfp::resample
