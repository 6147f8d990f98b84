#pragma once
// Trees with real std::vector, ROOT::RVec or counted array branches, filled from flat buffers and offsets; driven by
// rdfplugins/simulate/trees.py.

#include <ROOT/RVec.hxx>
#include <TBranch.h>
#include <TDirectory.h>
#include <TFile.h>
#include <TObjString.h>
#include <TTree.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace rdfp {

// Writes trees into a new file, one after the other. Nothing here throws: ok() is false from the first failed write on.
class TreeWriter {
public:
  TreeWriter(const std::string &path, const std::string &tree, const std::string &title, std::int64_t cluster)
      : cluster_(cluster) {
    TDirectory::TContext restore_current_directory;
    constexpr int zlib_level_1 = 101; // as the public files
    file_ = std::make_unique<TFile>(path.c_str(), "RECREATE", title.c_str(), zlib_level_1);
    if (ok()) begin(tree, title);
  }
  TreeWriter(const TreeWriter &) = delete;
  TreeWriter &operator=(const TreeWriter &) = delete;

  bool ok() const { return file_ && !file_->IsZombie() && !file_->TestBit(TFile::kWriteError) && !failed_; }

  // Add a branch of one T an event; `code` is ROOT's letter for T in the title of a leaf.
  template <typename T> void add_scalar(const std::string &name, char code) {
    auto column = std::make_unique<Scalar<T>>();
    column->branch = tree_->Branch(name.c_str(), &column->value, (name + "/" + code).c_str(), kBasket);
    columns_.push_back(std::move(column));
  }

  // Add a branch of a std::vector<T> an event.
  template <typename T> void add_vector(const std::string &name) { add_list<T, std::vector<T>>(name); }

  // Add a branch of a ROOT::RVec<T> an event, as RDataFrame's Snapshot writes it.
  template <typename T> void add_rvec(const std::string &name) { add_list<T, ROOT::RVec<T>>(name); }

  // Add a branch of an array of T an event, whose length is the branch `counter`, added before: as NanoAOD has them.
  template <typename T> void add_counted(const std::string &name, char code, const std::string &counter) {
    auto column = std::make_unique<Counted<T>>();
    for (const auto &other : columns_)
      if (counter == other->branch->GetName()) column->counter = dynamic_cast<Scalar<unsigned int> *>(other.get());
    failed_ |= !column->counter;
    if (failed_) return;
    const std::string leaf = name + "[" + counter + "]/" + code;
    column->branch = tree_->Branch(name.c_str(), &column->nothing, leaf.c_str(), kBasket);
    columns_.push_back(std::move(column));
  }

  // End the tree, and begin another one in the same file.
  void next(const std::string &tree, const std::string &title) {
    TDirectory::TContext restore_current_directory;
    failed_ |= file_->WriteTObject(tree_, nullptr, "Overwrite") == 0;
    delete tree_; // before the objects that its branches point to
    columns_.clear();
    pending_ = 0;
    begin(tree, title);
  }

  // Append events. Addresses of values and offsets (0 for scalars), one each for every branch in order; bools are
  // bytes.
  void fill(std::int64_t events, const std::vector<std::uint64_t> &values, const std::vector<std::uint64_t> &offsets) {
    TDirectory::TContext restore_current_directory;
    for (std::int64_t begin = 0; begin < events && ok();) {
      const std::int64_t end = std::min(events, begin + cluster_ - pending_);
      // branch by branch: one object and one basket stay in the cache, which is faster than event by event
      for (std::size_t i = 0; i < columns_.size() && ok(); ++i)
        failed_ |= !columns_[i]->fill(begin, end, values[i], offsets[i]);
      tree_->SetEntries(tree_->GetEntries() + end - begin);
      pending_ += end - begin;
      begin = end;
      if (pending_ < cluster_) continue;
      failed_ |= tree_->FlushBaskets() < 0; // ends a cluster, so that threads find the same boundaries in all branches
      pending_ = 0;
    }
  }

  // Store a text beside the tree.
  void text(const std::string &name, const std::string &value) {
    TObjString object(value.c_str());
    failed_ |= file_->WriteTObject(&object, name.c_str()) == 0;
  }

