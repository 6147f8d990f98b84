#pragma once
// A new tree like one that is there, with some of its columns and new ones, and the trees from which it is filled by
// the bytes of their entries. No physics here.

#include "rdfplugins/baskets.h"
#include "rdfplugins/contents.h"
#include "rdfplugins/new_file.h"

#include <Compression.h>
#include <TLeafC.h>
#include <TObjString.h>
#include <TStreamerInfo.h>
#include <TVirtualIndex.h>

#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace rdfp::resample {

// One branch of the output with baskets, and that of the input from which it is filled.
struct Column {
  OutBranch out;
  std::shared_ptr<InBranch> in;
  std::size_t offset = 0; // of its bytes in those of a row that have one size
  EntryBlock entries;     // of some rows, where sizes differ

  Column(TBranch &branch, bool plain) : out(branch, plain) {}
};

class TreeCopy {
public:
  std::vector<std::unique_ptr<Column>> columns; // those of the inputs, then the new ones
  std::size_t copied = 0;                       // how many are of the inputs
  Long64_t rows = 0;

  explicit TreeCopy(const std::string &path) : path_(path) {}

  // Fill the file, which is there and empty, with a tree like that of the file `first`, of which it gets the columns
  // named.
  void create(const std::string &first, const std::string &tree, const std::vector<std::string> &names) {
    const std::string base = path_.substr(path_.rfind('/') + 1);
    name_ = base.substr(0, base.rfind(".part")); // written into the file: no path of this machine
    if (!make_file(path_, name_)) throw std::runtime_error("no place for it");
    file_ = std::make_unique<TFile>(path_.c_str(), "UPDATE");
    if (file_->IsZombie()) throw std::runtime_error("cannot be opened for writing");
    clone(first, tree, std::set<std::string>(names.begin(), names.end()));
    copied = columns.size();
  }
  // Add a column of one number a row, of so many bytes.
  void add(const std::string &name, const std::string &leaf, const std::string &title, int size) {
    TBranch *branch = tree_->Branch(name.c_str(), &nothing_, (name + leaf).c_str());
    branch->SetTitle(title.c_str());
    columns.push_back(std::make_unique<Column>(*branch, true));
    columns.back()->out.set_size(size);
  }
  // All columns are there: `memory` bytes are for what waits to be written of them.
  void begin(std::size_t memory) {
    for (TObject *branch : *tree_->GetListOfBranches()) static_cast<TBranch *>(branch)->SetCompressionSettings(kZip);
    const std::size_t share = columns.empty() ? kBasket : memory / columns.size();
    const std::size_t size = share < kLeast ? kLeast : share > kBasket ? kBasket : share;
    for (const auto &column : columns) column->out.branch().SetBasketSize(static_cast<int>(size));
  }
  // Read this file from now on. `key`: a column that is read besides; it may be one of those that are copied.
  void open(const std::string &path, const std::string &name, const std::string &key) {
    leave();
    input_ = std::make_unique<TFile>(path.c_str(), "READ");
    TTree *tree = input_->IsZombie() ? nullptr : append::tree_of(*input_, name);
    if (!tree) throw InputFault("tree '" + name + "' cannot be read");
    tree->SetCacheSize(0); // all is read in its order, and memory is that of one basket a branch
    bind(*tree);
    TObject *branch = key.empty() ? nullptr : tree->GetListOfBranches()->FindObject(key.c_str());
    if (branch) key_ = reader_of(*static_cast<TBranch *>(branch));
    copy_streamers();
  }
  void leave() {
    for (const auto &column : columns) column->in.reset();
    key_.reset();
    input_.reset();
  }
  InBranch *key() { return key_.get(); }

