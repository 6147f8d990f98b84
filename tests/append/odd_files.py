"""Files with every kind of branch that people write, made by ROOT in a process of its own.

usage: python -m tests.append.odd_files FOLDER

The classes in them are unknown to whoever reads the files, as those of experiments are.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rdfplugins import cpp

ENTRIES = 5000
COMPRESSIONS = {"none": 0, "zlib": 101, "lzma": 207, "lz4": 404, "zstd": 505}

CODE = r"""
#include <Riostream.h>
#include <ROOT/RVec.hxx>
#include <TClonesArray.h>
#include <TFile.h>
#include <TGraph.h>
#include <TH1F.h>
#include <TLorentzVector.h>
#include <TNamed.h>
#include <TNtuple.h>
#include <TObjString.h>
#include <TParameter.h>
#include <TProfile.h>
#include <TRandom3.h>
#include <TTree.h>
#include <map>
#include <string>
#include <vector>

#ifdef __CLING__
#pragma link C++ class OddHit + ;
#pragma link C++ class std::vector < OddHit> + ;
#pragma link C++ class OddBase + ;
#pragma link C++ class OddEvent + ;
#pragma link C++ class std::vector < std::vector < int>> + ;
#pragma link C++ function odd_file;
#endif

struct OddHit {
  float x = 0;
  int id = 0;
  std::vector<short> adc;
};
class OddBase {
public:
  virtual ~OddBase() = default;
  double base = 0;
};
class OddEvent : public OddBase {
public:
  int number = 0;
  std::vector<OddHit> hits;
  std::map<std::string, float> named;
  double fixed[3] = {0, 0, 0};
  OddHit first;
};

void odd_other() {
  TFile file("other.root", "RECREATE");
  TTree tree("other", "o");
  int q = 1;
  tree.Branch("q", &q);
  for (int e = 0; e < 5000; ++e) tree.Fill();
  tree.Write();
}

void odd_fill(TDirectory *in, const char *name, int entries, bool autosave, int flush) {
  in->cd();
  auto *tree = new TTree(name, "odd");
  tree->SetAutoFlush(flush);
  bool flag;
  char letter;
  unsigned char uletter;
  short s;
  unsigned short us;
  int i;
  unsigned int ui;
  Long64_t l;
  ULong64_t ul;
  float f;
  double d;
  float fixed[4];
  int matrix[2][3];
  int n;
  float counted[10];
  double counted2[10][2];
  char text[32];
  struct {
    float a;
    int b;
    double c;
  } list;
  Double32_t d32;
  Float16_t f16;
  std::vector<float> vf;
  std::vector<std::vector<int>> vvi;
  std::vector<bool> vb;
  std::vector<std::string> vs;
  std::string str;
  TString tstr;
  OddEvent event;
  OddEvent unsplit;
  TLorentzVector vector;
  TClonesArray clones("TLorentzVector", 10);
  ROOT::RVec<double> rvec;
  tree->Branch("flag", &flag, "flag/O");
  tree->Branch("letter", &letter, "letter/B");
  tree->Branch("uletter", &uletter, "uletter/b");
  tree->Branch("s", &s, "s/S");
  tree->Branch("us", &us, "us/s");
  tree->Branch("i", &i, "i/I");
  tree->Branch("ui", &ui, "ui/i");
  tree->Branch("l", &l, "l/L");
  tree->Branch("ul", &ul, "ul/l");
  tree->Branch("f", &f, "f/F");
  tree->Branch("d", &d, "d/D");
  tree->Branch("d32", &d32, "d32/d[0,100,16]");
  tree->Branch("f16", &f16, "f16/f");
  tree->Branch("fixed", fixed, "fixed[4]/F");
  tree->Branch("matrix", matrix, "matrix[2][3]/I");
  tree->Branch("n", &n, "n/I");
  tree->Branch("counted", counted, "counted[n]/F");
  tree->Branch("counted2", counted2, "counted2[n][2]/D");
  tree->Branch("text", text, "text/C");
  tree->Branch("list", &list, "a/F:b/I:c/D");
  tree->Branch("vf", &vf);
  tree->Branch("vvi", &vvi);
  tree->Branch("vb", &vb);
  tree->Branch("vs", &vs);
  tree->Branch("rvec", &rvec);
  tree->Branch("str", &str);
  tree->Branch("tstr", &tstr);
  tree->Branch("event.", &event);
  tree->Branch("unsplit", &unsplit, 32000, 0);
  tree->Branch("vector", &vector);
  tree->Branch("clones", &clones);
  tree->Branch("weird-name x", &f, "weird-name x/F");
  TRandom3 r(7);
  for (int e = 0; e < entries; ++e) {
    flag = e % 3 == 0;
    letter = e;
    uletter = e;
    s = -e;
    us = e;
    i = -7 * e;
    ui = 4000000000u - e;
    l = -(1LL << 60) + e;
    ul = (1ULL << 63) + e;
    f = r.Gaus();
    d = e % 50 ? r.Gaus() : std::numeric_limits<double>::quiet_NaN();
    d32 = e % 100;
    f16 = r.Uniform();
    n = e % 10;
    str.assign(e % 40, 'a' + e % 26);
    tstr = str.c_str();
    snprintf(text, sizeof text, "entry %d", e);
    for (int k = 0; k < 4; ++k) fixed[k] = e + k;
    for (int k = 0; k < 6; ++k) matrix[k / 3][k % 3] = e * k;
    for (int k = 0; k < n; ++k) {
      counted[k] = r.Uniform();
      counted2[k][0] = k;
      counted2[k][1] = e;
    }
    list = {float(e), e, e / 3.};
    vf.assign(e % 5, e);
    vvi.assign(e % 3, std::vector<int>(e % 4, e));
    vb.assign(e % 6, e % 2);
    vs.assign(e % 3, str);
    rvec.assign(e % 4, e);
    event.base = e;
    event.number = e;
    event.hits.assign(e % 4, OddHit{float(e), e, {short(e), 2}});
    event.named = {{"a", float(e)}};
    event.fixed[1] = e;
    unsplit = event;
    vector.SetPxPyPzE(e, 1, 2, 3);
    clones.Clear();
    for (int k = 0; k < e % 3; ++k) new (clones[k]) TLorentzVector(k, e, 2, 3);
    tree->Fill();
    if (autosave && e == entries / 2) tree->AutoSave();
  }
  if (entries > 0) tree->BuildIndex("i", "n");
  tree->SetAlias("twice", "2*f");
  tree->GetUserInfo()->Add(new TNamed("who", "somebody"));
  tree->GetUserInfo()->Add(new TParameter<double>("lumi", 3.5));
  tree->AddFriend("other", "other.root");
  tree->Write("", TObject::kOverwrite * !autosave);
  tree->ResetBranchAddresses();
  delete tree;
}