  // Write what is left and close the file.
  bool close() {
    TDirectory::TContext restore_current_directory;
    failed_ |= file_->WriteTObject(tree_, nullptr, "Overwrite") == 0;
    file_->Write(nullptr, TObject::kOverwrite);
    const bool good = ok();
    file_->Close(); // its last words are the list of keys and the header
    return good && !file_->TestBit(TFile::kWriteError);
  }

private:
  static constexpr int kBasket = 64 * 1024;

  struct Column {
    TBranch *branch = nullptr;
    virtual ~Column() = default;
    virtual bool fill(std::int64_t begin, std::int64_t end, std::uint64_t values, std::uint64_t offsets) = 0;
  };

  void begin(const std::string &tree, const std::string &title) {
    tree_ = new TTree(tree.c_str(), title.c_str(), 0, file_.get()); // owned by the file
    tree_->SetAutoFlush(0);                                         // clusters end where fill() says
    tree_->SetAutoSave(0);
  }

  // bools are bytes in the flat buffers
  template <typename T> using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

  template <typename T> struct Scalar final : Column {
    T value{};

    bool fill(std::int64_t begin, std::int64_t end, std::uint64_t values, std::uint64_t) override {
      const auto *flat = reinterpret_cast<const Stored<T> *>(values);
      for (std::int64_t i = begin; i < end; ++i) {
        value = static_cast<T>(flat[i]);
        if (branch->Fill() < 0) return false;
      }
      return true;
    }
  };

  template <typename T> struct Counted final : Column {
    Scalar<unsigned int> *counter = nullptr;
    Stored<T> nothing{};

    bool fill(std::int64_t begin, std::int64_t end, std::uint64_t values, std::uint64_t offsets) override {
      auto *flat = reinterpret_cast<Stored<T> *>(values);
      const auto *offset = reinterpret_cast<const std::int64_t *>(offsets);
      for (std::int64_t i = begin; i < end; ++i) {
        counter->value = static_cast<unsigned int>(offset[i + 1] - offset[i]); // the length that the leaf asks for
        branch->SetAddress(counter->value ? flat + offset[i] : &nothing);      // no copy
        if (branch->Fill() < 0) return false;
      }
      branch->SetAddress(&nothing); // the flat buffers go
      return true;
    }
  };

  template <typename T, typename Values> struct List final : Column {
    Values object;

    bool fill(std::int64_t begin, std::int64_t end, std::uint64_t values, std::uint64_t offsets) override {
      const auto *flat = reinterpret_cast<const Stored<T> *>(values);
      const auto *offset = reinterpret_cast<const std::int64_t *>(offsets);
      for (std::int64_t i = begin; i < end; ++i) {
        object.assign(flat + offset[i], flat + offset[i + 1]);
        if (branch->Fill() < 0) return false;
      }
      return true;
    }
  };

  template <typename T, typename Values> void add_list(const std::string &name) {
    auto column = std::make_unique<List<T, Values>>();
    column->branch = tree_->Branch(name.c_str(), &column->object, kBasket);
    columns_.push_back(std::move(column));
  }

  // the order matters: the file, which owns the branches, must go before the objects that the branches point to
  std::vector<std::unique_ptr<Column>> columns_;
  std::unique_ptr<TFile> file_;
  TTree *tree_ = nullptr;
  std::int64_t cluster_;
  std::int64_t pending_ = 0;
  bool failed_ = false;
};

// Why a file that TreeWriter wrote cannot be trusted: not every branch of its tree holds `events` events. Empty if it
// can.
inline std::string incomplete(const std::string &path, const std::string &tree_name, std::int64_t events) {
  TDirectory::TContext restore_current_directory;
  TFile file(path.c_str());
  if (file.IsZombie() || file.TestBit(TFile::kRecovered)) return "it cannot be read back";
  auto *tree = file.Get<TTree>(tree_name.c_str());
  if (!tree) return "it has no tree " + tree_name + " when read back";
  if (tree->GetEntries() != events) return "it holds " + std::to_string(tree->GetEntries()) + " events when read back";
  for (const TObject *object : *tree->GetListOfBranches()) {
    const auto *branch = static_cast<const TBranch *>(object);
    if (branch->GetEntries() != events)
      return std::string("branch ") + branch->GetName() + " is incomplete when read back";
  }
  return "";
}

} // namespace rdfp
