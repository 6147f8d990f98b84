#pragma once
// Memory of any size. No ROOT, no physics here.

#include <cstddef>
#include <cstdlib>
#include <stdexcept>

namespace rdfp::resample {

// Bytes in memory, which are not set when there is room for more of them.
class Block {
public:
  Block() = default;
  ~Block() { std::free(begin_); }
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;

  char *begin() const { return begin_; }
  char *end() const { return begin_ + used_; }
  std::size_t used() const { return used_; }
  std::size_t room() const { return size_ - used_; }
  void use(std::size_t bytes) { used_ += bytes; }
  void clear() { used_ = 0; }
  void free() {
    std::free(begin_);
    begin_ = nullptr;
    size_ = used_ = 0;
  }
  // Room for this many bytes more behind what is in it; they count as used.
  char *extend(std::size_t bytes) {
    if (bytes > room()) {
      const std::size_t size = used_ + bytes > 2 * size_ ? used_ + bytes : 2 * size_;
      auto *grown = static_cast<char *>(std::realloc(begin_, size));
      if (!grown) throw std::runtime_error("memory ran out");
      begin_ = grown;
      size_ = size;
    }
    used_ += bytes;
    return begin_ + used_ - bytes;
  }
  // Room for this many bytes in all; what was in it is lost where it has to grow.
  char *reserve(std::size_t bytes) {
    used_ = 0;
    if (bytes <= size_) return begin_;
    free();
    begin_ = static_cast<char *>(std::malloc(bytes));
    if (!begin_) throw std::runtime_error("memory ran out");
    size_ = bytes;
    return begin_;
  }

private:
  char *begin_ = nullptr;
  std::size_t size_ = 0, used_ = 0;
};

} // namespace rdfp::resample
