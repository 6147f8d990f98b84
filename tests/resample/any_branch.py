"""Trees with every kind of branch that people write, made by ROOT in a process of its own; and what is in each entry.

usage: python -m tests.resample.any_branch FOLDER          makes them
       python -m tests.resample.any_branch FILE.root FILE.npz    says what is in one

The classes in them are unknown to whoever reads the files, as those of experiments are. Arrays and texts grow from file
to file, and the columns of the second file stand in another order.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENTRIES = {"a.root": 700, "b.root": 500, "c.root": 0, "d.root": 300}

CODE = r"""
#include <ROOT/RVec.hxx>
#include <TClonesArray.h>
#include <TFile.h>
#include <TH1F.h>
#include <TLorentzVector.h>
#include <TNamed.h>
#include <TObjArray.h>
#include <TObjString.h>
#include <TParameter.h>
#include <TRandom3.h>
#include <TTree.h>
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#ifdef __CLING__
#pragma link C++ class AnyHit + ;
#pragma link C++ class std::vector < AnyHit> + ;
#pragma link C++ class std::vector < AnyHit *> + ;
#pragma link C++ class AnyEvent + ;
#pragma link C++ class std::vector < TLorentzVector> + ;
#pragma link C++ function any_file;
#endif

struct AnyHit {
  float x = 0;
  int id = 0;
  std::vector<short> adc;
};
struct AnyEvent {
  virtual ~AnyEvent() = default;
  int number = 0;
  double fixed[3] = {0, 0, 0};
  std::vector<float> values;
  AnyHit first;
  int n = 0;
  float *counted = nullptr; //[n]
  std::vector<AnyHit> hits;
  std::map<std::string, float> named;
};

void any_friend() {
  TFile file("other.root", "RECREATE");
  TTree tree("other", "o");
  int q = 1;
  tree.Branch("q", &q);
  tree.Write();
}