  // Rows were added to all columns; `bytes` are theirs before compression.
  void added(std::size_t n, std::size_t bytes) {
    rows += static_cast<Long64_t>(n);
    pending_ += bytes;
    if (pending_ < kCluster) return;
    pending_ = 0;
    flush();
    tree_->FlushBaskets(); // notes where the cluster ends: it has no baskets
  }
  // Write the tree and texts beside it, and close the file.
  void finish(const std::vector<std::string> &names, const std::vector<std::string> &texts) {
    leave();
    flush();
    for (TBranch *node : nodes_) node->SetEntries(rows);
    tree_name_ = tree_->GetName();
    bool good = append::store(*file_, *tree_, tree_name_);
    for (std::size_t i = 0; i < names.size(); ++i)
      good &= append::store(*file_, TObjString(texts[i].c_str()), names[i]);
    columns.clear();
    tree_ = nullptr;
    file_->SetName(name_.c_str());
    file_->Close(); // its last words are the lists of keys and the header
    good &= !file_->TestBit(TFile::kWriteError);
    file_.reset();
    if (!good) throw std::runtime_error("the tree could not be written");
  }
  // Throws where the file is not what it should be.
  void verify() const {
    TFile file(path_.c_str(), "READ");
    const bool open = !file.IsZombie() && !file.TestBit(TFile::kRecovered);
    TTree *tree = open ? append::tree_of(file, tree_name_) : nullptr;
    if (!tree || tree->GetEntries() != rows) throw std::runtime_error("the tree cannot be read back");
    for (TBranch *branch : all_of(*tree)) {
      if (branch->GetEntries() != rows)
        throw std::runtime_error(std::string("branch '") + branch->GetName() + "' is incomplete when read back");
      if (has_data(*branch) && rows > 0) InBranch(*branch).size_of(static_cast<std::uint64_t>(rows - 1));
    }
  }
  // Give up what is not finished.
  void close() {
    leave();
    columns.clear(); // before the tree, of which they hold branches
    tree_ = nullptr;
    file_.reset();
  }

private:
  static constexpr std::size_t kCluster = 30'000'000;           // bytes before compression
  static constexpr std::size_t kLeast = 2048, kBasket = 65'536; // bytes of a basket
  static constexpr int kZip = 501;                              // zstd, least time: as the trees of select

  static std::vector<TBranch *> all_of(TTree &tree) {
    std::vector<TBranch *> found;
    for (TObject *branch : *tree.GetListOfBranches()) add_all(*static_cast<TBranch *>(branch), found);
    return found;
  }
  static bool is_plain(TBranch &branch) {
    return branch.IsA() == TBranch::Class() || branch.TestBit(OpenBranch::kPlain);
  }

  // ---- the output

  void clone(const std::string &first, const std::string &path, const std::set<std::string> &wanted) {
    TFile file(first.c_str(), "READ");
    TTree *source = file.IsZombie() ? nullptr : append::tree_of(file, path);
    if (!source) throw InputFault("tree '" + path + "' cannot be read");
    for (TObject *top : *source->GetListOfBranches()) {
      std::vector<TBranch *> all; // not every class tells its branches
      add_all(*static_cast<TBranch *>(top), all);
      for (TBranch *branch : all) branch->SetStatus(wanted.count(top->GetName()) > 0);
    }
    if (TList *friends = source->GetListOfFriends()) friends->Delete(); // they would be opened
    file_->cd();
    tree_ = source->CloneTree(0); // owned by the file
    if (!tree_) throw std::runtime_error("the tree cannot be made");
    if (source->GetListOfClones()) source->GetListOfClones()->Remove(tree_); // which would follow its addresses
    tree_->ResetBranchAddresses();
    tree_->Reset();
    tree_->SetDirectory(file_.get());
    tree_->SetAutoFlush(0); // clusters end where added() says
    tree_->SetAutoSave(0);
    tree_->ResetBit(TTree::kEntriesReshuffled);
    if (TVirtualIndex *index = tree_->GetTreeIndex()) { // of other entries
      tree_->SetTreeIndex(nullptr);
      delete index;
    }
    TObjArray &tops = *tree_->GetListOfBranches();
    for (int i = tops.GetLast(); i >= 0; --i) // of some classes it keeps branches without any below
      if (!wanted.count(tops.At(i)->GetName())) delete tops.RemoveAt(i);
    tops.Compress();
    for (TBranch *branch : all_of(*tree_)) {
      branch->SetFile(file_.get()); // that of the input may have a file of its own
      if (has_data(*branch))
        columns.push_back(std::make_unique<Column>(*branch, is_plain(*branch)));
      else
        nodes_.push_back(branch);
    }
  }
  void flush() {
    for (const auto &column : columns) column->out.flush();
    tree_->SetEntries(rows);
    if (file_->TestBit(TFile::kWriteError)) throw std::runtime_error("the rows could not be written");
  }

