#pragma once
// New branches of a tree that is in a file already; driven by rdfplugins/append/branch.py, which hands over a copy. All
// else in the file stays as it is: keys, their order and cycles, baskets. No physics here.

#include "rdfplugins/contents.h"
#include "rdfplugins/new_file.h"

#include <TBranch.h>
#include <TFile.h>
#include <TLeaf.h>
#include <TLeafC.h>
#include <TTree.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace rdfp::append {

// What a step of the writer says when all of it was done. A call of what the interpreter cannot compile returns
// nothing, and nothing must not be success.
constexpr const char *kDone = "done";

// A branch of one float an entry, filled on its own.
class Column {
public:
  Column(TTree &tree, const std::string &name, const std::string &title)
      : name_(name), clusters_(tree.GetClusterIterator(0)) {
    branch_ = new TBranch(&tree, name.c_str(), &value_, (name + "/F").c_str(), kBasket); // owned by the tree, below
    branch_->SetTitle(title.c_str());
  }
  Column(const Column &) = delete;
  Column &operator=(const Column &) = delete;

  const std::string &name() const { return name_; }
  TBranch &branch() { return *branch_; } // as long as the file is open

  // Whether a branch that is read holds what was filled into this one.
  bool equals(TBranch &other, Long64_t entries) const {
    float value = 0;
    Checksum sum;
    other.SetAddress(&value);
    for (Long64_t entry = 0; entry < entries; ++entry) {
      if (other.GetEntry(entry) != sizeof value) return false;
      sum.add(value);
    }
    other.ResetAddress();
    return sum.value() == sum_.value();
  }

  // Every `stride`-th of the values.
  bool fill(const float *values, Long64_t rows, std::size_t stride) {
    for (Long64_t row = 0; row < rows; ++row) {
      value_ = values[row * stride];
      sum_.add(value_);
      if (branch_->Fill() < 0) return false;
      if (branch_->GetEntries() >= end_ && !end_cluster()) return false;
    }
    return true;
  }
  bool flush() { return branch_->FlushBaskets() >= 0; }

private:
  static constexpr int kBasket = 64 * 1024;
  static constexpr Long64_t kFew = 1024; // a basket of fewer entries is not worth its header

  // Baskets end where those of the other branches do, as readers, threads among them, take a cluster at a time.
  bool end_cluster() {
    const Long64_t entries = branch_->GetEntries();
    while (end_ <= entries) {
      clusters_.Next();
      const Long64_t end = clusters_.GetNextEntry();
      end_ = end > end_ ? end : std::numeric_limits<Long64_t>::max();
    }
    if (entries - flushed_ < kFew) return true;
    flushed_ = entries;
    return flush();
  }

  std::string name_;
  float value_ = 0;
  TBranch *branch_ = nullptr;
  TTree::TClusterIterator clusters_;
  Long64_t end_ = 0, flushed_ = 0;
  Checksum sum_;
};

// Why a branch of this name cannot be made, or be put in the place of one that is there; empty if it can.
inline std::string obstacle(TTree &tree, const std::string &name, bool may_replace) {
  const std::string other = "; choose another name";
  auto refuse = [&](const std::string &why) { return "'" + name + "' " + why + other; };
  if (tree.GetListOfAliases() && tree.GetListOfAliases()->FindObject(name.c_str()))
    return refuse("is an alias of the tree");
  auto *old = static_cast<TBranch *>(tree.GetListOfBranches()->FindObject(name.c_str()));
  for (TObject *object : *tree.GetListOfLeaves()) { // every branch that can be read has one
    auto *leaf = static_cast<TLeaf *>(object);
    TBranch *branch = leaf->GetBranch(), *top = branch->GetMother();
    if (old && leaf->GetLeafCount() && leaf->GetLeafCount()->GetBranch() == old)
      return refuse(std::string("is the length of branch '") + branch->GetName() + "'");
    if (top == old) continue;
    if (name == branch->GetName()) return refuse(std::string("is a part of branch '") + top->GetName() + "'");
    if (name == leaf->GetName()) return refuse(std::string("is a leaf of branch '") + branch->GetName() + "'");
  }
  if (!old) return "";
  const auto *leaf = static_cast<TLeaf *>(old->GetListOfLeaves()->At(0));
  if (old->IsA() != TBranch::Class() || old->GetListOfLeaves()->GetEntriesFast() != 1 || leaf->GetLeafCount() ||
      leaf->GetLenStatic() != 1 || leaf->IsA() == TLeafC::Class())
    return refuse("is a branch that holds more than one number an entry, it is not replaced");
  return may_replace ? ""
                     : "has a branch '" + name + "' already; force=True (--force) replaces it, or choose another name";
}

