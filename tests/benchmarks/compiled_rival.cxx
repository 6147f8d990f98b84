// The diphoton chain as a specialist would write it by hand: a compiled RDataFrame program with typed lambdas only.
//
// usage: compiled_rival OUTPUT THREADS XSEC_PB SUM_OF_WEIGHTS INPUT...
//
// Shares no code with the package that it is compared with. Writes the tree `events` and the histograms `cutflow` and
// `cutflow_weighted`, in one event loop.

#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>
#include <TFile.h>
#include <TH1D.h>
#include <TROOT.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using ROOT::RVecB;
using ROOT::RVecF;
using ROOT::RVecI;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kAllCuts = 8;

struct Selection {
  int step = 0; // cuts passed
  int i = -1, j = -1;
  double mass = kNaN;
};

bool IsGood(bool tight, float pt, float eta) {
  const double a = std::fabs(eta);
  return tight && pt > 25000. && a < 2.37 && (a < 1.37 || a > 1.52);
}

Selection Select(bool trigger, const RVecB &tight, const RVecB &matched, const RVecF &pt, const RVecF &eta,
                 const RVecF &phi, const RVecF &ptcone, const RVecF &etcone) {
  Selection s;
  if (!trigger) return s;
  s.step = 1;
  int good = 0;
  int index[2] = {-1, -1};
  for (std::size_t k = 0; k < pt.size(); ++k) {
    if (!IsGood(tight[k], pt[k], eta[k])) continue;
    if (good == 2) return s;
    index[good++] = k;
  }
  if (good != 2) return s;
  if (pt[index[1]] > pt[index[0]]) std::swap(index[0], index[1]);
  const int i = s.i = index[0];
  const int j = s.j = index[1];
  const double deta = double(eta[i]) - eta[j], dphi = double(phi[i]) - phi[j];
  s.mass = std::sqrt(2. * pt[i] * pt[j] * (std::cosh(deta) - std::cos(dphi)));
  s.step = 2;
  if (!(matched[i] && matched[j])) return s;
  s.step = 3;
  if (!(ptcone[i] / pt[i] < 0.065 && ptcone[j] / pt[j] < 0.065)) return s;
  s.step = 4;
  if (!(etcone[i] / pt[i] < 0.065 && etcone[j] / pt[j] < 0.065)) return s;
  s.step = 5;
  if (!(pt[i] / s.mass > 0.35)) return s;
  s.step = 6;
  if (!(pt[j] / s.mass > 0.25)) return s;
  s.step = 7;
  if (s.mass > 105000. && s.mass < 160000.) s.step = kAllCuts;
  return s;
}

struct Stats {
  double min = kNaN, max = kNaN, mean = kNaN, sum = 0., std = kNaN;
};

double Identity(double x) { return x; }
double Theta(double eta) { return 2. * std::atan(std::exp(-eta)); }

template <double (*F)(double) = Identity, typename T> Stats Describe(const ROOT::RVec<T> &values) {
  Stats s;
  if (values.empty()) return s;
  double min = F(values[0]), max = min, sum = 0.;
  for (const T value : values) {
    const double x = F(value);
    if (!std::isfinite(x)) {
      s.sum = kNaN;
      return s;
    }
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
  }
  const double mean = sum / values.size();
  double squares = 0.;
  for (const T value : values) {
    const double d = F(value) - mean;
    squares += d * d;
  }
  return {min, max, mean, sum, std::sqrt(squares / values.size())};
}

struct Jets {
  Stats pt, phi, E, theta, MV2c10;
};

Jets DescribeJets(const RVecF &pt, const RVecF &eta, const RVecF &phi, const RVecF &E, const RVecF &mv2c10) {
  return {Describe(pt), Describe(phi), Describe(E), Describe<Theta>(eta), Describe(mv2c10)};
}

struct Leptons {
  Stats pt, phi, E, theta, charge, z0, ptcone30, etcone20;
};

Leptons DescribeLeptons(const RVecF &pt, const RVecF &eta, const RVecF &phi, const RVecF &E, const RVecI &charge,
                        const RVecF &z0, const RVecF &ptcone, const RVecF &etcone) {
  return {Describe(pt),     Describe(phi), Describe(E),      Describe<Theta>(eta),
          Describe(charge), Describe(z0),  Describe(ptcone), Describe(etcone)};
}

struct Diphoton {
  double pt, y, ptt, cosThetaStar, deta, dphi;
};

