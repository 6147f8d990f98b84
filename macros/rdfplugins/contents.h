#pragma once
// What is in a file: keys of all folders, written anew where they stood, and what must be the same after a change of
// one tree. No physics here.

#include "rdfplugins/damage.h"
#include "rdfplugins/error_log.h"

#include <TBranch.h>
#include <TClass.h>
#include <TDirectory.h>
#include <TError.h>
#include <TFile.h>
#include <TKey.h>
#include <TLeaf.h>
#include <TList.h>
#include <TObjArray.h>
#include <TObjString.h>
#include <TTree.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

extern "C" int malloc_trim(std::size_t) noexcept; // malloc.h does not compile in cling

namespace rdfp::append {

// 64 bits of FNV-1a, word by word.
class Checksum {
public:
  template <typename T> void add(T word) { sum_ = (sum_ ^ static_cast<std::uint64_t>(word)) * 0x100000001b3; }
  void add(float value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits); // of NaN, too
    add(bits);
  }
  void add(const char *text) {
    for (const char *letter = text; *letter; ++letter) add(static_cast<unsigned char>(*letter));
    add(std::uint64_t(1) << 32); // an end that is no letter
  }
  std::uint64_t value() const { return sum_; }

private:
  std::uint64_t sum_ = 0xcbf29ce484222325;
};

// While it exists, ROOT is silent of what is not an error, such as classes that nobody here knows.
struct Quiet {
  int before = gErrorIgnoreLevel;
  Quiet() { gErrorIgnoreLevel = kError; }
  ~Quiet() { gErrorIgnoreLevel = before; }
  Quiet(const Quiet &) = delete;
  Quiet &operator=(const Quiet &) = delete;
};

// ---- folders and keys

// Whether a key holds an object of a class or of one derived from it. Classes that nobody knows are not looked for:
// ROOT would warn of them.
inline bool is_a(const TKey &key, const TClass *base) {
  const std::string name = key.GetClassName();
  for (const char *known : {"TTree", "TNtuple", "TNtupleD", "TChain", "TDirectory", "TDirectoryFile", "TObjString"})
    if (name == known) return TClass::GetClass(known)->InheritsFrom(base);
  const TClass *kind = TClass::GetClass(name.c_str(), false, true);
  return kind && kind->InheritsFrom(base);
}

// The folder of this name, read once; null if there is none. ROOT's own look-up takes colons and slashes as its syntax.
inline TDirectory *folder(TDirectory &in, const std::string &name) {
  if (auto *open = dynamic_cast<TDirectory *>(in.GetList()->FindObject(name.c_str()))) return open;
  TKey *key = in.GetKey(name.c_str());
  return key && is_a(*key, TDirectory::Class()) ? key->ReadObject<TDirectory>() : nullptr;
}

// The folder that holds what `path` names, and the name in it; null if there is no such folder. Folders are made where
// `make` says so.
inline TDirectory *folder_of(TDirectory &top, const std::string &path, std::string &name, bool make = false) {
  TDirectory *here = &top;
  std::size_t begin = 0;
  for (std::size_t end = path.find('/'); here && end != std::string::npos; end = path.find('/', begin)) {
    const std::string part = path.substr(begin, end - begin);
    TDirectory *next = folder(*here, part);
    here = next || !make ? next : here->GetKey(part.c_str()) ? nullptr : here->mkdir(part.c_str());
    begin = end + 1;
  }
  name = path.substr(begin);
  return here;
}

inline TKey *key_of(TDirectory &top, const std::string &path) {
  std::string name;
  TDirectory *in = folder_of(top, path, name);
  return in ? in->GetKey(name.c_str()) : nullptr;
}

// The tree of the highest cycle, owned by its folder; null if there is none.
inline TTree *tree_of(TDirectory &top, const std::string &path) {
  TKey *key = key_of(top, path);
  return key && is_a(*key, TTree::Class()) ? key->ReadObject<TTree>() : nullptr;
}

// Calls `visit(key, folder, folder's path)` for every key of every folder, in their order.
template <typename Visit> void each_key(TDirectory &in, const std::string &path, Visit visit) {
  for (TObject *object : *in.GetListOfKeys()) {
    auto *key = static_cast<TKey *>(object);
    visit(*key, in, path);
    if (key == in.GetKey(key->GetName()) && is_a(*key, TDirectory::Class()))
      if (TDirectory *inner = folder(in, key->GetName())) each_key(*inner, path + key->GetName() + "/", visit);
  }
}

// A key with a cycle of its own: ROOT counts on from the highest that is left.
class Key : public TKey {
public:
  Key(const TObject &object, const char *name, TDirectory &in, Short_t cycle) : TKey(&object, name, kBuffer, &in) {
    if (fCycle == cycle || !fBuffer) return;
    fCycle = cycle;
    constexpr int place = 4 + 2 + 4 + 4 + 2;        // behind the sizes, version and time of a key's header
    fBuffer[place] = static_cast<char>(cycle >> 8); // big end first, as all of ROOT
    fBuffer[place + 1] = static_cast<char>(cycle);
  }

private:
  static constexpr int kBuffer = 32000; // grows
};