// A file that is open for the change of one of its trees. What returns a text says kDone, or why it did not work.
class Writer {
public:
  bool refused = false; // whether the last text is about the file that was given, not about writing

  Writer(const std::string &path, const std::string &tree) : path_(path), tree_path_(tree) {}
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;

  // Make branches in a tree that is there. Those at the top of the tree that have such a name are replaced, if they
  // may.
  std::string open(const std::vector<std::string> &names, const std::vector<std::string> &titles, bool may_replace) {
    return attempt([&]() -> std::string {
      {
        TFile file(path_.c_str(), "READ"); // apart: asking a tree for its helpers makes empty ones
        TTree *tree = file.IsZombie() || file.TestBit(TFile::kRecovered) ? nullptr : tree_of(file, tree_path_);
        if (!tree) return "the copy cannot be read back";
        before_ = Contents::of(file, *tree);
        refused = true;
        for (const std::string &name : names)
          if (const std::string why = obstacle(*tree, name, may_replace); !why.empty()) return why;
        refused = false;
      }
      file_ = std::make_unique<TFile>(path_.c_str(), "UPDATE");
      tree_ = file_->IsZombie() ? nullptr : tree_of(*file_, tree_path_);
      if (!tree_) return "the copy cannot be opened for writing";
      written_ = {tree_path_};
      for (std::size_t i = 0; i < names.size(); ++i) add(names[i], titles[i]);
      return "";
    });
  }

  // Make the file, which is there and empty, with a tree of these branches. `name`: of the file, as it says itself.
  std::string create(const std::string &name, const std::string &title, Long64_t entries,
                     const std::vector<std::string> &names, const std::vector<std::string> &titles) {
    return attempt([&]() -> std::string {
      if (!make_file(path_, name)) return "no place for it";
      file_ = std::make_unique<TFile>(path_.c_str(), "UPDATE");
      if (file_->IsZombie()) return "cannot be opened for writing";
      tree_ = new TTree(tree_path_.c_str(), title.c_str(), 0, file_.get()); // owned by the file
      tree_->SetAutoSave(0);
      tree_->SetEntries(entries);
      created_ = true;
      for (std::size_t i = 0; i < names.size(); ++i) add(names[i], titles[i]);
      return "";
    });
  }

  // Append rows; the address of floats, row by row, one for each branch in their order.
  std::string fill(std::uint64_t address, Long64_t rows) {
    return attempt([&]() -> std::string {
      const auto *values = reinterpret_cast<const float *>(address);
      for (std::size_t i = 0; i < columns_.size(); ++i)
        if (!columns_[i]->fill(values + i, rows, columns_.size())) return "the values could not be written";
      return failed() ? "the values could not be written" : "";
    });
  }

  // Write an object, in place of one of the same name.
  std::string put(const std::string &path, const TObject &object) {
    return attempt([&]() -> std::string {
      std::string name;
      TDirectory *in = folder_of(*file_, path, name, true);
      TKey *key = in ? in->GetKey(name.c_str()) : nullptr;
      if (name.empty() || !in || (key && (is_a(*key, TTree::Class()) || is_a(*key, TDirectory::Class()))))
        return "'" + path + "' is in the way: a tree, or a folder, or no folder";
      written_.insert(path);
      return store(*in, object, name) ? "" : "object '" + path + "' could not be written";
    });
  }

  // Write the tree, close the file, read back what was written, and look for all else.
  std::string finish() {
    const std::string reason = attempt([&] { return end(); });
    return reason == kDone ? attempt([&] { return verify(); }) : reason;
  }

  // Give up what is not finished.
  void close() {
    attempt([&]() -> std::string {
      tree_ = nullptr;
      file_.reset();
      return "";
    });
  }

private:
  // What ROOT reports goes before what was noticed of it.
  template <typename Step> static std::string attempt(Step step) {
    TDirectory::TContext restore_current_directory;
    const Quiet quiet;
    runtime::ErrorLog log;
    const std::string reason = step();
    const auto said = log.messages();
    if (!said.empty()) return said.front();
    return reason.empty() ? kDone : reason;
  }
  bool failed() const { return file_->TestBit(TFile::kWriteError); }

  void add(const std::string &name, const std::string &title) {
    auto *old = static_cast<TBranch *>(tree_->GetListOfBranches()->FindObject(name.c_str()));
    columns_.push_back(std::make_unique<Column>(*tree_, name, title));
    TBranch &branch = columns_.back()->branch();
    if (old)
      replace(*old, branch);
    else
      tree_->GetListOfBranches()->Add(&branch);
    added_.insert(name);
  }

