#pragma once
// Chosen entries of trees, some of them several times, into a new tree with columns that say where they are from; in
// the order of the files, or shuffled. Driven by rdfplugins/resample/write/root.py. No physics here.

#include "rdfplugins/bucket_shuffle.h"
#include "rdfplugins/row_loops.h"
#include "rdfplugins/tree_copy.h"
#include "rdfplugins/tree_schema.h"

#include <memory>
#include <string>
#include <vector>

namespace rdfp::resample {

constexpr const char *kDone = "done"; // what a step says; a call of what the interpreter cannot compile says nothing

// The file that is written. Each step returns kDone, or why it did not work.
class Output {
public:
  bool of_input = false; // whether the last reason is about the file that was read

  Output(const std::string &path, std::size_t memory) : path_(path), memory_(memory), tree_(path) {}
  Output(const Output &) = delete;
  Output &operator=(const Output &) = delete;

  Long64_t rows() const { return tree_.rows; } // written
  int rounds() const { return shuffle_ ? shuffle_->rounds() : 0; }

  // Begin a tree like that of the file `first`. `names`: of the columns that it gets; `extras` and `titles`: names of
  // the new ones in the order of Extra, empty for each that it does not get.
  std::string create(const std::string &first, const std::string &tree, const std::vector<std::string> &names,
                     const std::vector<std::string> &extras, const std::vector<std::string> &titles) {
    return attempt([&] {
      tree_.create(first, tree, names);
      for (std::size_t i = 0; i < extras.size(); ++i) {
        if (extras[i].empty()) continue;
        const auto extra = static_cast<Extra>(i);
        const char *leaf = extra == Extra::kKey ? "/l" : extra == Extra::kWeight ? "/D" : "/I";
        tree_.add(extras[i], leaf, titles[i], leaf[1] == 'I' ? 4 : 8);
        extras_.push_back(extra);
      }
      tree_.begin(memory_ / 8);
    });
  }
  // Rows are to be sorted by a hash of `start`, their key and the number of their copy.
  std::string shuffle(const std::string &folder, std::uint64_t start) {
    return attempt([&] {
      start_ = start;
      shuffle_ = std::make_unique<BucketShuffle>(folder, path_ + ".shuffle", memory_ / 2);
    });
  }
  // Read this file from now on. `key`: the column that must hold the keys of the rows, or empty.
  std::string open(const std::string &path, const std::string &tree, std::int32_t source, const std::string &key) {
    return attempt([&] {
      source_ = source;
      tree_.open(path, tree, key);
    });
  }
  // Take rows of the file, in ascending order; addresses of arrays, 0 where there is none.
  std::string add(std::uint64_t entries, std::size_t n, std::uint64_t keys, std::uint64_t classes, std::uint64_t copies,
                  std::uint64_t weights, std::uint64_t subsets) {
    return attempt([&] {
      Chosen rows{reinterpret_cast<const std::uint64_t *>(entries),
                  reinterpret_cast<const std::uint64_t *>(keys),
                  reinterpret_cast<const std::int32_t *>(classes),
                  reinterpret_cast<const std::int32_t *>(copies),
                  reinterpret_cast<const double *>(weights),
                  reinterpret_cast<const std::uint64_t *>(subsets),
                  source_};
      if (n > 0) find_sizes(rows.entry[0]);
      for (std::size_t some = 0; n > 0; n -= some) {
        some = n < block_ ? n : block_;
        take(rows, some);
        advance(rows, some);
      }
    });
  }
  // All rows are added.
  std::string begin_merge() {
    return attempt([&] {
      tree_.leave();
      shuffle_->begin();
    });
  }
  // Write the next shuffled rows, about `most`; none where no more are left.
  std::string merge(std::size_t most) {
    return attempt([&] {
      records_.resize(kMost);
      cursors_.resize(kMost);
      for (std::size_t done = 0, n = 0; done < most; done += n) {
        n = shuffle_->next(block_, records_.data(), cursors_.data(), sizeof(Record) + fixed_);
        if (n == 0) return;
        write(n);
      }
    });
  }
  // Write the tree and texts beside it, close the file, and look at it once more.
  std::string finish(const std::vector<std::string> &names, const std::vector<std::string> &texts) {
    const std::string reason = attempt([&] { tree_.finish(names, texts); });
    return reason == kDone ? attempt([&] { tree_.verify(); }) : reason;
  }
  // Give up what is not finished.
  void close() {
    attempt([&] {
      shuffle_.reset();
      tree_.close();
    });
  }

private:
  static constexpr std::size_t kMost = 1024;     // rows at once, and
  static constexpr std::size_t kBytes = 1 << 19; // bytes of them, about: they stay in the cache