Diphoton DescribePair(const Selection &s, const RVecF &pts, const RVecF &etas, const RVecF &phis) {
  const double pt1 = pts[s.i], pt2 = pts[s.j], eta1 = etas[s.i], eta2 = etas[s.j], phi1 = phis[s.i], phi2 = phis[s.j];
  const double x1 = pt1 * std::cos(phi1), y1 = pt1 * std::sin(phi1);
  const double x2 = pt2 * std::cos(phi2), y2 = pt2 * std::sin(phi2);
  const double pt = std::hypot(x1 + x2, y1 + y2);
  const double up = pt1 * std::exp(eta1) + pt2 * std::exp(eta2);
  const double down = pt1 * std::exp(-eta1) + pt2 * std::exp(-eta2);
  const double r = pt / s.mass;
  Diphoton d;
  d.pt = pt;
  d.y = 0.5 * std::log(up / down);
  d.ptt = 2. * std::fabs(x1 * y2 - x2 * y1) / std::hypot(x1 - x2, y1 - y2);
  d.cosThetaStar = std::fabs(std::sinh(eta1 - eta2)) / std::sqrt(1. + r * r) * 2. * pt1 * pt2 / (s.mass * s.mass);
  d.deta = std::fabs(eta1 - eta2);
  d.dphi = std::fabs(std::remainder(phi1 - phi2, 2. * M_PI));
  return d;
}

struct Dijet {
  double mass = kNaN, deta = kNaN;
};

Dijet DescribeDijet(const RVecF &pt, const RVecF &eta, const RVecF &phi, const RVecF &E) {
  if (pt.size() < 2) return {};
  std::size_t i = 0, j = 1;
  if (pt[1] > pt[0]) std::swap(i, j);
  for (std::size_t k = 2; k < pt.size(); ++k) {
    if (pt[k] > pt[i]) {
      j = i;
      i = k;
    } else if (pt[k] > pt[j]) {
      j = k;
    }
  }
  const double pti = pt[i], ptj = pt[j], etai = eta[i], etaj = eta[j], phii = phi[i], phij = phi[j];
  const double px = pti * std::cos(phii) + ptj * std::cos(phij);
  const double py = pti * std::sin(phii) + ptj * std::sin(phij);
  const double pz = pti * std::sinh(etai) + ptj * std::sinh(etaj);
  const double e = double(E[i]) + E[j];
  const double m2 = e * e - (px * px + py * py + pz * pz);
  return {m2 > 0. ? std::sqrt(m2) : 0., std::fabs(etai - etaj)};
}

const std::pair<const char *, double Stats::*> kStatistics[] = {
    {"min", &Stats::min}, {"max", &Stats::max}, {"mean", &Stats::mean}, {"sum", &Stats::sum}, {"std", &Stats::std}};

template <typename Collection, std::size_t N>
ROOT::RDF::RNode DefineStats(ROOT::RDF::RNode df, const std::string &prefix, const std::string &from,
                             const std::pair<const char *, Stats Collection::*> (&quantities)[N],
                             std::vector<std::string> &columns) {
  for (const auto &quantity : quantities) {
    for (const auto &statistic : kStatistics) {
      columns.push_back(prefix + "_" + quantity.first + "_" + statistic.first);
      df = df.Define(
          columns.back(),
          [q = quantity.second, s = statistic.second](const Collection &collection) { return collection.*q.*s; },
          {from});
    }
  }
  return df;
}

ROOT::RDF::RNode DefinePhotons(ROOT::RDF::RNode df, std::vector<std::string> &columns) {
  for (const std::string quantity : {"pt", "eta", "phi", "E", "etcone20", "ptcone30"}) {
    columns.push_back("photon_1lead_" + quantity);
    df = df.Define(columns.back(), [](const Selection &s, const RVecF &v) { return v[s.i]; },
                   {"selection", "photon_" + quantity});
    columns.push_back("photon_2lead_" + quantity);
    df = df.Define(columns.back(), [](const Selection &s, const RVecF &v) { return v[s.j]; },
                   {"selection", "photon_" + quantity});
  }
  return df;
}

ROOT::RDF::RNode DefineFeatures(ROOT::RDF::RNode df, std::vector<std::string> &columns) {
  df = DefinePhotons(df, columns)
           .Define("h_mass", [](const Selection &s) { return s.mass; }, {"selection"})
           .Define("m_yy", [](const Selection &s) { return s.mass / 1000.; }, {"selection"})
           .Define("diphoton", DescribePair, {"selection", "photon_pt", "photon_eta", "photon_phi"})
           .Define("dijet", DescribeDijet, {"jet_pt", "jet_eta", "jet_phi", "jet_E"})
           .Define("jets", DescribeJets, {"jet_pt", "jet_eta", "jet_phi", "jet_E", "jet_MV2c10"})
           .Define("leptons", DescribeLeptons,
                   {"lep_pt", "lep_eta", "lep_phi", "lep_E", "lep_charge", "lep_z0", "lep_ptcone30", "lep_etcone20"})
           .Define("m_jj", [](const Dijet &d) { return d.mass; }, {"dijet"})
           .Define("deta_jj", [](const Dijet &d) { return d.deta; }, {"dijet"});
  columns.insert(columns.end(), {"h_mass", "m_yy", "m_jj", "deta_jj"});
  const std::pair<const char *, double Diphoton::*> pair[] = {
      {"pt_yy", &Diphoton::pt},     {"y_yy", &Diphoton::y},       {"ptt_yy", &Diphoton::ptt},
      {"deta_yy", &Diphoton::deta}, {"dphi_yy", &Diphoton::dphi}, {"cos_theta_star", &Diphoton::cosThetaStar}};
  for (const auto &member : pair) {
    columns.push_back(member.first);
    df = df.Define(member.first, [m = member.second](const Diphoton &d) { return d.*m; }, {"diphoton"});
  }
  const std::pair<const char *, Stats Jets::*> jets[] = {
      {"pt", &Jets::pt}, {"phi", &Jets::phi}, {"E", &Jets::E}, {"theta", &Jets::theta}, {"MV2c10", &Jets::MV2c10}};
  const std::pair<const char *, Stats Leptons::*> leptons[] = {{"pt", &Leptons::pt},
                                                               {"phi", &Leptons::phi},
                                                               {"E", &Leptons::E},
                                                               {"theta", &Leptons::theta},
                                                               {"z0", &Leptons::z0},
                                                               {"charge", &Leptons::charge},
                                                               {"ptcone30", &Leptons::ptcone30},
                                                               {"etcone20", &Leptons::etcone20}};
  df = DefineStats(df, "jet", "jets", jets, columns);
  return DefineStats(df, "lep", "leptons", leptons, columns);
}

