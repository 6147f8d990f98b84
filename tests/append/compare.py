"""Whether a file still holds what another one holds: every key, every branch, every entry."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import uproot

from rdfplugins import cpp

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

CODE = r"""
#include <TBasket.h>
#include <TLeafC.h>
#include <TStreamerInfo.h>
namespace odd {
// The decompressed bytes of every basket of a branch and of those below, and all that ROOT can read of its leaves.
void add(ULong64_t &sum, const void *bytes, std::size_t size) {
  const auto *begin = static_cast<const unsigned char *>(bytes);
  for (std::size_t i = 0; i < size; ++i) sum = (sum ^ begin[i]) * 0x100000001b3;
}
void describe(TBranch &branch, bool read, std::vector<std::string> &lines) {
  ULong64_t bytes = 0xcbf29ce484222325, values = bytes;
  for (int i = 0; i <= branch.GetWriteBasket(); ++i) {
    TBasket *basket = branch.GetEntries() > 0 ? branch.GetBasket(i) : nullptr;
    if (!basket || basket->GetNevBuf() == 0) continue;
    add(bytes, basket->GetBufferRef()->Buffer() + basket->GetKeylen(), basket->GetLast() - basket->GetKeylen());
    branch.DropBaskets("all");
  }
  Long64_t got = 0;
  for (Long64_t e = 0; read && e < branch.GetEntries(); ++e) {
    got += branch.GetEntry(e);
    for (TObject *object : *branch.GetListOfLeaves()) {
      auto *leaf = static_cast<TLeaf *>(object);
      if (branch.IsA() != TBranch::Class() || leaf->IsA() == TLeafC::Class())
        continue; // what is behind a text is anything
      for (int k = 0; k < leaf->GetLen(); ++k) {
        const double value = leaf->GetValue(k);
        add(values, &value, sizeof value);
      }
    }
  }
  std::string line = std::string(branch.ClassName()) + " " + branch.GetFullName().Data() + " '" + branch.GetTitle() +
                     "' " + branch.GetClassName() + " " + std::to_string(branch.GetEntries()) + " entries, bytes " +
                     std::to_string(bytes) + ", read " + std::to_string(got) + ", values " + std::to_string(values) +
                     ", compression " + std::to_string(branch.GetCompressionSettings()) + ", baskets " +
                     std::to_string(branch.GetWriteBasket());
  for (TObject *leaf : *branch.GetListOfLeaves())
    line += std::string(" ") + leaf->ClassName() + " " + leaf->GetName() + " " + leaf->GetTitle();
  lines.push_back(line);
  for (TObject *inner : *branch.GetListOfBranches()) describe(*static_cast<TBranch *>(inner), false, lines);
}
std::vector<std::string> branches(TTree &tree) {
  std::vector<std::string> lines;
  for (TObject *branch : *tree.GetListOfBranches()) describe(*static_cast<TBranch *>(branch), true, lines);
  return lines;
}
std::vector<std::string> streamers(TFile &file) {
  std::vector<std::string> lines;
  auto *list = file.GetStreamerInfoList();
  for (TObject *object : *list)
    if (auto *info = dynamic_cast<TStreamerInfo *>(object))
      lines.push_back(std::string(info->GetName()) + " " + std::to_string(info->GetClassVersion()) + " " +
                      std::to_string(info->GetCheckSum()));
  list->Delete();
  delete list;
  return lines;
}
std::string key(TDirectory &in, const char *name, int cycle) { // all bytes of an object
  TKey *key = in.GetKey(name, cycle);
  std::vector<char> bytes(key->GetObjlen() + key->GetKeylen());
  ULong64_t sum = 0xcbf29ce484222325;
  in.GetFile()->ReadBuffer(bytes.data(), key->GetSeekKey() + key->GetKeylen(), key->GetNbytes() - key->GetKeylen());
  add(sum, bytes.data(), key->GetNbytes() - key->GetKeylen());
  return std::to_string(sum);
}
} // namespace odd
"""
TREES = ("TTree", "TNtuple")
_declared: list[bool] = []


def helpers() -> Any:
    root = cpp.load_root()
    if not _declared:
        cpp.declare(CODE, "helpers of tests")
        _declared.append(True)
    return root.odd


def keys(path: Path) -> list[tuple[str, int, str, str]]:
    """Return path, cycle, class and a checksum of every key in order; that of trees and folders is empty."""
    root = cpp.load_root()

    def of(folder: Any, inside: str) -> list[tuple[str, int, str, str]]:
        found = []
        for key in folder.GetListOfKeys():
            name, kind, cycle = str(key.GetName()), str(key.GetClassName()), int(key.GetCycle())
            changing = kind in (*TREES, "TDirectoryFile")
            found.append((inside + name, cycle, kind, "" if changing else str(helpers().key(folder, name, cycle))))
            if kind == "TDirectoryFile":
                found += of(folder.Get(name), f"{inside}{name}/")
        return found

    with root.TFile(str(path)) as file:
        return of(file, "")


def tree_facts(path: Path, tree: str, cycle: int, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return everything that ROOT reads of a tree."""
    root = cpp.load_root()
    with root.TFile(str(path)) as file:
        found = file.Get(f"{tree};{cycle}")
        lines = [str(line) for line in helpers().branches(found)]
        index = found.GetTreeIndex()
        return {
            "branches": [line for line in lines if line.split()[1] not in without],
            "class": str(found.ClassName()),
            "title": str(found.GetTitle()),
            "entries": int(found.GetEntries()),
            "flush": int(found.GetAutoFlush()),
            "shuffled": bool(found.TestBit(root.TTree.kEntriesReshuffled)),
            "aliases": [(str(one.GetName()), str(one.GetTitle())) for one in found.GetListOfAliases() or []],
            "user": [(str(one.ClassName()), str(one.GetName())) for one in found.GetUserInfo()],
            "friends": [(str(one.GetName()), str(one.GetTitle())) for one in found.GetListOfFriends() or []],
            "index": index and [int(index.GetIndexValues()[i]) for i in range(min(100, index.GetN()))],
        }