  // What ROOT reports goes behind what was noticed of it.
  template <typename Step> std::string attempt(Step step) {
    TDirectory::TContext restore_current_directory;
    const append::Quiet quiet;
    runtime::ErrorLog log;
    std::string reason;
    of_input = false;
    try {
      step();
    } catch (const InputFault &fault) {
      of_input = true;
      reason = fault.what();
    } catch (const std::exception &error) {
      reason = error.what();
    }
    const auto said = log.messages();
    if (said.empty()) return reason.empty() ? kDone : reason;
    // ROOT goes on after what it cannot do; "Write" and "writing" tell what it was
    if (reason.empty()) of_input = said.front().find("rit") == std::string::npos;
    return reason + (reason.empty() ? "" : ": ") + said.front();
  }

  // Sizes of entries are known from the first that is read.
  void find_sizes(std::uint64_t entry) {
    if (sizes_known_) return;
    for (std::size_t i = 0; i < tree_.columns.size(); ++i) {
      Column &column = *tree_.columns[i];
      if (i == tree_.copied) of_row_ = fixed_;
      if (!column.out.sized()) continue;
      if (column.in) column.out.set_size(column.in->size_of(entry));
      column.offset = fixed_;
      fixed_ += static_cast<std::size_t>(column.out.size());
    }
    if (extras_.empty()) of_row_ = fixed_;
    sizes_known_ = true;
  }
  static void advance(Chosen &rows, std::size_t n) {
    rows.entry += n;
    if (rows.key) rows.key += n;
    if (rows.class_id) rows.class_id += n;
    if (rows.copies) rows.copies += n;
    if (rows.weight) rows.weight += n;
    if (rows.subsets) rows.subsets += n;
  }

  // ---- what is read

  void take(const Chosen &rows, std::size_t n) {
    if (InBranch *key = tree_.key()) check_keys(*key, rows, n);
    const std::size_t bytes = read(rows, n) / n + 1;
    const std::size_t all = total(rows.copies, n);
    row_.resize(all);
    number_.resize(all);
    expand(rows.copies, n, row_.data(), number_.data());
    for (std::size_t begin = 0, some = 0; begin < all; begin += some) { // one row may have many copies
      some = all - begin < kMost ? all - begin : kMost;
      const Copies copies{row_.data() + begin, number_.data() + begin, some};
      if (shuffle_)
        scatter(rows, copies);
      else
        append(rows, copies, some == n && all == n);
      if (!shuffle_) tree_.added(some, some * bytes);
    }
    fit_block(bytes);
  }
  void fit_block(std::size_t bytes) {
    block_ = kBytes / bytes;
    block_ = block_ < 1 ? 1 : block_ > kMost ? kMost : block_;
  }
  void check_keys(InBranch &key, const Chosen &rows, std::size_t n) {
    constexpr int size = sizeof(std::uint64_t);
    values_.reserve(n * size);
    key.read(rows.entry, n, values_.begin(), size, size);
    const std::size_t same = equal(values_.begin(), rows.key, n);
    if (same < n)
      throw InputFault("entry " + std::to_string(rows.entry[same]) +
                       " has another event_key than when it was chosen; choose again");
  }
  // Read all columns of rows into memory; returns how many bytes they are. Where all entries have one size, they go
  // side by side for a shuffle, and column by column without.
  std::size_t read(const Chosen &rows, std::size_t n) {
    char *row = of_rows_.reserve(n * of_row_ + 1);
    std::size_t bytes = n * fixed_;
    for (std::size_t i = 0; i < tree_.copied; ++i) {
      Column &column = *tree_.columns[i];
      if (!column.out.sized()) {
        column.in->read(rows.entry, n, column.entries);
        bytes += column.entries.bytes.used();
        continue;
      }
      const int size = column.out.size();
      if (shuffle_)
        column.in->read(rows.entry, n, row + column.offset, of_row_, size);
      else
        column.in->read(rows.entry, n, row + n * column.offset, static_cast<std::size_t>(size), size);
    }
    read_ = n;
    return bytes;
  }
  // Values of the new columns, `step` bytes apart; 0: column by column.
  const char *fill_extras(const Chosen &rows, const Copies &copies, std::size_t step) {
    char *begin = values_.reserve(copies.n * (fixed_ - of_row_) + 1);
    for (std::size_t i = 0; i < extras_.size(); ++i) {
      const Column &column = *tree_.columns[tree_.copied + i];
      const std::size_t offset = column.offset - of_row_, size = static_cast<std::size_t>(column.out.size());
      fill(extras_[i], rows, copies, begin + (step ? offset : offset * copies.n), step ? step : size);
    }
    return begin;
  }