ROOT::RDF::RNode DefineWeights(ROOT::RDF::RNode df, double norm) {
  const auto all = [norm](float mc, float pileup, float ele, float muon, float photon, float tau, float btag,
                          float lepTrigger, float photonTrigger) {
    return double(mc) * pileup * ele * muon * photon * tau * btag * lepTrigger * photonTrigger * norm;
  };
  const auto df104 = [norm](float mc, float pileup, float photon, float photonTrigger) {
    return double(mc) * pileup * photon * photonTrigger * norm;
  };
  return df
      .Define("weight", all,
              {"mcWeight", "scaleFactor_PILEUP", "scaleFactor_ELE", "scaleFactor_MUON", "scaleFactor_PHOTON",
               "scaleFactor_TAU", "scaleFactor_BTAG", "scaleFactor_LepTRIGGER", "scaleFactor_PhotonTRIGGER"})
      .Define("weight_df104", df104,
              {"mcWeight", "scaleFactor_PILEUP", "scaleFactor_PHOTON", "scaleFactor_PhotonTRIGGER"});
}

// Bin k of a cutflow: what passed at least k cuts. Bin 1 of the loop's histogram: what passed none.
TH1D Cumulated(const TH1D &steps, const char *name) {
  TH1D cutflow(name, name, kAllCuts + 1, 0., kAllCuts + 1.);
  double sum = 0., variance = 0.;
  for (int bin = kAllCuts + 1; bin >= 1; --bin) {
    sum += steps.GetBinContent(bin);
    variance += steps.GetBinError(bin) * steps.GetBinError(bin);
    cutflow.SetBinContent(bin, sum);
    cutflow.SetBinError(bin, std::sqrt(variance));
  }
  return cutflow;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: %s OUTPUT THREADS XSEC_PB SUM_OF_WEIGHTS INPUT...\n", argv[0]);
    return 2;
  }
  const std::string output = argv[1];
  const int threads = std::atoi(argv[2]);
  const double norm = std::atof(argv[3]) / std::atof(argv[4]);
  const std::vector<std::string> inputs(argv + 5, argv + argc);
  if (threads > 1) ROOT::EnableImplicitMT(threads);

  ROOT::RDataFrame input("mini", inputs);
  auto df = DefineWeights(input, norm)
                .Define("label_id", [] { return 0; })
                .Define("selection", Select,
                        {"trigP", "photon_isTightID", "photon_trigMatched", "photon_pt", "photon_eta", "photon_phi",
                         "photon_ptcone30", "photon_etcone20"})
                .Define("step", [](const Selection &s) { return s.step; }, {"selection"});
  const ROOT::RDF::TH1DModel model("steps", "", kAllCuts + 1, -0.5, kAllCuts + 0.5);
  auto counts = df.Histo1D<int>(model, "step");
  auto weighted = df.Histo1D<int, double>(model, "step", "weight");

  std::vector<std::string> columns{"weight",  "weight_df104", "photon_n",  "jet_n",         "lep_n",   "met_et",
                                   "met_phi", "eventNumber",  "runNumber", "channelNumber", "label_id"};
  auto selected = DefineFeatures(df.Filter([](int step) { return step == kAllCuts; }, {"step"}), columns);
  ROOT::RDF::RSnapshotOptions options;
  options.fLazy = true;
  options.fCompressionAlgorithm = ROOT::RCompressionSetting::EAlgorithm::kZSTD;
  options.fCompressionLevel = 1;
  auto snapshot = selected.Snapshot("events", output, columns, options);
  counts.GetValue();
  snapshot.GetValue();

  TFile file(output.c_str(), "UPDATE");
  const TH1D cutflow = Cumulated(*counts, "cutflow");
  const TH1D cutflow_weighted = Cumulated(*weighted, "cutflow_weighted");
  file.WriteTObject(&cutflow);
  file.WriteTObject(&cutflow_weighted);
  return 0;
}
