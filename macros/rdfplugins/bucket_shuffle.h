#pragma once
// Records sorted by a 64-bit hash, in bounded memory: scattered over files by the first bits of the hash until each
// part fits into memory. The order is that of the hashes alone, however many parts there are. No ROOT, no physics here.

#include "rdfplugins/block.h"
#include "rdfplugins/row_loops.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace rdfp::resample {

// A file without a name: it goes with the process, however that ends.
class NamelessFile {
public:
  // `fallback`: a name for disks that want one, for a moment.
  NamelessFile(const std::string &folder, const std::string &fallback) {
    descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ >= 0) return;
    ::unlink(fallback.c_str()); // of a run that was killed in that moment; the name is ours, as that of the output
    descriptor_ = ::open(fallback.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ < 0) fail();
    ::unlink(fallback.c_str());
  }
  ~NamelessFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  NamelessFile(const NamelessFile &) = delete;
  NamelessFile &operator=(const NamelessFile &) = delete;

  void write(const char *begin, std::size_t size) {
    while (size > 0) {
      const ssize_t done = ::write(descriptor_, begin, size);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) fail();
      begin += done;
      size -= static_cast<std::size_t>(done);
    }
  }
  void read(char *begin, std::size_t size, std::size_t from) const {
    while (size > 0) {
      const ssize_t done = ::pread(descriptor_, begin, size, static_cast<off_t>(from));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) fail();
      begin += done;
      size -= static_cast<std::size_t>(done);
      from += static_cast<std::size_t>(done);
    }
  }

private:
  [[noreturn]] static void fail() { throw std::runtime_error(std::string("temporary file: ") + std::strerror(errno)); }
  int descriptor_ = -1;
};

class BucketShuffle {
public:
  // `memory`: bytes for all of it.
  BucketShuffle(const std::string &folder, const std::string &fallback, std::size_t memory)
      : folder_(folder), fallback_(fallback), limit_(memory / 2), piece_(memory / 4 / kFan) {}

  // Add records that lie one behind the other.
  void add(const char *begin, std::size_t bytes, std::size_t records) {
    if (parts_.empty()) {
      if (!kept_.begin()) kept_.reserve(limit_); // at once: growing would need twice the memory
      if (bytes <= kept_.room() && kept_.used() + bytes + (records_ + records) * sizeof(Place) <= limit_) {
        std::memcpy(kept_.end(), begin, bytes);
        kept_.use(bytes);
        records_ += records;
        return;
      }
      ++rounds_;
      open();
      send(0, kept_.begin(), kept_.used());
      kept_.free();
    }
    send(0, begin, bytes);
  }
  // All is added.
  void begin() {
    if (parts_.empty())
      sort(records_);
    else
      close(kBits);
  }
  // The next records in order, at most `most`, and where the bytes at `offset` of each are; valid until the next call.
  // Returns how many there are: 0 after the last.
  std::size_t next(std::size_t most, const Record **records, const char **cursors, std::size_t offset) {
    if (at_ == order_.size() && !pending_.empty()) load();
    const std::size_t n = order_.size() - at_ < most ? order_.size() - at_ : most;
    take(order_.data() + at_, n, records, cursors, offset);
    at_ += n;
    return n;
  }
  // How many times records were scattered over files.
  int rounds() const { return rounds_; }

private:
  static constexpr int kBits = 6; // files that are open at once, and pieces of memory for them; as `deal` has it
  static constexpr std::size_t kFan = std::size_t(1) << kBits;

  struct Part {
    std::unique_ptr<NamelessFile> file;
    Block waiting;
    std::size_t bytes = 0, records = 0;
    int bits = 0; // of the hash, that are the same in all of them
  };

  void open() {
    for (std::size_t i = 0; i < kFan; ++i) {
      parts_.push_back(std::make_unique<Part>());
      char *begin = parts_.back()->waiting.reserve(piece_);
      waiting_[i] = {begin, begin + piece_, 0, 0};
    }
  }
  void send(int bits, const char *at, std::size_t bytes) {
    const char *end = at + bytes;
    while ((at = deal(waiting_, bits, at, end)) < end) {
      const auto &record = *reinterpret_cast<const Record *>(at);
      const std::size_t number = (record.hash << bits) >> (64 - kBits);
      flush(number);
      if (record.size <= piece_) continue;
      parts_[number]->file->write(at, record.size); // larger than what waits
      waiting_[number].bytes += record.size;
      ++waiting_[number].records;
      at += record.size;
    }
  }
  void flush(std::size_t number) {
    Part &part = *parts_[number];
    if (!part.file) part.file = std::make_unique<NamelessFile>(folder_, fallback_);
    part.file->write(part.waiting.begin(), static_cast<std::size_t>(waiting_[number].at - part.waiting.begin()));
    waiting_[number].at = part.waiting.begin();
  }
  // Put the parts in front of all that is pending, the first of them first.
  void close(int bits) {
    for (std::size_t number = kFan; number-- > 0;) {
      if (waiting_[number].records == 0) continue;
      flush(number);
      Part &part = *parts_[number];
      part.waiting.free();
      part.bytes = waiting_[number].bytes;
      part.records = waiting_[number].records;
      part.bits = bits;
      pending_.push_back(std::move(parts_[number]));
    }
    parts_.clear();
  }
  // Read the next part, in smaller ones where it does not fit.
  void load() {
    std::unique_ptr<Part> part = next_part();
    while (part->bytes + part->records * sizeof(Place) > limit_ && part->records > 1 && part->bits + kBits <= 64) {
      scatter(*part);
      part = next_part();
    }
    kept_.reserve(part->bytes);
    part->file->read(kept_.begin(), part->bytes, 0);
    kept_.use(part->bytes);
    sort(part->records);
  }
  std::unique_ptr<Part> next_part() {
    std::unique_ptr<Part> part = std::move(pending_.back());
    pending_.pop_back();
    return part;
  }
  void scatter(const Part &part) {
    ++rounds_;
    kept_.free();
    open();
    Block some;
    std::size_t step = 4 * piece_;
    for (std::size_t from = 0; from < part.bytes;) {
      const std::size_t wanted = part.bytes - from < step ? part.bytes - from : step;
      part.file->read(some.reserve(wanted), wanted, from);
      const auto done = static_cast<std::size_t>(whole(some.begin(), some.begin() + wanted) - some.begin());
      if (done == 0) step *= 2; // a record that is larger
      send(part.bits, some.begin(), done);
      from += done;
    }
    close(part.bits + kBits);
  }
  // Put the records that are in memory in order.
  void sort(std::size_t records) {
    order_.resize(records);
    at_ = 0;
    list(order_.data(), kept_.begin(), kept_.end());
    std::qsort(order_.data(), records, sizeof(Place), compare);
  }

  std::string folder_, fallback_;
  std::size_t limit_, piece_;
  Block kept_; // records in memory
  std::size_t records_ = 0;
  std::vector<std::unique_ptr<Part>> parts_; // while records are scattered
  Waiting waiting_[kFan] = {};
  std::vector<std::unique_ptr<Part>> pending_; // the first is the last
  std::vector<Place> order_;
  std::size_t at_ = 0;
  int rounds_ = 0;
};

} // namespace rdfp::resample