  std::string end() {
    for (const auto &column : columns_) {
      if (!column->flush()) return "the values could not be written";
      const Long64_t entries = column->branch().GetEntries();
      if (entries != tree_->GetEntries())
        return "branch '" + column->name() + "' has " + std::to_string(entries) + " entries where the tree has " +
               std::to_string(tree_->GetEntries());
    }
    std::string name;
    TDirectory *in = folder_of(*file_, tree_path_, name);
    const bool good = in && store(*in, *tree_, name);
    const std::string base = path_.substr(path_.rfind('/') + 1);
    file_->SetName(base.substr(0, base.rfind(".part")).c_str()); // written into the lists: no path of this machine
    file_->Close();                                              // its last words are the lists of keys and the header
    const bool written = good && !failed();
    tree_ = nullptr;
    file_.reset();
    return written ? "" : "the tree could not be written";
  }

  std::string verify() const {
    TFile file(path_.c_str(), "READ");
    TTree *tree = file.IsZombie() || file.TestBit(TFile::kRecovered) ? nullptr : tree_of(file, tree_path_);
    if (!tree) return "it cannot be read back";
    const std::string lost = created_ ? "" : before_.lost(Contents::of(file, *tree), written_, added_);
    if (!lost.empty()) return lost + " when read back";
    for (const auto &column : columns_) {
      auto *branch = static_cast<TBranch *>(tree->GetListOfBranches()->FindObject(column->name().c_str()));
      if (!branch || branch->GetEntries() != tree->GetEntries() || !column->equals(*branch, tree->GetEntries()))
        return "branch '" + column->name() + "' holds other values when read back";
    }
    return "";
  }

  // Take a branch out and put the new one, whose leaf is the last, in its place.
  void replace(TBranch &old, TBranch &branch) {
    TObjArray &branches = *tree_->GetListOfBranches(), &leaves = *tree_->GetListOfLeaves();
    const int place = leaves.IndexOf(old.GetListOfLeaves()->At(0));
    TObject *leaf = leaves.RemoveAt(leaves.GetLast());
    branches.AddAt(&branch, branches.IndexOf(&old));
    leaves.AddAt(leaf, place);
    forget_size(old);
    if (!shared(old)) release(old);
    old.DropBaskets("all");
    delete &old;
  }
  // Sizes of what is stored are summed up in the tree, in steps that an int can hold.
  void forget_size(TBranch &old) {
    constexpr Long64_t step = 1 << 30;
    for (Long64_t left = old.GetTotBytes(); left > 0; left -= step)
      tree_->AddTotBytes(-static_cast<int>(std::min(left, step)));
    for (Long64_t left = old.GetZipBytes(); left > 0; left -= step)
      tree_->AddZipBytes(-static_cast<int>(std::min(left, step)));
  }
  // Whether another tree of the file, such as an older cycle of this one, has the same baskets.
  bool shared(TBranch &old) {
    std::set<Long64_t> places;
    for (int i = 0; i < old.GetWriteBasket(); ++i) places.insert(old.GetBasketSeek(i));
    bool found = false;
    each_key(*file_, "", [&](TKey &key, TDirectory &, const std::string &path) {
      if (found ||
          path + key.GetName() + std::to_string(key.GetCycle()) ==
              tree_path_ + std::to_string(key_of(*file_, tree_path_)->GetCycle()) ||
          !is_a(key, TTree::Class()))
        return;
      const std::unique_ptr<TTree> other(key.ReadObject<TTree>());
      found = !other; // who knows
      auto *branch = other ? static_cast<TBranch *>(other->GetListOfBranches()->FindObject(old.GetName())) : nullptr;
      for (int i = 0; branch && i < branch->GetWriteBasket(); ++i) found |= places.count(branch->GetBasketSeek(i)) > 0;
    });
    return found;
  }
  // Give the place of its baskets in the file back.
  void release(TBranch &old) {
    if (*old.GetFileName()) return; // they are in another file
    for (int i = 0; i < old.GetWriteBasket(); ++i)
      if (const Long64_t begin = old.GetBasketSeek(i)) file_->MakeFree(begin, begin + old.GetBasketBytes()[i] - 1);
  }

  std::string path_, tree_path_;
  Contents before_;
  std::set<std::string> written_, added_;
  std::vector<std::unique_ptr<Column>> columns_;
  std::unique_ptr<TFile> file_; // goes before the columns, to which its branches point
  TTree *tree_ = nullptr;
  bool created_ = false;
};

} // namespace rdfp::append