  // ---- the input

  std::shared_ptr<InBranch> reader_of(TBranch &branch) {
    for (const auto &column : columns)
      if (column->in && &column->in->branch() == &branch) return column->in;
    return std::make_shared<InBranch>(branch);
  }
  void bind(TTree &tree) {
    std::size_t next = 0;
    for (TObject *object : *tree_->GetListOfBranches()) {
      if (next == copied) break; // what follows is new
      std::vector<TBranch *> to, from;
      add_all(*static_cast<TBranch *>(object), to);
      if (TObject *branch = tree.GetListOfBranches()->FindObject(object->GetName()))
        add_all(*static_cast<TBranch *>(branch), from);
      if (from.size() != to.size()) throw InputFault(std::string("branch '") + object->GetName() + "' is another one");
      for (std::size_t i = 0; i < to.size(); ++i) {
        widen(*from[i], *to[i]);
        if (has_data(*to[i])) bind(*columns[next++], *from[i]);
      }
    }
  }
  static void bind(Column &column, TBranch &from) {
    if (column.out.sized() && from.GetEntryOffsetLen() != 0)
      throw InputFault(std::string("branch '") + from.GetFullName().Data() +
                       "' is stored in another way than in the first file");
    column.in = std::make_shared<InBranch>(from);
    if (is_plain(from)) return;
    column.out.set_plain(false);
    column.out.branch().ResetBit(OpenBranch::kPlain);
  }
  // Lengths of arrays that the header of the output must admit.
  static void widen(TBranch &from, TBranch &to) {
    for (int i = 0; i < to.GetListOfLeaves()->GetEntriesFast(); ++i) {
      auto *leaf = static_cast<TLeaf *>(to.GetListOfLeaves()->At(i));
      auto *other = static_cast<TLeaf *>(from.GetListOfLeaves()->At(i));
      if (!other) continue;
      leaf->IncludeRange(other);
      if (leaf->IsA() == TLeafC::Class() && other->GetLenStatic() > leaf->GetLenStatic()) // of the longest text
        leaf->SetLen(other->GetLenStatic());
    }
    auto *element = dynamic_cast<TBranchElement *>(&to), *other = dynamic_cast<TBranchElement *>(&from);
    if (!element || !other) return;
    Int_t &most = element->*OpenElement::maximum();
    const Int_t found = other->*OpenElement::maximum();
    if (found > most) most = found;
  }
  // What readers need to know of classes whose objects are copied as bytes.
  void copy_streamers() {
    const std::unique_ptr<TList> infos(input_->GetStreamerInfoList());
    if (!infos) return;
    infos->SetOwner();
    for (TObject *object : *infos) {
      auto *stored = dynamic_cast<TStreamerInfo *>(object);
      if (!stored || !streamers_.insert(stored->GetName() + std::to_string(stored->GetCheckSum())).second) continue;
      TClass *kind = TClass::GetClass(stored->GetName());
      TVirtualStreamerInfo *known = kind ? kind->FindStreamerInfo(stored->GetCheckSum()) : nullptr;
      if (known) known->ForceWriteInfo(file_.get(), true);
    }
  }

  std::string path_, name_, tree_name_;
  double nothing_ = 0;          // an address for branches that are filled by their bytes
  std::unique_ptr<TFile> file_; // owns the tree
  TTree *tree_ = nullptr;
  std::vector<TBranch *> nodes_; // that have branches, but no baskets
  std::size_t pending_ = 0;      // bytes of the cluster
  std::unique_ptr<TFile> input_;
  std::shared_ptr<InBranch> key_;
  std::set<std::string> streamers_;
};

} // namespace rdfp::resample
