#pragma once
// Entries of a branch as the bytes that are in its baskets, from one file to another: whatever type a branch has, and
// whether its class is known here or not, its entries are the same afterwards. No physics here.

#include "rdfplugins/block.h"
#include "rdfplugins/row_loops.h"

#include <TBasket.h>
#include <TBranch.h>
#include <TBranchElement.h>
#include <TBuffer.h>
#include <TFile.h>
#include <TObjArray.h>
#include <TTree.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace rdfp::resample {

// What is wrong with a file that is read; all else that is thrown is about writing.
struct InputFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What of ROOT's classes is not public; no member is added.
struct OpenBranch : TBranch {
  static constexpr unsigned kPlain = kDoNotUseBufferMap; // no entry refers to a class or object stated before
};
struct OpenElement : TBranchElement {
  static Int_t TBranchElement::*maximum() { return &OpenElement::fMaximum; }
};
struct OpenBasket : TBasket {
  using TBasket::TBasket;
  void add(int entries) { fNevBuf += entries; } // as Update() does where all entries have the same size
};

// Whether a branch has baskets of its own; those of split objects only have branches.
inline bool has_data(TBranch &branch) {
  if (branch.GetListOfBranches()->GetEntriesFast() == 0) return true;
  const auto *element = dynamic_cast<TBranchElement *>(&branch);
  return element && (element->GetType() == 3 || element->GetType() == 4); // lengths of a TClonesArray, of a collection
}

// A branch and all below it, in their order.
inline void add_all(TBranch &branch, std::vector<TBranch *> &found) {
  found.push_back(&branch);
  for (TObject *inner : *branch.GetListOfBranches()) add_all(*static_cast<TBranch *>(inner), found);
}

// Entries whose sizes differ, one behind the other.
struct EntryBlock {
  Block bytes;
  std::vector<std::uint32_t> size;
  std::vector<std::uint32_t> place; // where each began in the basket for which it was made: references count from there
  std::vector<std::size_t> begin;

  void reset(std::size_t n) {
    bytes.clear();
    size.resize(n);
    place.resize(n);
    begin.resize(n);
  }
  Entries view() const { return {bytes.begin(), size.data(), place.data(), begin.data()}; }
};

// A branch that is read. Only one object may read a branch: it holds the basket.
class InBranch {
public:
  explicit InBranch(TBranch &branch) : branch_(&branch) {}

  TBranch &branch() { return *branch_; }
  // Bytes of an entry, where all have the same.
  int size_of(std::uint64_t entry) {
    find(entry);
    return size_;
  }
  // Put entries, which ascend and are all of this size, to places that are `step` bytes apart. Throws where they cannot
  // be read.
  void read(const std::uint64_t *entry, std::size_t n, char *to, std::size_t step, int size) {
    for (std::size_t run = 0; n > 0; n -= run, entry += run, to += run * step) {
      run = find(entry[0], entry, n);
      if (offsets_ || size_ != size) fail(entry[0]);
      gather(to, step, buffer_ + key_, static_cast<std::size_t>(size), entry, first_, run);
    }
  }
  // Likewise where sizes differ.
  void read(const std::uint64_t *entry, std::size_t n, EntryBlock &to) {
    to.reset(n);
    for (std::size_t run = 0, done = 0; done < n; done += run, entry += run) {
      run = find(entry[0], entry, n - done);
      if (!offsets_) make_offsets();
      std::size_t bytes = 0;
      if (!measure(offsets_, moved_, count_, key_, last_, entry, first_, run, to.size.data() + done,
                   to.place.data() + done, bytes))
        fail(entry[0]);
      copy(to.bytes.extend(bytes), buffer_, offsets_, entry, first_, to.size.data() + done, run);
    }
    sum(to.size.data(), n, to.begin.data());
  }

private:
  void find(std::uint64_t entry) {
    if (entry < first_ || entry >= end_) load(static_cast<Long64_t>(entry));
  }
  // Load the basket of an entry; returns how many of the next ones are in it.
  std::size_t find(std::uint64_t first, const std::uint64_t *entry, std::size_t n) {
    find(first);
    return below(entry, n, end_);
  }
  void load(Long64_t entry) {
    first_ = end_ = 0;
    const Long64_t *begins = branch_->GetBasketEntry();
    int low = -1, high = branch_->GetWriteBasket() + 1; // the basket is the last that begins up to the entry
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (begins[middle] <= entry ? low : high) = middle;
    }
    const int number = low;
    TBasket *basket = number < 0 || entry >= branch_->GetEntries() ? nullptr : branch_->GetBasket(number);
    if (!basket || !basket->GetBufferRef()) fail(static_cast<std::uint64_t>(entry));
    TBuffer &buffer = *basket->GetBufferRef();
    key_ = basket->GetKeylen();
    count_ = basket->GetNevBuf();
    last_ = basket->GetLast();
    buffer_ = buffer.Buffer();
    offsets_ = branch_->GetEntryOffsetLen() ? basket->GetEntryOffset() : nullptr;
    moved_ = offsets_ ? basket->GetDisplacement() : nullptr;
    size_ = offsets_ ? 0 : basket->GetNevBufSize();
    const bool sound = count_ > 0 && key_ > 0 && last_ >= key_ && last_ <= buffer.BufferSize() && size_ >= 0 &&
                       (offsets_ || key_ + Long64_t(count_) * size_ <= last_) && entry < begins[number] + count_;
    if (!sound) fail(static_cast<std::uint64_t>(entry));
    first_ = static_cast<std::uint64_t>(begins[number]);
    end_ = first_ + static_cast<std::uint64_t>(count_);
  }
  // Of a basket whose entries all have one size, for an output in which they need not.
  void make_offsets() {
    made_.resize(static_cast<std::size_t>(count_));
    for (int i = 0; i < count_; ++i) made_[static_cast<std::size_t>(i)] = key_ + i * size_;
    offsets_ = made_.data();
    last_ = key_ + count_ * size_;
  }
  [[noreturn]] void fail(std::uint64_t entry) const {
    throw InputFault(std::string("branch '") + branch_->GetFullName().Data() + "' cannot be read at entry " +
                     std::to_string(entry));
  }

  TBranch *branch_;
  std::uint64_t first_ = 0, end_ = 0; // of the entries in memory
  const char *buffer_ = nullptr;
  const int *offsets_ = nullptr, *moved_ = nullptr;
  int key_ = 0, count_ = 0, last_ = 0, size_ = 0;
  std::vector<int> made_;
};