void any_file(const char *path, int seed, int entries, int most, bool reversed, int basket) {
  TFile file(path, "RECREATE", "somebody's", seed % 2 ? 404 : 101);
  TTree tree("events", "any");
  tree.SetAutoFlush(seed % 3 == 0 ? -100000 : 150);
  bool flag;
  char letter;
  unsigned char uletter;
  short s;
  unsigned short us;
  int i;
  unsigned int ui;
  Long64_t l;
  ULong64_t ul, key;
  Long_t lg;
  float f;
  double d;
  float fixed[4];
  int matrix[2][3];
  int n;
  unsigned char nb;
  std::vector<float> counted(most + 1);
  std::vector<double> counted2(2 * most + 2);
  std::vector<unsigned short> bytes(300);
  std::vector<char> text(2 * most + 300);
  struct {
    float a;
    int b;
    double c;
  } list;
  Double32_t d32;
  Float16_t f16;
  std::vector<float> vf;
  std::vector<double> vd;
  std::vector<Long64_t> vl;
  std::vector<std::vector<float>> vvf;
  std::vector<bool> vb;
  std::vector<std::string> vs;
  std::map<std::string, int> map;
  std::string str;
  TString tstr;
  AnyEvent event, unsplit;
  std::vector<AnyHit> hits, hits0;
  std::vector<AnyHit *> pointers, *at_pointers = &pointers;
  TLorentzVector vector;
  std::vector<TLorentzVector> vectors;
  TClonesArray clones("TLorentzVector", 10), whole("TLorentzVector", 10);
  ROOT::RVec<double> rvec;
  ROOT::RVec<bool> rvecb;
  TObjArray mixed;
  auto *first = new TObjString;
  auto *named = new TNamed;
  auto *second = new TObjString;
  std::vector<std::pair<std::string, std::function<void()>>> all{
      {"event_key", [&] { tree.Branch("event_key", &key, "event_key/l"); }},
      {"flag", [&] { tree.Branch("flag", &flag, "flag/O"); }},
      {"letter", [&] { tree.Branch("letter", &letter, "letter/B"); }},
      {"uletter", [&] { tree.Branch("uletter", &uletter, "uletter/b"); }},
      {"s", [&] { tree.Branch("s", &s, "s/S"); }},
      {"us", [&] { tree.Branch("us", &us, "us/s"); }},
      {"i", [&] { tree.Branch("i", &i, "i/I"); }},
      {"ui", [&] { tree.Branch("ui", &ui, "ui/i"); }},
      {"l", [&] { tree.Branch("l", &l, "l/L"); }},
      {"ul", [&] { tree.Branch("ul", &ul, "ul/l"); }},
      {"lg", [&] { tree.Branch("lg", &lg, "lg/G"); }},
      {"f", [&] { tree.Branch("f", &f, "f/F")->SetTitle("transverse momentum in GeV"); }},
      {"d", [&] { tree.Branch("d", &d, "d/D"); }},
      {"d32", [&] { tree.Branch("d32", &d32, "d32/d[0,100,16]"); }},
      {"d32plain", [&] { tree.Branch("d32plain", &d32, "d32plain/d"); }},
      {"f16", [&] { tree.Branch("f16", &f16, "f16/f"); }},
      {"fixed", [&] { tree.Branch("fixed", fixed, "fixed[4]/F"); }},
      {"matrix", [&] { tree.Branch("matrix", matrix, "matrix[2][3]/I"); }},
      {"n", [&] { tree.Branch("n", &n, "n/I"); }},
      {"counted", [&] { tree.Branch("counted", counted.data(), "counted[n]/F"); }},
      {"counted2", [&] { tree.Branch("counted2", counted2.data(), "counted2[n][2]/D"); }},
      {"nb", [&] { tree.Branch("nb", &nb, "nb/b"); }},
      {"bytes", [&] { tree.Branch("bytes", bytes.data(), "bytes[nb]/s"); }},
      {"text", [&] { tree.Branch("text", text.data(), "text/C"); }},
      {"list", [&] { tree.Branch("list", &list, "a/F:b/I:c/D"); }},
      {"vf", [&] { tree.Branch("vf", &vf); }},
      {"vd", [&] { tree.Branch("vd", &vd); }},
      {"vl", [&] { tree.Branch("vl", &vl); }},
      {"vvf", [&] { tree.Branch("vvf", &vvf); }},
      {"vb", [&] { tree.Branch("vb", &vb); }},
      {"vs", [&] { tree.Branch("vs", &vs); }},
      {"map", [&] { tree.Branch("map", &map); }},
      {"rvec", [&] { tree.Branch("rvec", &rvec); }},
      {"rvecb", [&] { tree.Branch("rvecb", &rvecb); }},
      {"str", [&] { tree.Branch("str", &str); }},
      {"tstr", [&] { tree.Branch("tstr", &tstr); }},
      {"event.", [&] { tree.Branch("event.", &event); }},
      {"unsplit", [&] { tree.Branch("unsplit", &unsplit, 32000, 0); }},
      {"vector", [&] { tree.Branch("vector", &vector); }},
      {"hits", [&] { tree.Branch("hits", &hits); }},
      {"hits0", [&] { tree.Branch("hits0", &hits0, 32000, 0); }},
      {"pointers", [&] { tree.Branch("pointers", &at_pointers, 32000, 199); }},
      {"vectors", [&] { tree.Branch("vectors", &vectors); }},
      {"vectors0", [&] { tree.Branch("vectors0", &vectors, 32000, 0); }},
      {"clones", [&] { tree.Branch("clones", &clones); }},
      {"whole", [&] { tree.Branch("whole", &whole, 32000, 0); }},
      {"mixed", [&] { tree.Branch("mixed", &mixed, 32000, 0); }},
      {"weird-name x", [&] { tree.Branch("weird-name x", &f, "weird-name x/F"); }},
  };
  if (reversed) { // lengths stay in front of what they count
    std::reverse(all.begin(), all.end());
    auto ahead = [&](const std::string &name) {
      auto found = std::find_if(all.begin(), all.end(), [&](auto &one) { return one.first == name; });
      std::rotate(all.begin(), found, found + 1);
    };
    ahead("nb");
    ahead("n");
  }
  for (auto &one : all) one.second();
  tree.SetBasketSize("*", basket);
  TRandom3 r(seed);
  for (int e = 0; e < entries; ++e) {
    key = (ULong64_t(seed) << 40) + e;
    flag = e % 3 == 0;
    letter = e;
    uletter = e;
    s = -e;
    us = 65000 + e;
    i = -7 * e;
    ui = 4000000000u - e;
    l = -(1LL << 60) + e;
    ul = (1ULL << 63) + e;
    lg = -e;
    f = r.Gaus();
    d = e % 50 ? r.Gaus() : std::numeric_limits<double>::quiet_NaN();
    d32 = 100 * r.Uniform();
    f16 = r.Uniform();
    n = r.Integer(most + 1);
    nb = r.Integer(std::min(most, 120)); // ROOT takes it as signed
    str.assign(e % 40, 'a' + e % 26);
    if (e == entries / 2) str.assign(300, 'z');
    tstr = str.c_str();
    snprintf(text.data(), text.size(), "%s %d", std::string(r.Integer(most + 250), 't').c_str(), e);
    for (int k = 0; k < 4; ++k) fixed[k] = e + k;
    for (int k = 0; k < 6; ++k) matrix[k / 3][k % 3] = e * k;
    for (int k = 0; k < n; ++k) {
      counted[k] = r.Uniform();
      counted2[2 * k] = k;
      counted2[2 * k + 1] = e;
    }
    for (int k = 0; k < nb; ++k) bytes[k] = e + k;
    list = {float(e), e, e / 3.};
    vf.assign(r.Integer(5), e);
    vd.assign(e % 3, f);
    vl.assign(e % 2, l);
    vvf.assign(e % 3, std::vector<float>(e % 4, f));
    vb.assign(e % 6, e % 2);
    vs.assign(e % 3, str);
    map = {{"e", e}, {str, n}};
    rvec.assign(e % 4, e);
    rvecb.assign(e % 5, e % 2);
    event.number = e;
    event.fixed[1] = e;
    event.values = vf;
    event.first = {f, e, {short(e), 2}};
    event.n = n;
    delete[] event.counted;
    event.counted = new float[n + 1];
    for (int k = 0; k < n; ++k) event.counted[k] = k * f;
    event.hits.assign(e % 4, event.first);
    event.named = {{"e", f}};
    hits = hits0 = event.hits;
    for (AnyHit *one : pointers) delete one;
    pointers.clear();
    for (int k = 0; k < n % 4; ++k) pointers.push_back(new AnyHit{f, k, {short(k)}});
    unsplit.number = e;
    unsplit.values = vf;
    unsplit.first = event.first;
    vector.SetPxPyPzE(e, 1, 2, 3);
    vectors.assign(e % 3, vector);
    clones.Clear();
    whole.Clear();
    for (int k = 0; k < n; ++k) new (clones[k]) TLorentzVector(k, e, 2, 3);
    for (int k = 0; k < e % 3; ++k) new (whole[k]) TLorentzVector(k, e, 2, 3);
    mixed.Clear(); // classes and objects that are stated once and then referred to, by where that was
    first->SetString(Form("first %d", e));
    named->SetNameTitle(Form("named %d", e), "");
    second->SetString(str.c_str());
    for (TObject *one : {(TObject *)first, (TObject *)named, (TObject *)second, (TObject *)first})
      if (e % 4) mixed.Add(one);
    tree.Fill();
  }
  if (entries > 0) tree.BuildIndex("i", "n");
  tree.SetAlias("twice", "2*f");
  tree.GetUserInfo()->Add(new TNamed("who", "somebody"));
  tree.GetUserInfo()->Add(new TParameter<double>("lumi", 3.5));
  tree.AddFriend("other", "other.root"); // which is not there
  if (seed == 4)
    file.WriteTObject(&tree); // flushes nothing: the last baskets are in the header
  else
    tree.Write();
  TH1F histogram("h", "h", 10, 0, 1);
  histogram.Write();
  tree.ResetBranchAddresses();
}
"""

READ = r"""
#include <TBufferFile.h>
#include <TClass.h>
#include <TFile.h>
#include <TLeaf.h>
#include <TLeafC.h>
#include <TTree.h>

