#pragma once
// Numbers of a tree, read branch by branch in the order of the file: without a graph, for which nothing is compiled.

#include <TBranch.h>
#include <TDirectory.h>
#include <TFile.h>
#include <TLeaf.h>
#include <TObjArray.h>
#include <TTree.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace rdfp {

// Columns of a tree that hold one number an entry.
class Rows {
public:
  Rows(const std::string &path, const std::string &tree) {
    TDirectory::TContext restore_current_directory;
    file_.reset(TFile::Open(path.c_str(), "READ"));
    tree_ = file_ && !file_->IsZombie() ? file_->Get<TTree>(tree.c_str()) : nullptr;
    if (!tree_) throw std::runtime_error("no tree '" + tree + "'");
  }

  std::int64_t entries() const { return tree_->GetEntries(); }
  bool has_friends() const { return tree_->GetListOfFriends() && tree_->GetListOfFriends()->GetEntries() > 0; }

  // Branches with all that are in them, and leaves where a branch has several, as RDataFrame names them.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    add_names(*tree_->GetListOfBranches(), found);
    return found;
  }
  // Entries of a branch; -1 where there is none of this name.
  std::int64_t entries_of(const std::string &name) const {
    const TBranch *branch = own(name);
    return branch ? branch->GetEntries() : -1;
  }
  // Whether a column is a number that `read` can give.
  bool is_plain(const std::string &name) const {
    TBranch *branch = own(name);
    // of objects, ROOT needs to be told more before it reads a member
    if (!branch || branch->IsA() != TBranch::Class() || branch->GetListOfLeaves()->GetEntries() != 1) return false;
    TLeaf *leaf = static_cast<TLeaf *>(branch->GetListOfLeaves()->At(0));
    const std::string type = leaf->GetTypeName();
    for (const char *number : {"Float_t", "Double_t", "Int_t", "UInt_t", "Long64_t", "ULong64_t", "Long_t", "ULong_t",
                               "Short_t", "UShort_t", "Char_t", "UChar_t", "Bool_t", "Float16_t", "Double32_t"})
      if (type == number) return !leaf->GetLeafCount() && leaf->GetLenStatic() == 1;
    return false;
  }

  // Read this column into number `slot` of the rows.
  void add(const std::string &name, int slot) { columns_.push_back({own(name), slot}); }

  // Fill slots of rows [first, first + n), each of `width` doubles, at an address.
  void read(std::int64_t first, std::int64_t n, std::size_t width, std::uintptr_t address) {
    auto *rows = reinterpret_cast<double *>(address);
    for (const Column &column : columns_) {
      TLeaf *leaf = static_cast<TLeaf *>(column.branch->GetListOfLeaves()->At(0));
      for (std::int64_t i = 0; i < n; ++i) {
        if (column.branch->GetEntry(first + i, 1) <= 0)
          throw std::runtime_error(std::string("branch '") + column.branch->GetName() + "' cannot be read at entry " +
                                   std::to_string(first + i));
        rows[i * width + column.slot] = leaf->GetValue();
      }
    }
  }

private:
  struct Column {
    TBranch *branch;
    int slot;
  };
  std::unique_ptr<TFile> file_;
  TTree *tree_ = nullptr;
  std::vector<Column> columns_;

  // The branch of this name, which is not one of a friend.
  TBranch *own(const std::string &name) const {
    TBranch *branch = tree_->GetBranch(name.c_str());
    return branch && branch->GetTree() == tree_ && name == branch->GetName() ? branch : nullptr;
  }
  static void add_names(TObjArray &branches, std::vector<std::string> &found) {
    for (TObject *object : branches) {
      auto *branch = static_cast<TBranch *>(object);
      found.emplace_back(branch->GetName());
      if (branch->GetListOfLeaves()->GetEntries() > 1)
        for (TObject *leaf : *branch->GetListOfLeaves())
          found.push_back(std::string(branch->GetName()) + "." + leaf->GetName());
      add_names(*branch->GetListOfBranches(), found);
    }
  }
};

} // namespace rdfp