// Write an object in place of that of the same name, of which the highest cycle goes; place among the keys and cycle
// stay.
inline bool store(TDirectory &in, const TObject &object, const std::string &name) {
  TFile &file = *in.GetFile();
  TCollection *keys = in.GetListOfKeys();
  TKey *old = in.GetKey(name.c_str());
  const Short_t cycle = old ? old->GetCycle() : 1;
  TObject *next = old ? static_cast<TList *>(keys)->After(old) : nullptr;
  if (old) {
    old->Delete();
    delete old;
  }
  auto *key = new Key(object, name.c_str(), in, cycle);
  if (!key->GetSeekKey()) return false;
  if (old) {
    keys->Remove(key);
    if (next)
      static_cast<TList *>(keys)->AddBefore(next, key);
    else
      keys->Add(key);
  }
  file.SumBuffer(key->GetObjlen());
  return key->WriteFile(0) > 0 && !file.TestBit(TFile::kWriteError);
}

// What find_tree() of rdfplugins/append/tree.py needs to know of a file. A child process looks, and says what it found:
// damage may spoil the memory of a process that survives it.
class Look {
public:
  // The signal by which the child died, or "0"; whether the file was opened, had to be recovered, its tree was read,
  // and that tree is shuffled ("1"); its entries; the file's UUID and when it was last written; ROOT's first error; how
  // many trees there are, and path and class of each; names of the branches. Only the signal where nothing could be
  // said. `tree`: that which is to be described; empty: the only one.
  static std::vector<std::string> at(const std::string &path, const std::string &tree) {
    sink() = ::memfd_create("look", MFD_CLOEXEC);
    const int signal = runtime::FileTrial::signals({path}, tree, {}, in_child).front();
    std::vector<std::string> words{std::to_string(signal)};
    std::string word;
    char letter = 0;
    ::lseek(sink(), 0, SEEK_SET);
    std::FILE *said = ::fdopen(sink(), "r");
    while (said && signal == 0 && std::fread(&letter, 1, 1, said) == 1) {
      if (letter) {
        word += letter;
      } else {
        words.push_back(word);
        word.clear();
      }
    }
    if (said) std::fclose(said);
    return words;
  }

private:
  bool opened_ = false, recovered_ = false, described_ = false, shuffled_ = false;
  Long64_t entries_ = 0;
  std::string uuid_, modified_;
  std::vector<std::string> trees_, branches_; // path and class; names

  static int &sink() {
    static int descriptor = -1;
    return descriptor;
  }
  static void in_child(const std::string &path, const std::string &tree, const std::vector<std::string> &) {
    runtime::ErrorLog log;
    Look look;
    {
      TFile file(path.c_str(), "READ");
      look.opened_ = !file.IsZombie();
      look.recovered_ = look.opened_ && file.TestBit(TFile::kRecovered);
      if (look.opened_ && !look.recovered_) look.read(file, tree);
    }
    ::malloc_trim(0); // finds memory that was spoilt
    look.say(log.messages());
  }
  void read(TFile &file, const std::string &wanted) {
    uuid_ = file.GetUUID().AsString();
    modified_ = file.GetModificationDate().AsSQLString();
    std::string only;
    int candidates = 0;
    each_key(file, "", [&](TKey &key, TDirectory &in, const std::string &path) {
      const std::string kind = key.GetClassName();
      const bool tree = is_a(key, TTree::Class());
      if (&key != in.GetKey(key.GetName()) || (!tree && kind.find("RNTuple") == std::string::npos)) return;
      trees_.push_back(path + key.GetName());
      trees_.push_back(kind);
      candidates += kind != "TChain";
      if (tree && kind != "TChain") only = path + key.GetName();
    });
    TTree *tree = wanted.empty() && candidates != 1 ? nullptr : tree_of(file, wanted.empty() ? only : wanted);
    if (!tree) return;
    described_ = true;
    entries_ = tree->GetEntries();
    shuffled_ = tree->TestBit(TTree::kEntriesReshuffled);
    for (const TObject *branch : *tree->GetListOfBranches()) branches_.push_back(branch->GetName());
  }
  void say(const std::vector<std::string> &errors) const {
    std::string text;
    auto add = [&](const std::string &word) { text += word + '\0'; };
    for (const bool flag : {opened_, recovered_, described_, shuffled_}) add(flag ? "1" : "0");
    add(std::to_string(entries_));
    add(uuid_);
    add(modified_);
    add(errors.empty() ? "" : errors.front());
    add(std::to_string(trees_.size() / 2));
    for (const std::string &tree : trees_) add(tree);
    for (const std::string &branch : branches_) add(branch);
    [[maybe_unused]] const auto written = ::write(sink(), text.data(), text.size());
  }
};

// The text of a TObjString in a file; empty where there is none.
inline std::string text_in(const std::string &path, const std::string &name) {
  TDirectory::TContext restore_current_directory;
  const Quiet quiet;
  runtime::ErrorLog log;
  TFile file(path.c_str(), "READ");
  TKey *key = file.IsZombie() ? nullptr : key_of(file, name);
  const std::unique_ptr<TObjString> text(key && is_a(*key, TObjString::Class()) ? key->ReadObject<TObjString>()
                                                                                : nullptr);
  return text ? text->GetString().Data() : "";
}

