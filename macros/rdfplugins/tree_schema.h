#pragma once
// What the entries of a tree hold, column by column: names, types, and how they are stored. No physics here.

#include "rdfplugins/baskets.h"
#include "rdfplugins/contents.h"

#include <TBranchClones.h>
#include <TBranchSTL.h>

#include <string>
#include <vector>

namespace rdfp::resample {

// Dimensions and ranges of a leaf, as they stand behind its name.
inline std::string bounds(const TLeaf &leaf) {
  const std::string title = leaf.GetTitle();
  const std::size_t begin = title.find('[');
  return begin == std::string::npos ? "" : title.substr(begin);
}

// The type of a column in words for messages.
inline std::string type_of(TBranch &branch) {
  if (*branch.GetClassName()) return branch.GetClassName();
  std::string words;
  const TObjArray &leaves = *branch.GetListOfLeaves();
  for (TObject *object : leaves) {
    const auto *leaf = static_cast<TLeaf *>(object);
    if (!words.empty()) words += ", ";
    if (leaves.GetEntriesFast() > 1) words += std::string(leaf->GetName()) + " ";
    const bool text = std::string(leaf->ClassName()) == "TLeafC";
    words += (text ? "text" : leaf->GetTypeName()) + bounds(*leaf);
  }
  return words;
}

// How entries of a branch and of those below it are stored: what has the same layout has the same bytes.
inline std::string layout_of(TBranch &branch) {
  std::string words = branch.ClassName();
  if (auto *element = dynamic_cast<TBranchElement *>(&branch)) {
    words += std::string(" ") + element->GetClassName() + " " + element->GetClonesName();
    for (const int number : {element->GetType(), element->GetStreamerType(), element->GetID()})
      words += " " + std::to_string(number);
    // members of classes are counted and stored as their version says; what is stored whole says its version itself
    if (element->GetID() >= 0 || branch.GetListOfBranches()->GetEntriesFast() > 0)
      words += " " + std::to_string(element->GetClassVersion()) + " " + std::to_string(element->GetCheckSum());
  } else {
    words += " " + type_of(branch);
    for (const TObject *leaf : *branch.GetListOfLeaves()) words += std::string(" ") + leaf->ClassName();
  }
  for (TObject *object : *branch.GetListOfBranches()) {
    auto &inner = *static_cast<TBranch *>(object);
    words += std::string(" {") + inner.GetName() + " " + layout_of(inner) + "}";
  }
  return words;
}

// The column, but this one, that holds the lengths of its arrays; empty if there is none.
inline std::string counter_of(TBranch &branch) {
  for (const TObject *object : *branch.GetListOfLeaves())
    if (const TLeaf *count = static_cast<const TLeaf *>(object)->GetLeafCount())
      if (const TBranch *mother = count->GetBranch()->GetMother(); mother && mother != branch.GetMother())
        return mother->GetName();
  return "";
}

// Of one file; read by rdfplugins/resample/write/columns.py.
class Schema {
public:
  std::string reason;   // why it cannot be read; empty if it can
  bool damaged = false; // whether that is so because the file is
  bool friends = false;
  Long64_t entries = 0;
  std::vector<std::string> names, types, layouts, counters; // of columns, in their order
  std::vector<std::string> skipped;                         // those of them that cannot be copied

  Schema(const std::string &path, const std::string &tree) {
    TDirectory::TContext restore_current_directory;
    const append::Quiet quiet;
    runtime::ErrorLog log;
    damaged = true;
    try {
      read(path, tree);
    } catch (const std::exception &error) {
      reason = error.what();
    }
    if (const auto said = log.messages(); damaged && !said.empty()) reason = said.front();
    damaged &= !reason.empty();
  }

private:
  void read(const std::string &path, const std::string &name) {
    TFile file(path.c_str(), "READ");
    if (file.IsZombie()) return refuse("cannot be read as a ROOT file", true);
    if (file.TestBit(TFile::kRecovered)) return refuse("was not closed properly, its end is missing", true);
    const TKey *key = append::key_of(file, name);
    if (!key) return refuse("has no tree '" + name + "'", false);
    if (std::string(key->GetClassName()).find("RNTuple") != std::string::npos)
      return refuse("'" + name + "' is an RNTuple, whose rows are not copied; write it as a TTree", false);
    TTree *tree = append::tree_of(file, name);
    if (!tree) return refuse("tree '" + name + "' cannot be read", true);
    entries = tree->GetEntries();
    friends = tree->GetListOfFriends() && tree->GetListOfFriends()->GetEntries() > 0;
    for (TObject *object : *tree->GetListOfBranches()) {
      auto &branch = *static_cast<TBranch *>(object);
      std::vector<TBranch *> all;
      add_all(branch, all);
      if (is_odd(all))
        skipped.push_back(branch.GetName());
      else if (!is_filled(all))
        return;
      names.push_back(branch.GetName());
      types.push_back(type_of(branch));
      layouts.push_back(layout_of(branch));
      counters.push_back(counter_of(branch));
    }
    for (const TObject *each : *file.GetListOfKeys())
      if (std::string(static_cast<const TKey *>(each)->GetClassName()) == "TProcessID")
        return refuse("holds references between objects (TRef), as Delphes writes them, which mean nothing in another"
                      " file; make a tree of the columns that you need with 'select'",
                      false);
    damaged = false;
  }
  // Classes that ROOT fills in ways of their own: branches for each class that comes along, and a hidden one.
  static bool is_odd(const std::vector<TBranch *> &all) {
    for (const TBranch *branch : all)
      if (branch->InheritsFrom(TBranchSTL::Class()) || branch->InheritsFrom(TBranchClones::Class())) return true;
    return false;
  }
  bool is_filled(const std::vector<TBranch *> &all) {
    for (TBranch *branch : all) {
      if (!has_data(*branch) || branch->GetEntries() == entries) continue;
      refuse("branch '" + std::string(branch->GetFullName().Data()) + "' has " + std::to_string(branch->GetEntries()) +
                 " entries where the tree has " + std::to_string(entries),
             false);
      return false;
    }
    return true;
  }
  void refuse(const std::string &why, bool by_damage) {
    reason = why;
    damaged = by_damage;
  }
};

} // namespace rdfp::resample