def streamers(path: Path) -> set[str]:
    with cpp.load_root().TFile(str(path)) as file:
        return {str(line) for line in helpers().streamers(file)}


def same(old: Path, new: Path, tree: str, added: Collection[str]) -> None:
    """Assert that nothing of ``old`` is different in ``new`` but for the branches that were added to one tree."""
    before, after = keys(old), keys(new)
    assert before == after
    latest = max(cycle for name, cycle, _, _ in before if name == tree)
    for name, cycle, kind, _ in before:
        if kind in TREES:
            without = added if (name, cycle) == (tree, latest) else ()
            assert tree_facts(old, name, cycle, without=without) == tree_facts(new, name, cycle, without=without), name
    # those of std::vector and the like say nothing, ROOT writes them no more
    assert {line for line in streamers(old) if "<" not in line.split()[0] or "::" in line.split("<")[0]} <= streamers(
        new
    )


def same_to_uproot(old: Path, new: Path, tree: str) -> int:
    """Assert that uproot reads the same from both, where it can read the branch; return how many it read."""
    read = 0
    with warnings.catch_warnings(), uproot.open(old) as first, uproot.open(new) as second:
        warnings.simplefilter("ignore")
        for name, branch in first[tree].items(recursive=False):
            try:
                expected = branch.array()
            except Exception:  # uproot does not know every class
                continue
            found = second[tree][name].array()
            if "float" in str(expected.type) or "double" in str(expected.type):
                assert ak.array_equal(expected, found, equal_nan=True) or _same_records(expected, found), name
            else:
                assert ak.array_equal(expected, found), name
            read += 1
    return read


def _same_records(expected: Any, found: Any) -> bool:
    return bool(np.all([ak.array_equal(expected[f], found[f], equal_nan=True) for f in expected.fields]))