// ---- what must be the same before and after

// Where the data of a branch and of those below it are.
inline void add_branch(Checksum &sum, TBranch &branch) {
  for (const char *text : {branch.GetName(), branch.GetTitle(), branch.ClassName(), branch.GetClassName()})
    sum.add(text);
  sum.add(branch.GetEntries());
  sum.add(branch.GetWriteBasket());
  for (int i = 0; i < branch.GetWriteBasket(); ++i) {
    sum.add(branch.GetBasketSeek(i));
    sum.add(branch.GetBasketBytes()[i]);
    sum.add(branch.GetBasketEntry()[i]);
  }
  for (TObject *leaf : *branch.GetListOfLeaves()) {
    sum.add(leaf->ClassName());
    sum.add(leaf->GetName());
    sum.add(leaf->GetTitle());
  }
  for (TObject *inner : *branch.GetListOfBranches()) add_branch(sum, *static_cast<TBranch *>(inner));
}

// One key, as a path with folders.
struct KeyRecord {
  std::string path;
  int cycle;
  bool highest;     // of its name
  std::string rest; // class, title, place in the file

  std::string shown() const { return path + ";" + std::to_string(cycle); }
};

// What of a file and of one tree in it is to survive.
struct Contents {
  std::vector<KeyRecord> keys;
  std::vector<std::string> names;      // of the branches of the tree, in order
  std::vector<std::uint64_t> branches; // checksum of each
  std::string tree;                    // what the tree says of itself and its helpers

  static Contents of(TDirectory &file, TTree &tree) {
    Contents result;
    each_key(file, "", [&](TKey &key, TDirectory &in, const std::string &path) {
      result.keys.push_back({path + key.GetName(), key.GetCycle(), &key == in.GetKey(key.GetName()),
                             std::string(key.GetClassName()) + " " + key.GetTitle() + " " +
                                 std::to_string(key.GetSeekKey()) + " " + std::to_string(key.GetNbytes())});
    });
    for (TObject *object : *tree.GetListOfBranches()) {
      Checksum sum;
      add_branch(sum, *static_cast<TBranch *>(object));
      result.names.push_back(object->GetName());
      result.branches.push_back(sum.value());
    }
    result.tree = std::string(tree.ClassName()) + " " + tree.GetTitle() + " " + std::to_string(tree.GetEntries()) +
                  " " + std::to_string(tree.TestBit(TTree::kEntriesReshuffled)) + " " +
                  std::to_string(tree.GetTreeIndex() != nullptr);
    const TCollection *lists[] = {tree.GetUserInfo(), tree.GetListOfAliases(), tree.GetListOfFriends()};
    for (const TCollection *list : lists) {
      result.tree += " |";
      for (TIter next(list); const TObject *object = next();)
        result.tree += std::string(" ") + object->ClassName() + " " + object->GetName();
    }
    return result;
  }

  // What of this is not in `after`, in words; empty if nothing. `written` are the paths of objects written anew, or new
  // with their folders; `added` the names of branches that are new or replaced.
  std::string lost(const Contents &after, const std::set<std::string> &written,
                   const std::set<std::string> &added) const {
    if (tree != after.tree) return "the tree is no longer the same";
    if (const std::string name = lost_key(after, written); !name.empty())
      return "object '" + name + "' is no longer the same";
    std::size_t next = 0;
    for (std::size_t i = 0; i < names.size(); ++i, ++next) {
      if (next >= after.names.size() || names[i] != after.names[next] ||
          (branches[i] != after.branches[next] && !added.count(names[i])))
        return "branch '" + names[i] + "' is no longer the same";
    }
    for (; next < after.names.size(); ++next)
      if (!added.count(after.names[next])) return "branch '" + after.names[next] + "' was not there";
    return "";
  }

private:
  static bool is_new(const std::string &path, const std::set<std::string> &written) {
    const auto next = written.lower_bound(path); // a folder stands in front of what is in it
    for (auto one = next; one != written.end() && one->compare(0, path.size(), path) == 0; ++one)
      if (one->size() == path.size() || (*one)[path.size()] == '/') return true;
    return false;
  }
  std::string lost_key(const Contents &after, const std::set<std::string> &written) const {
    std::set<std::string> before;
    for (const KeyRecord &key : keys) before.insert(key.path);
    auto next = after.keys.begin();
    for (const KeyRecord &key : keys) {
      while (next != after.keys.end() && !before.count(next->path) && is_new(next->path, written)) ++next;
      if (next == after.keys.end() || key.shown() != next->shown()) return key.shown();
      if (key.rest != next->rest && !(key.highest && written.count(key.path))) return key.shown();
      ++next;
    }
    for (; next != after.keys.end(); ++next)
      if (before.count(next->path) || !is_new(next->path, written)) return next->shown();
    return "";
  }
};

} // namespace rdfp::append