void odd_file(const char *path, int compression, int entries, bool autosave, int flush) {
  odd_other();
  TFile file(path, "RECREATE", "somebody's", compression);
  TH1F before("before", "h", 10, 0, 1);
  before.Fill(0.5);
  before.Write();
  before.Write();
  odd_fill(&file, "events", entries, autosave, flush);
  TDirectory *folder = file.mkdir("folder")->mkdir("inner");
  odd_fill(folder, "events", 100, false, flush);
  folder->cd();
  TProfile profile("profile", "p", 10, 0, 1);
  profile.Fill(0.5, 2);
  profile.Write();
  TGraph graph(3);
  graph.Write("graph");
  file.cd();
  TNtuple ntuple("ntuple", "n", "x:y:z");
  for (int e = 0; e < 1000; ++e) ntuple.Fill(e, 2 * e, 3 * e);
  ntuple.Write();
  TTree plain("no_branches", "b");
  plain.SetEntries(10);
  plain.Write();
  TTree zero("no_entries", "z");
  float x;
  zero.Branch("x", &x);
  zero.Write();
  TTree odd_name("odd name: a.b (1)", "o");
  odd_name.Branch("x", &x);
  for (int e = 0; e < 10; ++e) {
    x = e;
    odd_name.Fill();
  }
  odd_name.Write();
  TObjString("text").Write("behind");
  TNamed("named", "n").Write();
  OddEvent alone;
  file.WriteObject(&alone, "alone");
}
"""


def main() -> None:
    root = cpp.load_root()
    os.chdir(sys.argv[1])
    Path("odd.C").write_text(CODE)
    assert root.gROOT.LoadMacro("odd.C++") == 0
    for name, number in COMPRESSIONS.items():
        root.odd_file(f"{name}.root", number, ENTRIES, name == "zlib", {"lz4": 100, "zlib": 0}.get(name, 1000))
    Path("other.root").unlink()  # a friend that is recorded, and gone


if __name__ == "__main__":
    main()