  // ---- in the order of the files

  // `once`: whether these are all rows that were read, each once.
  void append(const Chosen &rows, const Copies &copies, bool once) {
    for (std::size_t i = 0; i < tree_.copied; ++i) {
      Column &column = *tree_.columns[i];
      if (column.out.sized())
        append_sized(column, copies, once);
      else
        append_entries(column, copies, once);
    }
    const char *values = fill_extras(rows, copies, 0);
    for (std::size_t i = tree_.copied; i < tree_.columns.size(); ++i) {
      Column &column = *tree_.columns[i];
      column.out.add(values + (column.offset - of_row_) * copies.n, copies.n);
    }
  }
  void append_sized(Column &column, const Copies &copies, bool once) {
    const char *from = of_rows_.begin() + read_ * column.offset;
    const auto size = static_cast<std::size_t>(column.out.size());
    if (!once) {
      char *picked = picked_.bytes.reserve(copies.n * size + 1);
      pick(picked, from, size, copies.row, copies.n);
      from = picked;
    }
    column.out.add(from, copies.n);
  }
  void append_entries(Column &column, const Copies &copies, bool once) {
    const EntryBlock &from = once ? column.entries : picked_;
    if (!once) {
      picked_.reset(copies.n);
      const Entries all = column.entries.view();
      const std::size_t bytes = measure(all, copies.row, copies.n, picked_.size.data(), picked_.place.data());
      copy(picked_.bytes.extend(bytes), all, copies.row, copies.n);
    }
    column.out.add(from.bytes.begin(), from.size.data(), from.place.data(), copies.n);
  }

  // ---- shuffled

  void scatter(const Chosen &rows, const Copies &copies) {
    const std::size_t step = fixed_ - of_row_;
    const char *values = fill_extras(rows, copies, step);
    others_.clear();
    for (std::size_t i = 0; i < tree_.copied; ++i)
      if (!tree_.columns[i]->out.sized()) others_.push_back(tree_.columns[i]->entries.view());
    const Layout layout{of_rows_.begin(), of_row_, values, step, others_.data(), others_.size(), start_};
    sizes_.resize(copies.n);
    const std::size_t bytes = measure(layout, copies, sizes_.data());
    char *begin = picked_.bytes.reserve(bytes);
    assemble(begin, layout, rows, copies, sizes_.data());
    shuffle_->add(begin, bytes, copies.n);
  }
  void write(std::size_t n) {
    std::size_t bytes = n * fixed_;
    for (const auto &column : tree_.columns) {
      if (column->out.sized()) {
        const auto size = static_cast<std::size_t>(column->out.size());
        char *values = picked_.bytes.reserve(n * size + 1);
        collect(values, size, records_.data(), sizeof(Record) + column->offset, n);
        column->out.add(values, n);
        continue;
      }
      picked_.reset(n);
      const std::size_t found = measure(cursors_.data(), n, picked_.size.data(), picked_.place.data());
      copy(picked_.bytes.extend(found), cursors_.data(), picked_.size.data(), n);
      column->out.add(picked_.bytes.begin(), picked_.size.data(), picked_.place.data(), n);
      bytes += found;
    }
    tree_.added(n, bytes);
    fit_block(bytes / n + 1);
  }

  std::string path_;
  std::size_t memory_;
  TreeCopy tree_;
  std::vector<Extra> extras_;
  std::int32_t source_ = 0;
  bool sizes_known_ = false;
  std::size_t of_row_ = 0; // bytes of a row in columns of the inputs whose entries have one size
  std::size_t fixed_ = 0;  // and in the new columns
  std::size_t block_ = 16; // rows at once

  std::size_t read_ = 0; // rows that are in memory
  Block of_rows_, values_;
  std::vector<std::uint32_t> row_;
  std::vector<std::int32_t> number_;
  EntryBlock picked_;

  std::unique_ptr<BucketShuffle> shuffle_;
  std::uint64_t start_ = 0;
  std::vector<Entries> others_;
  std::vector<std::size_t> sizes_;
  std::vector<const Record *> records_;
  std::vector<const char *> cursors_;
};

} // namespace rdfp::resample