// A branch that is written, basket by basket.
class OutBranch {
public:
  // `plain`: whether no entry refers to another.
  OutBranch(TBranch &branch, bool plain) : branch_(&branch), plain_(plain), sized_(branch.GetEntryOffsetLen() == 0) {}

  TBranch &branch() { return *branch_; }
  bool sized() const { return sized_; } // whether all entries have the same number of bytes
  int size() const { return size_; }
  void set_size(int size) { size_ = size; } // once, where it is sized
  void set_plain(bool plain) { plain_ = plain; }

  // Append entries of the one size.
  void add(const char *from, std::size_t n) {
    const auto size = static_cast<std::size_t>(size_);
    while (n > 0) {
      if (count_ == room_) make_room();
      const std::size_t run = n < room_ - count_ ? n : room_ - count_;
      std::memcpy(next_, from, run * size);
      next_ += run * size;
      from += run * size;
      count_ += run;
      n -= run;
    }
  }
  // Append entries of any sizes.
  void add(const char *from, const std::uint32_t *size, const std::uint32_t *place, std::size_t n) {
    while (n > 0) {
      TBuffer &buffer = *open().GetBufferRef();
      const auto used = static_cast<std::size_t>(buffer.Length()) + 8 * count_;
      const auto all = static_cast<std::size_t>(branch_->GetBasketSize());
      std::size_t bytes = 0;
      const std::size_t run = fitting(size, n, used < all ? all - used : 0, bytes);
      if (count_ > 0 && used + bytes + 8 * run > all) {
        flush();
        continue;
      }
      note(*basket_, buffer.Length(), size, plain_ ? nullptr : place, run);
      buffer.WriteBuf(from, static_cast<int>(bytes));
      count_ += run;
      from += bytes;
      size += run;
      place += run;
      n -= run;
    }
  }
  // Write what is in memory.
  void flush() {
    if (!basket_) return;
    if (sized_) {
      basket_->add(static_cast<int>(count_));
      basket_->SetNevBufSize(size_);
      basket_->GetBufferRef()->SetBufferOffset(basket_->GetKeylen() + static_cast<int>(count_) * size_);
    }
    if (basket_->WriteBuffer() < 0) throw std::runtime_error("a basket could not be written");
    branch_->AddBasket(*basket_, true, flushed_);
    flushed_ += static_cast<Long64_t>(count_);
    branch_->AddLastBasket(flushed_); // it must know where the next one begins
    drop();
  }
  // Forget what is in memory.
  void drop() {
    basket_.reset();
    count_ = room_ = 0;
  }

private:
  OpenBasket &open() {
    if (!basket_) basket_ = std::make_unique<OpenBasket>(branch_->GetName(), branch_->GetTree()->GetName(), branch_);
    return *basket_;
  }
  void make_room() {
    flush();
    TBuffer &buffer = *open().GetBufferRef();
    const int begin = basket_->GetKeylen(), size = size_ > 0 ? size_ : 1;
    const int room = (branch_->GetBasketSize() - begin) / size;
    room_ = room > 0 ? static_cast<std::size_t>(room) : 1;
    const int end = begin + static_cast<int>(room_) * size;
    if (buffer.BufferSize() < end) buffer.Expand(end);
    next_ = buffer.Buffer() + begin;
  }

  TBranch *branch_;
  std::unique_ptr<OpenBasket> basket_; // is not listed in the branch
  bool plain_, sized_;
  Long64_t flushed_ = 0;
  int size_ = -1;
  std::size_t count_ = 0, room_ = 0;
  char *next_ = nullptr;
};

} // namespace rdfp::resample