namespace any_branch {
inline void add(ULong64_t &sum, const void *bytes, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) sum = (sum ^ static_cast<const unsigned char *>(bytes)[i]) * 0x100000001b3;
}
// A checksum of what ROOT reads of a branch, for each entry.
std::vector<ULong64_t> sums(const char *path, const char *name, const char *wanted) {
  TFile file(path);
  auto *tree = file.Get<TTree>(name);
  auto *branch = static_cast<TBranch *>(tree->GetListOfBranches()->FindObject(wanted));
  std::vector<ULong64_t> found;
  TClass *kind = nullptr;
  EDataType type;
  branch->GetExpectedType(kind, type);
  void *object = nullptr;
  if (kind) branch->SetAddress(&object);
  for (Long64_t e = 0; e < tree->GetEntries(); ++e) {
    ULong64_t sum = 0xcbf29ce484222325;
    if (branch->GetEntry(e) < 0) add(sum, "error", 5);
    if (kind) {
      TBufferFile buffer(TBuffer::kWrite);
      kind->Streamer(object, buffer);
      add(sum, buffer.Buffer(), buffer.Length());
    }
    for (int i = 0; !kind && i < branch->GetListOfLeaves()->GetEntries(); ++i) {
      auto *leaf = static_cast<TLeaf *>(branch->GetListOfLeaves()->At(i));
      const auto *value = static_cast<const char *>(leaf->GetValuePointer());
      add(sum, value, leaf->IsA() == TLeafC::Class() ? strlen(value) : leaf->GetLen() * leaf->GetLenType());
    }
    found.push_back(sum);
  }
  return found;
}
std::vector<std::string> branches(const char *path, const char *name) {
  std::vector<std::string> found;
  TFile file(path);
  for (auto *branch : *file.Get<TTree>(name)->GetListOfBranches()) found.push_back(branch->GetName());
  return found;
}
} // namespace any_branch
"""
_declared: list[bool] = []


def reader() -> Any:
    root = cpp.load_root()
    if not _declared:
        cpp.declare(READ, "helpers of tests")
        _declared.append(True)
    return root.any_branch


def branches(path: Path, tree: str = "events") -> list[str]:
    """Return the names of all columns."""
    return [str(name) for name in reader().branches(str(path), tree)]


def sums(path: Path, branch: str, tree: str = "events") -> NDArray[np.uint64]:
    """Return a checksum of what ROOT reads of a column, for each entry."""
    return np.array(list(reader().sums(str(path), tree, branch)), np.uint64)


def main() -> None:
    root = cpp.load_root()
    if sys.argv[1].endswith(".root"):
        path = Path(sys.argv[1])
        np.savez(sys.argv[2], **{name: sums(path, name) for name in branches(path)})
        return
    os.chdir(sys.argv[1])
    Path("any.C").write_text(CODE)
    assert root.gROOT.LoadMacro("any.C++g") == 0
    root.any_friend()
    for number, (name, entries) in enumerate(ENTRIES.items(), start=1):
        root.any_file(name, number, entries, 10 * number**2, number % 2 == 0, 1500 if number == 2 else 32000)
    Path("other.root").unlink()  # a friend that is recorded, and gone


if __name__ == "__main__":
    main()
